"""Old rows move from the database to Parquet files by equipment and day, and these are removed after some days."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import pandas as pd

from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.names import CONTEXT_GRAIN
from waferwatch.live.log.reading import (
    CONTEXT,
    EquipmentRecord,
    equipment_by_id,
    every_equipment,
    logged,
    rows_before,
)
from waferwatch.live.scoring.progress import EARLY, EVERY, SETTLED, WAFERS
from waferwatch.store.disk.files import put

FOLDER = "sealed"
_BATCH = 20_000  # rows that are moved in one transaction
_EVERY_S = 60.0
_HOUR_S, _DAY_S = 3600.0, 86_400.0


@dataclass(frozen=True)
class Keeping:
    """For how long."""

    hours: float  # in the database, once rows are scored
    days: float  # in files; 0: rows are removed without any


class Sealing:
    """Called again and again by one thread: a call moves rows of one equipment, and each has its turn every minute.

    A process that is killed between file and database writes the same file again.

    Args:
        scored: whether an equipment's rows are scored, and have to stay until they are; others wait for nobody.
        every_s: seconds between two rounds.
    """

    def __init__(
        self,
        database: LiveDatabase,
        keeping: Keeping,
        scored: Callable[[EquipmentRecord], bool] = lambda _equipment: True,
        every_s: float = _EVERY_S,
    ) -> None:
        self._database = database
        self._keeping = keeping
        self._scored = scored
        self._every_s = every_s
        self._folder = database.path.parent / FOLDER
        self._next = 0.0
        self._left: list[int] | None = None  # equipment whose turn is still to come in this round; None: it has ended

    def look(self) -> None:
        """Move some rows, if it is time and there are any."""
        if time.monotonic() >= self._next and not self.seal():
            self._next = time.monotonic() + self._every_s
            self._remove_old_files()

    def seal(self) -> int:
        """Move rows of the next equipment that has some, at most ``_BATCH``.

        Returns:
            How many; 0 at the end of a round, when every equipment has had its turn.
        """
        until = time.time() - self._keeping.hours * _HOUR_S
        with self._database.reading() as connection:
            if self._left is None:
                self._left = [one.id for one in reversed(every_equipment(connection))]
            found = self._next_rows(connection, self._left, until)
            if found is None:
                self._left = None
                return 0
            one, rows = found
            frame = _frame(connection, one, rows)
        if self._keeping.days:
            self._write(one, frame)
        with self._database.writing() as connection:
            _remove(connection, [row["position"] for row in rows])
        if len(rows) < _BATCH:
            self._left.pop()
        return len(rows)

    def _next_rows(
        self, connection: sqlite3.Connection, left: list[int], until: float
    ) -> tuple[EquipmentRecord, list[sqlite3.Row]] | None:
        """Rows that came before a moment, of the next equipment that has some."""
        while left:
            (one,) = equipment_by_id(connection, left[-1:])
            last = _scored_up_to(connection, one.id if self._scored(one) else EVERY)
            rows = rows_before(connection, one.id, last, until, _BATCH)
            if rows:
                return one, rows
            left.pop()
        return None

    def _write(self, one: EquipmentRecord, frame: pd.DataFrame) -> None:
        place = self._folder / _name(one.source) / _name(one.name)
        for day, some in frame.groupby(frame["time"].dt.strftime("%Y-%m-%d"), sort=False):
            folder = place / str(day)
            folder.mkdir(parents=True, exist_ok=True)
            content = some.reset_index(drop=True)
            target = folder / f"{int(some['position'].iloc[0]):012d}.parquet"
            put(target, lambda file, content=content: content.to_parquet(file, index=False))  # type: ignore[misc]

    def _remove_old_files(self) -> None:
        limit = time.time() - self._keeping.days * _DAY_S
        for folder in self._folder.glob("*/*/*"):
            if folder.is_dir() and all(one.stat().st_mtime < limit for one in folder.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)


def _scored_up_to(connection: sqlite3.Connection, equipment: int) -> int:
    """Position up to which every stage of scoring that works on an equipment has finished with its rows."""
    query = "SELECT position FROM live_progress WHERE equipment IN (?, ?) AND stage IN (?, ?, ?)"
    every = connection.execute(query, (EVERY, equipment, EARLY, SETTLED, WAFERS)).fetchall()
    # Tracks of early scores are kept seldom; the rows behind one are read again after a restart.
    return min((row["position"] for row in every), default=0)


def _frame(connection: sqlite3.Connection, one: EquipmentRecord, rows: Sequence[sqlite3.Row]) -> pd.DataFrame:
    found = logged(one.id, one.sensors, [{**dict(row), "series": row["series"] or 0} for row in rows])
    columns: dict[str, object] = {
        "position": found.positions,
        "time": found.times.view("datetime64[ns]"),
        "equipment": one.name,
        **{name: found.context[name] for name in CONTEXT},
        "late": found.series == 0,
    }
    frame = pd.DataFrame(columns | {name: found.values[:, at] for at, name in enumerate(one.sensors)})
    query = "SELECT position, early, settled FROM live_scores WHERE position BETWEEN ? AND ?"
    both = (int(found.positions[0]), int(found.positions[-1]))
    scores = {row["position"]: (row["early"], row["settled"]) for row in connection.execute(query, both)}
    for at, name in enumerate(("early_score", "settled_score")):
        values = [scores.get(position, (None, None))[at] for position in found.positions.tolist()]
        frame[name] = np.array(values, np.float64)
    return frame


def sealed_rows(database: LiveDatabase, source: str, equipment: str, start: int, stop: int) -> pd.DataFrame | None:
    """Rows between two times (nanoseconds since 1970) that have moved to files; None where there are none."""
    folder = database.path.parent / FOLDER / _name(source) / _name(equipment)
    days = [str(np.datetime64(at, "ns").astype("datetime64[D]")) for at in (start, stop)]
    files = [one for one in sorted(folder.glob("*/*.parquet")) if days[0] <= one.parent.name <= days[1]]
    if not files:
        return None
    found = pd.concat([pd.read_parquet(one) for one in files], ignore_index=True)
    times = found["time"].astype("datetime64[ns]").astype(np.int64)
    mine = found["equipment"] == equipment  # names that begin alike for long share a folder
    return found[mine & (times >= start) & (times <= stop) & ~found["late"]].drop_duplicates("position")


def _remove(connection: sqlite3.Connection, positions: list[int]) -> None:
    some = [(position,) for position in positions]
    connection.executemany("DELETE FROM live_rows WHERE position = ?", some)
    connection.executemany("DELETE FROM live_scores WHERE position = ?", some)
    oldest = connection.execute("SELECT MIN(position) FROM live_rows").fetchone()[0]
    if oldest is not None:
        connection.execute("DELETE FROM live_contexts WHERE last < ?", (oldest - 2 * CONTEXT_GRAIN,))


def _name(text: str) -> str:
    """A name as that of a folder."""
    return quote(text, safe=" ").replace(".", "%2E")[:200]
