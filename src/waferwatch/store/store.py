"""Everything that is kept, in one place."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

from waferwatch.errors import NotFoundError
from waferwatch.settings import Settings
from waferwatch.store.audit import Audit
from waferwatch.store.database.connection import Database, unwritable
from waferwatch.store.datasets import Datasets
from waferwatch.store.disk import folders
from waferwatch.store.marks import Marks
from waferwatch.store.monitors.monitors import Monitors
from waferwatch.store.problems.problems import Problems
from waferwatch.store.results import Results
from waferwatch.store.runs import Runs
from waferwatch.store.sessions import EndedSessions
from waferwatch.store.upkeep.retention import expired_runs, runs_pending, runs_with_result
from waferwatch.store.verdicts import Verdicts

_SETTLE_S = 600.0
_DATABASE_FILES = "waferwatch.sqlite3*"
_log = logging.getLogger("waferwatch.store")


@dataclass
class Store:
    """The parts of one store: rows in the database, files in the data folder."""

    database: Database
    datasets: Datasets
    runs: Runs
    results: Results
    monitors: Monitors
    verdicts: Verdicts
    problems: Problems
    marks: Marks
    audit: Audit
    ended_sessions: EndedSessions
    settings: Settings
    _settle_at: float = field(default=0.0, repr=False)  # on the monotonic clock

    def prepare(self) -> list[str]:
        """Bring the tables to this version, and clear away what an interrupted process left.

        Returns:
            Ids of the runs that were interrupted.

        Raises:
            StoreError: when the database or the data folder cannot be used.
        """
        folders.make_private(self.settings.data_dir)
        self.database.migrate()
        _close_to_others(self.settings.data_dir)
        interrupted = self.runs.end_abandoned()
        try:
            self.sweep()
        except OSError as error:
            raise unwritable(self.results.folder.parent, error.strerror) from error
        return interrupted

    def sweep(self) -> None:
        """Remove what was deleted or abandoned long enough ago, and runs past their days. Quick when there is nothing.

        Folders that a killed process left are looked for every ten minutes.
        """
        self.datasets.clean()
        self.results.clean()
        self.monitors.clean()
        for run_id in expired_runs(self.database, self.settings.keep_runs_days):
            try:
                self.delete_run(run_id)
                _log.info("run %s is older than WAFERWATCH_KEEP_RUNS_DAYS and was deleted", run_id)
            except NotFoundError:  # deleted by somebody else
                continue
        if time.monotonic() >= self._settle_at:
            self._settle_at = time.monotonic() + _SETTLE_S
            self.settle()

    def settle(self) -> None:
        """Put files and database in agreement again, where a killed process left them apart."""
        self.datasets.settle()
        self.monitors.settle()
        folders.settle(
            self.results.folder,
            lambda names: runs_with_result(self.database, names),
            lambda names: runs_pending(self.database, names),
        )

    def delete_run(self, run_id: str) -> None:
        """
        Raises:
            NotFoundError: when there is no such run (any more).
            StorageFullError: when the disk cannot be written.
        """
        self.runs.get(run_id)  # only the name of a run becomes a path
        self.results.delete(run_id)  # first: a run without its result can be deleted again
        self.runs.delete(run_id)

    def close(self) -> None:
        self.database.close()


def open_store(settings: Settings) -> Store:
    """The store that the settings name. Nothing is written before ``prepare``, except for SQLite's own file.

    Raises:
        InputError, MissingExtraError: when the address of the database cannot be used.
    """
    database = Database(settings)
    return Store(
        database,
        Datasets(settings, database),
        Runs(database),
        Results(settings),
        Monitors(settings, database),
        Verdicts(database),
        Problems(database),
        Marks(database),
        Audit(database),
        EndedSessions(database),
        settings,
    )


def _close_to_others(folder: Path) -> None:
    """The database of versions before 0.4.0 could be read by every user of the machine."""
    for path in folder.glob(_DATABASE_FILES):
        with contextlib.suppress(OSError):
            path.chmod(0o600)
