"""Everything that is kept, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from waferwatch.settings import Settings
from waferwatch.store.audit import Audit
from waferwatch.store.database import Database, unwritable
from waferwatch.store.datasets import Datasets
from waferwatch.store.results import Results
from waferwatch.store.runs import Runs
from waferwatch.store.sessions import EndedSessions
from waferwatch.store.verdicts import Verdicts


@dataclass(frozen=True)
class Store:
    """The parts of one store: rows in the database, files in the data folder."""

    database: Database
    datasets: Datasets
    runs: Runs
    results: Results
    verdicts: Verdicts
    audit: Audit
    ended_sessions: EndedSessions

    def prepare(self) -> list[str]:
        """Bring the tables to this version, and clear away what an interrupted process left.

        Returns:
            Ids of the runs that were interrupted.

        Raises:
            StoreError: when the database or the data folder cannot be used.
        """
        self.database.migrate()
        try:
            self.datasets.clean()
            self.results.clean()
        except OSError as error:
            raise unwritable(self.results.folder.parent, error.strerror) from error
        return self.runs.end_abandoned()

    def delete_run(self, run_id: str) -> None:
        """
        Raises:
            NotFoundError: when there is no such run (any more).
        """
        self.runs.delete(run_id)
        self.results.delete(run_id)

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
        Verdicts(database),
        Audit(database),
        EndedSessions(database),
    )
