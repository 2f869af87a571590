"""Alarms and their audit trail, read and counted."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.live.alarms.alarm import AlarmChange, AlarmRecord, AlarmState

OPEN = (AlarmState.ACTIVE, AlarmState.ACKNOWLEDGED)  # that somebody should see


@dataclass(frozen=True)
class AlarmFilter:
    """Which alarms are asked for; what is left empty asks for all."""

    states: Sequence[AlarmState] = ()
    equipment: Sequence[str] = ()
    since: str = ""  # moments as alarms keep them: opened at or after ...
    until: str = ""  # ... and before
    verdict: str | None = None  # one of VERDICTS; "" = nobody has said
    before: int | None = None  # only older ones than this id

    def clause(self) -> tuple[str, list[object]]:
        """As a WHERE clause with its values."""
        parts, values = ["1"], list[object]()
        for column, wanted in (("state", [one.value for one in self.states]), ("equipment", list(self.equipment))):
            if wanted:
                parts.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values += wanted
        for condition, value in (
            ("opened_at >= ?", self.since or None),
            ("opened_at < ?", self.until or None),
            ("verdict = ?", self.verdict),
            ("id < ?", self.before),
        ):
            if value is not None:
                parts.append(condition)
                values.append(value)
        return " AND ".join(parts), values


def states_of(text: str) -> list[AlarmState]:
    """States as people write them, separated by commas; nothing means all.

    Raises:
        InputError: for one that is none.
    """
    try:
        return [AlarmState(one.strip()) for one in text.split(",") if one.strip()]
    except ValueError:
        raise InputError(
            "Alarms have no state {state}.",
            hint="Choose from: {known}.",
            field="state",
            state=text[:60],
            known=", ".join(AlarmState),
        ) from None


def find_alarms(connection: sqlite3.Connection, wanted: AlarmFilter, limit: int) -> list[AlarmRecord]:
    """The newest first."""
    where, values = wanted.clause()
    rows = connection.execute(f"SELECT * FROM alarms WHERE {where} ORDER BY id DESC LIMIT ?", [*values, limit])
    return [AlarmRecord.of(row) for row in rows]


def read_alarm(connection: sqlite3.Connection, number: int) -> AlarmRecord:
    """
    Raises:
        NotFoundError: there is no such alarm.
    """
    row = connection.execute("SELECT * FROM alarms WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NotFoundError("There is no alarm {number}.", hint="GET /alarms lists them.", field="alarm", number=number)
    return AlarmRecord.of(row)


def counts_by_state(connection: sqlite3.Connection) -> dict[str, int]:
    """How many alarms are in each state."""
    found = connection.execute("SELECT state, count(*) FROM alarms GROUP BY state").fetchall()
    return {state.value: 0 for state in AlarmState} | {row[0]: row[1] for row in found}


def open_severities(connection: sqlite3.Connection) -> dict[tuple[str, str], Counter[ProblemSeverity]]:
    """(source, equipment) -> how many open alarms of each severity it has; equipment without any is left out."""
    query = "SELECT source, equipment, severity, count(*) FROM alarms WHERE state IN (?, ?) GROUP BY 1, 2, 3"
    found: dict[tuple[str, str], Counter[ProblemSeverity]] = {}
    for source, equipment, severity, count in connection.execute(query, OPEN):
        found.setdefault((source, equipment), Counter())[ProblemSeverity(severity)] = count
    return found


def changes_of(connection: sqlite3.Connection, alarm: int) -> list[AlarmChange]:
    """The audit trail of an alarm, oldest first."""
    rows = connection.execute("SELECT * FROM alarm_changes WHERE alarm = ? ORDER BY id", (alarm,))
    return [AlarmChange.of(row) for row in rows]


def changes_after(connection: sqlite3.Connection, number: int, limit: int) -> list[tuple[AlarmChange, AlarmRecord]]:
    """Changes behind one, oldest first, each with its alarm as it is now."""
    rows = connection.execute("SELECT * FROM alarm_changes WHERE id > ? ORDER BY id LIMIT ?", (number, limit))
    changes = [AlarmChange.of(row) for row in rows]
    ids = sorted({one.alarm for one in changes})
    found = connection.execute(f"SELECT * FROM alarms WHERE id IN ({', '.join('?' * len(ids))})", ids)
    alarms = {row["id"]: AlarmRecord.of(row) for row in found}
    return [(one, alarms[one.alarm]) for one in changes]


def last_change(connection: sqlite3.Connection) -> int:
    """Id of the newest change; 0 where there is none."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM alarm_changes").fetchone()[0])
