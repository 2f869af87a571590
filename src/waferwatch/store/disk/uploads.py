"""The files of uploaded data sets: a folder for each, with the file as it came and the tables read from it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from waferwatch.errors import DamagedError, NotFoundError, StorageFullError
from waferwatch.read.limits import Limits
from waferwatch.read.recipe.reading import Reading, read_by
from waferwatch.read.table import Table
from waferwatch.settings import Settings
from waferwatch.store.disk import files, folders
from waferwatch.store.disk.sealed import guarded, put_json, read_json
from waferwatch.store.disk.tables import drop_table, has_table, load_table, move_table, save_table

_CHECKSUM = "upload.json"
_log = logging.getLogger("waferwatch.store")


@dataclass(frozen=True)
class Incoming:
    """An upload on its way: the caller writes ``file``, then calls ``Datasets.keep`` or ``Datasets.discard``."""

    id: str
    folder: Path
    file: Path


class Uploads:
    """The files of one store's data sets. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir / "datasets"
        self.limits = Limits.of(settings)

    def open(self) -> Incoming:
        """A fresh place for an upload.

        Raises:
            StorageFullError: when it cannot be made.
        """
        folder = folders.open_unfinished(self.folder)
        files.create_private(folder / "data")
        return Incoming(folder.name.removeprefix(".incoming-"), folder, folder / "data")

    def discard(self, incoming: Incoming) -> None:
        shutil.rmtree(incoming.folder, ignore_errors=True)

    def keep(self, incoming: Incoming, name: str, reading: Reading | None = None) -> Table:
        """Read the uploaded file, and give its folder its place. All is on the disk when this returns.

        Raises:
            InputError, NotFoundError, TooLargeError: as ``read_by``.
            StorageFullError: when the disk is full or cannot be written.
        """
        table = read_by(incoming.file, reading or Reading(), name=name, limits=self.limits)
        with files.storage_errors():
            files.sync(incoming.file)
        put_json(incoming.folder / _CHECKSUM, {"sha256": files.sha256_of(incoming.file)})
        save_table(table, incoming.folder, _table_name(1))
        folders.publish(incoming.folder, self.folder / incoming.id)
        return table

    def confirm(self, dataset_id: str) -> None:
        """The database names the data set now."""
        folders.confirm(self.folder / dataset_id)

    def original(self, dataset_id: str, name: str) -> Path:
        """The file as it was uploaded, after a look at its checksum.

        Raises:
            NotFoundError: when it is gone.
            DamagedError: when it has changed since.
        """
        path = self.folder / dataset_id / "data"
        if not path.is_file():
            raise _gone(name)
        try:
            with guarded(_damaged(name)):
                if read_json(path.with_name(_CHECKSUM))["sha256"] != files.sha256_of(path):
                    raise ValueError("the checksum does not fit the content")
        except FileNotFoundError:  # uploaded before 0.4.0, without a checksum
            pass
        return path

    def read(self, dataset_id: str, name: str, reading: Reading) -> Table:
        """The table as the uploaded file gives it.

        Raises:
            InputError, NotFoundError, DamagedError: as ``read_by`` and ``original``.
        """
        return read_by(self.original(dataset_id, name), reading, name=name, limits=self.limits)

    def has(self, dataset_id: str, version: int) -> bool:
        """Whether the table of this version is kept."""
        return has_table(self.folder / dataset_id, _table_name(version))

    def load(self, dataset_id: str, name: str, version: int, reading: Reading | None) -> Table:
        """The table of one version.

        Args:
            reading: of the current version, which can be read from the uploaded file again.

        Raises:
            NotFoundError: when it is gone.
            DamagedError: when it was damaged, and cannot be read again.
        """
        folder = self.folder / dataset_id
        try:
            table = load_table(folder, _table_name(version), name)
        except DamagedError:
            if reading is None:
                raise
            _log.warning("a table of data set %s is damaged; it is read from the uploaded file again", dataset_id)
            table = None
        if table is not None:
            return table
        if reading is None:
            raise _gone(name)
        table = self.read(dataset_id, name, reading)
        try:
            save_table(table, folder, _table_name(version))
        except (StorageFullError, FileNotFoundError):  # it was read all the same; or the data set is just removed
            _log.warning("the table of data set %s could not be kept", dataset_id)
        return table

    def save(self, dataset_id: str, version: int, table: Table, decide: Callable[[], bool]) -> bool:
        """Keep the table of a new version, if ``decide`` says so once nothing can fail for want of space any more.

        Raises:
            StorageFullError: when the disk is full or cannot be written. ``decide`` is not called then.
        """
        staging = folders.open_unfinished(self.folder)
        try:
            save_table(table, staging, _table_name(version))
            if not decide():
                return False
            move_table(staging, self.folder / dataset_id, _table_name(version))
            return True
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def drop(self, dataset_id: str, version: int) -> None:
        """Remove the table of one version."""
        drop_table(self.folder / dataset_id, _table_name(version))

    def remove(self, dataset_id: str) -> None:
        """Remove all files of a data set."""
        folders.remove(self.folder / dataset_id)


def _table_name(version: int) -> str:
    return f"table-{version}"


def _gone(name: str) -> NotFoundError:
    return NotFoundError(
        "The files of {name} are no longer on the server.",
        hint="Delete this data set and upload the file again.",
        field="dataset",
        name=name,
    )


def _damaged(name: str) -> DamagedError:
    return DamagedError(
        "The uploaded file of {name} is damaged on the server.",
        hint="Upload it again, and have the disk of the server checked.",
        field="dataset",
        name=name,
    )
