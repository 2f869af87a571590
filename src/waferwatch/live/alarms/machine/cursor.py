"""How far the alarms of one equipment are: which rows they have seen, and the last of them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.live.alarms.machine.rows import JudgedRow

REMEMBERED = 256  # positions: a row that comes later than this many others of its equipment counts as seen
LONGEST_PAUSE = np.timedelta64(5, "m")  # between two rows that still counts as watched time

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cursor:
    """What is kept of one equipment between two blocks."""

    window: tuple[JudgedRow | None, ...] = ()  # the last judged rows; None for one that speaks for no new alarm
    positions: Ints = field(default_factory=lambda: np.zeros(0, np.int64))  # of the newest rows seen, ascending
    wafer_position: int = -1  # of the last wafer's last row
    last_us: int | None = None  # time of the last row, in microseconds

    def new(self, positions: Ints) -> Ints:
        """Which of these rows have not been seen, by their place. Rows may come out of order by a little."""
        if not len(self.positions) or positions.min() > self.positions[-1]:
            return np.arange(len(positions))
        fresh = ~np.isin(positions, self.positions)
        if len(self.positions) >= REMEMBERED:
            fresh &= positions > self.positions[0]
        return np.flatnonzero(fresh)

    def seen(self, positions: Ints) -> Self:
        """With more rows seen."""
        newest = np.sort(np.concatenate([self.positions, positions]))[-REMEMBERED:]
        return replace(self, positions=newest)


def read_cursor(connection: sqlite3.Connection, source: str, equipment: str) -> Cursor:
    """What is kept of an equipment; a new one has seen nothing."""
    row = connection.execute(
        "SELECT * FROM alarm_cursors WHERE source = ? AND equipment = ?", (source, equipment)
    ).fetchone()
    if row is None:
        return Cursor()
    window = tuple(None if one is None else JudgedRow.of_plain(one) for one in json.loads(row["window"]))
    positions = np.frombuffer(row["positions"], "<i8").astype(np.int64, copy=False)
    return Cursor(window, positions, row["wafer_position"], row["last_us"])


def keep_cursor(connection: sqlite3.Connection, source: str, equipment: str, cursor: Cursor) -> None:
    """Keep how far an equipment is."""
    window = json.dumps([None if one is None else one.plain() for one in cursor.window], ensure_ascii=False)
    positions = cursor.positions.astype("<i8", copy=False).tobytes()
    connection.execute(
        "INSERT OR REPLACE INTO alarm_cursors (source, equipment, window, positions, wafer_position, last_us)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (source, equipment, window, positions, cursor.wafer_position, cursor.last_us),
    )


def watched_us(times: NDArray[np.datetime64], before_us: int | None) -> Ints:
    """(n,) microseconds that each row has been watched: since the row before it; 0 after a long pause or a step back.

    Args:
        before_us: time of the row before the first one.
    """
    moments = times.astype("datetime64[us]").astype(np.int64)
    first = moments[0] if before_us is None else before_us
    steps = np.diff(moments, prepend=first)
    return np.where((steps > 0) & (steps <= int(LONGEST_PAUSE / np.timedelta64(1, "us"))), steps, 0)
