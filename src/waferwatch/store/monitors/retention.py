"""What becomes of deleted monitors, and of files that a killed process left."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, Connection, select, update

from waferwatch.settings import Settings
from waferwatch.store.database.connection import Database
from waferwatch.store.database.schema import golden_sets, monitor_versions
from waferwatch.store.database.schema import monitors as rows
from waferwatch.store.disk import folders
from waferwatch.store.monitors.golden_files import GoldenFiles
from waferwatch.store.monitors.model_files import ModelFiles

_REMOVED = ""  # in place of when it was deleted: before every moment


class MonitorRetention:
    """Removes the files and rows of monitors that were deleted long enough ago."""

    def __init__(self, settings: Settings, database: Database, models: ModelFiles, golden: GoldenFiles) -> None:
        self._database, self._models, self._golden = database, models, golden
        self._undo = timedelta(minutes=settings.undo_minutes)

    def clean(self) -> None:
        """Make the folders, and remove what was deleted or left unfinished long enough ago."""
        self._models.clean()
        self._golden.clean()
        with self._database.read() as connection:
            old = list(connection.execute(select(rows.c.id).where(rows.c.deleted < self._until())).scalars())
        for monitor_id in old:
            self._purge(monitor_id)

    def settle(self) -> None:
        """Confirm folders that the database names, and remove those that no row will ever name."""
        folders.settle(
            self._models.folder, lambda names: self._listed(monitor_versions.c.id, names), lambda _names: set()
        )
        folders.settle(self._golden.folder, lambda names: self._listed(golden_sets.c.id, names), lambda _names: set())

    def restore(self, connection: Connection, name: str) -> bool:
        """Bring back the monitor of this name that was deleted last; False when there is none."""
        if "\0" in name:
            return False
        until = self._until()
        gone = select(rows.c.id).where(rows.c.name == name, rows.c.deleted >= until)
        found = connection.execute(gone.order_by(rows.c.deleted.desc()).limit(1)).scalar_one_or_none()
        if found is None:
            return False
        mine = update(rows).where(rows.c.id == found, rows.c.deleted >= until)
        return connection.execute(mine.values(deleted=None)).rowcount > 0

    def _purge(self, monitor_id: str) -> None:
        """Files first: a row without files is found again, files without a row are not."""
        if not self._claim(monitor_id):
            return
        mine = monitor_versions.c.monitor == monitor_id
        with self._database.read() as connection:
            versions = list(connection.execute(select(monitor_versions.c.id).where(mine)).scalars())
            golden = self._only_of(connection, monitor_id)
        for version_id in versions:
            self._models.remove(version_id)
        for golden_id in golden:
            self._golden.remove(golden_id)
        with self._database.begin() as connection:
            connection.execute(monitor_versions.delete().where(mine))
            connection.execute(golden_sets.delete().where(golden_sets.c.id.in_(golden)))
            connection.execute(rows.delete().where(rows.c.id == monitor_id, rows.c.deleted.is_not(None)))

    def _claim(self, monitor_id: str) -> bool:
        """Whether it is still to be removed. It cannot be brought back from now on."""
        mine = update(rows).where(rows.c.id == monitor_id, rows.c.deleted < self._until())
        with self._database.begin() as connection:
            return connection.execute(mine.values(deleted=_REMOVED)).rowcount > 0

    def _only_of(self, connection: Connection, monitor_id: str) -> list[str]:
        """Ids of the golden sets that no other monitor has."""
        table = monitor_versions
        wanted = select(table.c.golden).where(table.c.golden.is_not(None))
        mine = set(connection.execute(wanted.where(table.c.monitor == monitor_id)).scalars())
        others = set(connection.execute(wanted.where(table.c.monitor != monitor_id)).scalars())
        return sorted(mine - others)

    def _listed(self, column: Column[str], names: list[str]) -> Set[str]:
        with self._database.read() as connection:
            return set(connection.execute(select(column).where(column.in_(names))).scalars())

    def _until(self) -> str:
        """What was deleted before this moment cannot be brought back any more."""
        return (datetime.now(UTC) - self._undo).isoformat(timespec="microseconds")
