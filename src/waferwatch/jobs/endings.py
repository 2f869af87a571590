"""How runs ended, until the database has taken it: a run that is over never looks as if it went on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace

from waferwatch.store.database.connection import StoreError
from waferwatch.store.runs import UNFINISHED, Ending, Run, Runs, State

_log = logging.getLogger("waferwatch.jobs")


class Endings:
    """The endings that one process still has to write. Safe to use from several threads."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._unwritten: dict[str, Ending] = {}
        self._lock = threading.Lock()

    def keep(self, run_id: str, ending: Ending) -> None:
        """Write an ending now, or with a later ``retry`` when the database does not take it."""
        self.remember(run_id, ending)
        try:
            self._write(run_id, ending)
        except StoreError as error:
            _log.warning("the end of run %s is written later: %s", run_id, error.message())

    def remember(self, run_id: str, ending: Ending) -> None:
        """Show an ending from now on, and leave the writing to ``retry``."""
        with self._lock:
            self._unwritten[run_id] = ending

    def retry(self) -> list[str]:
        """Write what could not be written before.

        Returns:
            Ids of the runs whose end is written now.

        Raises:
            StoreError: when the database still does not take it; the rest is kept.
        """
        with self._lock:
            waiting = list(self._unwritten.items())
        for run_id, ending in waiting:
            self._write(run_id, ending)
        return [run_id for run_id, _ending in waiting]

    def unwritten(self) -> dict[str, Ending]:
        """Run id -> its ending, of all that are not written now."""
        with self._lock:
            return dict(self._unwritten)

    def shown(self, run: Run, before: Mapping[str, Ending]) -> Run:
        """A run as the database has it, with its ending if that was not written when it was read.

        Args:
            before: ``unwritten()`` from before the database was read: an ending that was written meanwhile is in
                neither the run nor what is unwritten now.
        """
        ending = self.unwritten().get(run.id, before.get(run.id))
        if ending is None or run.state not in UNFINISHED:
            return run
        progress = 1.0 if ending.state is State.DONE else run.progress
        return replace(
            run,
            state=ending.state,
            finished=ending.finished,
            summary=ending.summary,
            error=ending.error,
            progress=progress,
        )

    def _write(self, run_id: str, ending: Ending) -> None:
        self._runs.end(run_id, ending)
        with self._lock:
            if self._unwritten.get(run_id) is ending:
                del self._unwritten[run_id]
