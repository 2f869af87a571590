"""Replays of data sets that a server plays; each goes on after a restart where it was."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from waferwatch.errors import NotFoundError, WaferwatchError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.writer import RowLog
from waferwatch.live.sources.replay import MARK, ReplaySource
from waferwatch.read.table import Table

_log = logging.getLogger("waferwatch.live")


class ReplayState(StrEnum):
    """How a replay stands."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # by a person
    FAILED = "failed"


@dataclass(frozen=True)
class Replayed:
    """One replay."""

    source: str
    dataset: str
    speed: float
    shift: int  # nanoseconds that are added to the times of its rows
    began: float  # seconds since 1970
    rows: int
    state: ReplayState
    reason: str = ""  # why it failed, as a sentence in JSON
    sent: int = 0


class Replays:
    """How far each is lies in the transaction that keeps its rows, so that none is sent twice or left out.

    Args:
        table: a data set by its id.
    """

    def __init__(self, database: LiveDatabase, log: RowLog, table: Callable[[str], Table]) -> None:
        self._database = database
        self._log = log
        self._table = table
        self._guard = threading.Lock()
        self._running: dict[str, ReplaySource] = {}
        self._watcher = threading.Thread(target=self._watch, name="live-replays", daemon=True)
        self._ended = threading.Event()

    def begin(self) -> None:
        """Go on with what was running when the server ended."""
        for one in self.all():
            if one.state is ReplayState.RUNNING:
                try:
                    self._play(one, self._table(one.dataset))
                except WaferwatchError as error:
                    self._failed(one.source, error)
        self._watcher.start()

    def play(self, source: str, dataset: str, table: Table, speed: float) -> ReplaySource:
        """Begin from the first row, which is now; another replay of the same source ends.

        Raises:
            InputError: the speed cannot be one.
        """
        made = ReplaySource(table, source, speed=speed)
        with self._guard:
            before = self._running.pop(source, None)
        if before is not None:
            before.stop()
        with self._database.writing() as connection:
            values = (source, dataset, speed, made.shift, time.time(), made.rows, ReplayState.RUNNING.value, "")
            connection.execute("INSERT OR REPLACE INTO live_replays VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
            connection.execute("DELETE FROM live_marks WHERE source = ? AND name = ?", (source, MARK))
        self._run(made)
        return made

    def end(self, source: str) -> Replayed:
        """Stop a replay where it is.

        Raises:
            NotFoundError: none is running under this name.
        """
        with self._guard:
            running = self._running.pop(source, None)
        if running is None:
            raise NotFoundError(
                "No replay of {source} is running.", hint="GET /live lists them.", field="source", source=source[:100]
            )
        running.stop()
        self._keep_state(source, ReplayState.STOPPED)
        return next(one for one in self.all() if one.source == source)

    def stop(self) -> None:
        """End all for now: they go on with the next start."""
        self._ended.set()
        with self._guard:
            running, self._running = self._running, {}
        for one in running.values():
            one.stop()

    def all(self) -> list[Replayed]:
        """By the name of their source."""
        with self._database.reading() as connection:
            query = """
            SELECT r.source, r.dataset, r.speed, r.shift, r.began, r.rows, r.state, r.reason, coalesce(m.value, 0)
                FROM live_replays r LEFT JOIN live_marks m ON m.source = r.source AND m.name = ? ORDER BY r.source
            """
            rows = connection.execute(query, (MARK,)).fetchall()
        found = [Replayed(*row) for row in rows]
        return [replace(one, state=ReplayState(one.state)) for one in found]

    def _play(self, one: Replayed, table: Table) -> None:
        self._run(ReplaySource(table, one.source, speed=one.speed, first=one.sent, shift=one.shift))

    def _run(self, made: ReplaySource) -> None:
        with self._guard:
            self._running[made.name] = made
        made.start(self._log)

    def _watch(self) -> None:
        """Note which have come to their end."""
        while not self._ended.wait(0.2):
            with self._guard:
                over = {name: one for name, one in self._running.items() if one.done}
                self._running = {name: one for name, one in self._running.items() if name not in over}
            for name, one in over.items():
                try:
                    if one.failure is None:
                        self._keep_state(name, ReplayState.DONE)
                    else:
                        self._failed(name, one.failure)
                except Exception:
                    _log.exception("the end of the replay %s could not be kept", name)

    def _failed(self, source: str, error: Exception) -> None:
        _log.warning("the replay %s has failed: %s", source, error)
        said = [str(error), {}]
        if isinstance(error, WaferwatchError):
            said = [error.message_template, error.values]
        self._keep_state(source, ReplayState.FAILED, json.dumps(said, default=str))

    def _keep_state(self, source: str, state: ReplayState, reason: str = "") -> None:
        with self._database.writing() as connection:
            query = "UPDATE live_replays SET state = ?, reason = ? WHERE source = ?"
            connection.execute(query, (state.value, reason, source))
