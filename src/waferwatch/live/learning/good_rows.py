"""Rows of live equipment that may be learnt from."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.live.alarms.alarm import FALSE_ALARM, AlarmKind
from waferwatch.live.equipment_states import may_alarm
from waferwatch.live.log.reading import LoggedRows

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FaultyRows:
    """Rows of an equipment that somebody has marked as faulty: a wafer, or all between two times."""

    id: int
    equipment: str
    lot: str
    wafer: str  # empty: by time
    start: int | None  # nanoseconds since 1970, as the clock of the rows shows them
    stop: int | None
    note: str
    by: str
    at: float  # seconds since 1970

    def of(self, rows: LoggedRows) -> Mask:
        """(n,) which of these rows it means."""
        if self.wafer:
            found: Mask = rows.context["wafer"] == self.wafer
            return found & (rows.context["lot"] == self.lot) if self.lot else found
        return (rows.times >= (self.start or 0)) & (rows.times <= (self.stop or 0))


def mark_faulty(
    connection: sqlite3.Connection,
    equipment: str,
    by: str,
    *,
    lot: str = "",
    wafer: str = "",
    start: int | None = None,
    stop: int | None = None,
    note: str = "",
) -> FaultyRows:
    """Keep rows out of everything that is learnt from now on.

    Raises:
        InputError: neither a wafer nor a period is named.
    """
    if not wafer and (start is None or stop is None or start > stop):
        raise InputError(
            "Nothing says which rows of {equipment} are faulty.",
            hint="Name a wafer, or a time from which and one until which.",
            field="wafer",
            equipment=equipment,
        )
    at = time.time()
    values = (equipment, lot, wafer, start, stop, note, by, at)
    made = connection.execute(
        "INSERT INTO live_faulty (equipment, lot, wafer, start, stop, note, by, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    return FaultyRows(int(made.lastrowid or 0), *values)


def faulty_rows(connection: sqlite3.Connection, equipment: str | None = None) -> list[FaultyRows]:
    """What was marked, the newest first.

    Args:
        equipment: None: of all.
    """
    query = "SELECT id, equipment, lot, wafer, start, stop, note, by, at FROM live_faulty"
    rows = connection.execute(f"{query} WHERE ? IS NULL OR equipment = ? ORDER BY id DESC", (equipment, equipment))
    return [FaultyRows(*row) for row in rows]


def unmark_faulty(connection: sqlite3.Connection, number: int) -> bool:
    """Whether there was such a mark."""
    return connection.execute("DELETE FROM live_faulty WHERE id = ?", (number,)).rowcount > 0


def good_rows(connection: sqlite3.Connection, equipment: str, rows: LoggedRows) -> Mask:
    """(n,) rows that are productive, that no alarm was raised for, and that nobody has marked as faulty.

    Of an alarm all rows from its first to its last one count, and all that come while it goes on; not where a person
    has called it false. Alarms that were only suppressed, as after a maintenance, leave nothing out.
    """
    found = np.array([may_alarm(state) for state in rows.context["state"].tolist()], np.bool_)
    for start, stop in _alarms(connection, equipment):
        found &= ~((rows.times >= start) & (rows.times <= stop))
    for one in faulty_rows(connection, equipment):
        found &= ~one.of(rows)
    return found


def _alarms(connection: sqlite3.Connection, equipment: str) -> list[tuple[int, int]]:
    """First and last nanosecond of each."""
    query = """
    SELECT started, last_seen, rows_on OR wafers_on AS goes_on FROM alarms
        WHERE equipment = ? AND raised_at <> '' AND kind <> ? AND verdict <> ?
    """
    rows = connection.execute(query, (equipment, AlarmKind.SILENCE.value, FALSE_ALARM)).fetchall()
    ever = np.iinfo(np.int64).max
    return [(_ns(row["started"]), ever if row["goes_on"] else _ns(row["last_seen"])) for row in rows]


def _ns(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))
