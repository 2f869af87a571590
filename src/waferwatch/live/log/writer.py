"""The one writer of the log: rows of all sources, committed together, acknowledged when they are on the disk."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from waferwatch.errors import StorageFullError, TooManyError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.equipment_states import is_down
from waferwatch.live.log.names import Names
from waferwatch.live.log.rows import LiveRow, check_row

GROUP_S = 0.01  # how long rows wait for others to be committed with
GROUP_ROWS = 2000  # with this many they wait no longer
RETRY_S = 5  # after which a source that was refused may try again
_PATIENCE_S = 60.0
_MB = 1_000_000
_log = logging.getLogger("waferwatch.live")


@dataclass(frozen=True)
class Accepted:
    """What became of rows that are on the disk now."""

    position: int  # of the last row in the log
    rows: int  # that are new
    duplicates: int
    late: int


@dataclass(frozen=True)
class LogLimits:
    """When rows are refused."""

    most_mb: int = 20_000  # size of the file
    most_waiting: int = 500_000  # rows that are not scored yet


@dataclass
class _Batch:
    source: str
    rows: Sequence[LiveRow]
    marks: Mapping[str, int]
    ends: str | None = None  # equipment whose series ends here
    done: Future[Accepted] = field(default_factory=Future)


class RowLog:
    """Accepts rows from any number of threads."""

    def __init__(self, database: LiveDatabase, limits: LogLimits | None = None) -> None:
        self._database = database
        self._limits = limits or LogLimits()
        self.waiting: Callable[[], int] = lambda: 0  # how many rows are not scored yet
        self._names = Names()
        self._batches: queue.Queue[_Batch | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="live-log", daemon=True)
        self._queueing = threading.Lock()  # so that no batch comes behind the None that ends the thread
        self._closed = False
        self.position = _last_position(database)  # of the last row that is on the disk
        self.committed = threading.Event()  # set after each commit; whoever waits for rows clears it

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Commit what was handed in, and take nothing more."""
        with self._queueing:
            self._closed = True
            self._batches.put(None)
        if self._thread.is_alive():
            self._thread.join(_PATIENCE_S)

    def accept(self, source: str, rows: Sequence[LiveRow], marks: Mapping[str, int] | None = None) -> Accepted:
        """Keep rows; they are on the disk when this returns, or none of them is.

        Args:
            marks: how far the source has been read, kept with the rows: name -> number.

        Raises:
            InputError: a row cannot be kept.
            TooLargeError: more equipment than are accepted.
            StorageFullError: the disk is full, or the log as large as it may be; what is there is kept.
            TooManyError: too many rows wait to be scored.
        """
        return self.hand_in(source, rows, marks).result()

    def hand_in(self, source: str, rows: Sequence[LiveRow], marks: Mapping[str, int] | None = None) -> Future[Accepted]:
        """As :meth:`accept`, without waiting; errors come with the result, but for those of a row, which are raised."""
        for number, row in enumerate(rows, start=1):
            check_row(row, number)
        batch = _Batch(source, rows, dict(marks or {}))
        if self.waiting() > self._limits.most_waiting:
            batch.done.set_exception(_behind(self.waiting()))
            return batch.done
        return self._queued(batch)

    def end_series(self, source: str, equipment: str) -> None:
        """The next row of an equipment begins a new series, such as behind a maintenance.

        Raises:
            StorageFullError: as :meth:`accept`.
            TooManyError: the server ends.
        """
        self._queued(_Batch(source, (), {}, equipment)).result(_PATIENCE_S)

    def _queued(self, batch: _Batch) -> Future[Accepted]:
        with self._queueing:
            if self._closed:
                batch.done.set_exception(_ending())
            else:
                self._batches.put(batch)
        return batch.done

    def _work(self) -> None:
        while True:
            group = self._next_group()
            if group:
                self._commit([one for one in group if one.done.set_running_or_notify_cancel()])
            elif self._closed and self._batches.empty():
                return

    def _next_group(self) -> list[_Batch]:
        first = self._batches.get()
        if first is None:
            return []
        group, count, until = [first], len(first.rows), time.monotonic() + GROUP_S
        while count < GROUP_ROWS:
            try:
                one = self._batches.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if one is None:
                self._batches.put(None)
                break
            group.append(one)
            count += len(one.rows)
        return group

    def _commit(self, group: list[_Batch]) -> None:
        """All batches in one transaction; one that cannot be kept takes no other with it."""
        kept: list[tuple[_Batch, Accepted]] = []
        failed: list[tuple[_Batch, Exception]] = []
        try:
            with self._database.writing() as connection:
                self._check_size(connection)
                for batch in group:
                    try:
                        kept.append((batch, self._insert_whole(connection, batch)))
                    except sqlite3.Error:
                        raise  # the file is at fault, not the batch
                    except Exception as error:
                        failed.append((batch, error))
                self._names.write_changes(connection)
        except Exception as error:  # whatever it is: the thread goes on, and nobody waits for an answer in vain
            self._names.forget()
            refusal = _not_written(error) if isinstance(error, sqlite3.Error) else error
            for batch in group:
                batch.done.set_exception(refusal)
            return
        for batch, reason in failed:
            batch.done.set_exception(reason)
        self.position = max([self.position, *(accepted.position for _, accepted in kept)])
        for batch, accepted in kept:
            batch.done.set_result(accepted)
        self.committed.set()

    def _insert_whole(self, connection: sqlite3.Connection, batch: _Batch) -> Accepted:
        connection.execute("SAVEPOINT batch")
        try:
            found = self._insert(connection, batch)
        except BaseException:
            connection.execute("ROLLBACK TO batch")
            connection.execute("RELEASE batch")
            self._names.forget()  # those of batches before it in this group as well, which are in the tables already
            raise
        self._names.write_changes(connection)
        connection.execute("RELEASE batch")
        return found

    def _insert(self, connection: sqlite3.Connection, batch: _Batch) -> Accepted:
        now, cursor, counts = time.time(), connection.cursor(), [0, 0, 0]
        position = 0
        if batch.ends is not None:
            known = self._names.equipment(connection, batch.source, batch.ends)
            known.clock.end_series()
            self._names.touch(known)
        for row in sorted(batch.rows, key=lambda one: one.time):
            known = self._names.equipment(connection, batch.source, row.equipment)
            readings = known.packed(row.readings)
            series = known.clock.series_of(row.time, begins=is_down(row.state) != is_down(known.state))
            context = self._names.context(connection, row.context, position or self.position)
            values = (known.id, row.time, row.number(readings), row.named_run, series, context, now, readings)
            self._names.touch(known)
            known.received = now
            if cursor.execute(_INSERT, values).rowcount:
                position = known.position = int(cursor.lastrowid or 0)
                known.clock.take(row.time, series)
                known.state = row.state
                kinds = ("rows", "late") if series is None else ("rows",)
            else:
                kinds = ("duplicates",)
            for kind in kinds:
                known.counts[kind] += 1
                counts[("rows", "late", "duplicates").index(kind)] += 1
        marks = [(batch.source, name, value) for name, value in batch.marks.items()]
        connection.executemany("INSERT OR REPLACE INTO live_marks VALUES (?, ?, ?)", marks)
        return Accepted(position or self.position, counts[0], counts[2], counts[1])

    def _check_size(self, connection: sqlite3.Connection) -> None:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        if (pages - free) * size > self._limits.most_mb * _MB:
            raise StorageFullError(
                "The live data take {limit} MB, which is as much as they may.",
                hint="Raise WAFERWATCH_LIVE_MAX_MB, or keep rows for fewer hours.",
                limit=self._limits.most_mb,
            )


def _last_position(database: LiveDatabase) -> int:
    with database.reading() as connection:
        # Not the highest position in the table: rows that have moved to files are no longer there.
        last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'live_rows'").fetchone()
        return 0 if last is None else int(last[0])


_INSERT = """
INSERT OR IGNORE INTO live_rows (equipment, time, sequence, run, series, context, received, readings)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


def _not_written(error: sqlite3.Error) -> StorageFullError:
    _log.error("live rows could not be written: %s", error)
    return StorageFullError(
        "The live rows could not be written: {reason}.",
        hint="Free some space on the disk of the data folder, then send them again. What was accepted is kept.",
        reason=str(error),
    )


def _behind(waiting: int) -> TooManyError:
    return TooManyError(
        "{waiting} rows wait to be scored, which is as many as may.",
        hint="Send the rows again in {seconds} seconds, or send fewer.",
        seconds=RETRY_S,
        waiting=waiting,
    )


def _ending() -> TooManyError:
    return TooManyError(
        "The server ends and takes no more rows.", hint="Send them again in {seconds} seconds.", seconds=RETRY_S
    )
