"""The models of versions as files: a folder for each, that appears whole or not at all."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from waferwatch.errors import DamagedError, InputError, ModelError
from waferwatch.scoring.model import ARRAYS, DESCRIPTION, Model, load
from waferwatch.settings import Settings
from waferwatch.store.disk import folders
from waferwatch.store.disk.files import refused, storage_errors, sync
from waferwatch.store.disk.sealed import guarded
from waferwatch.store.recent import Recent

_RECENT_BYTES = 512 * 2**20
_IN_MEMORY = 3  # times the size of its compressed files, about


class ModelFiles:
    """The models of one store. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir / "monitors"
        self._device = settings.device
        self._recent: Recent[str, tuple[Model, int]] = Recent(_RECENT_BYTES, lambda kept: kept[1])

    def clean(self) -> None:
        folders.clean(self.folder)

    def put(self, model: Model) -> str:
        """Write a model under a new id. It is on the disk when this returns, and removed later unless ``confirm``.

        Raises:
            StorageFullError: when the disk is full or cannot be written. Nothing is left behind then.
        """
        version_id = secrets.token_hex(8)
        with folders.whole(self.folder / version_id) as folder:
            _save(model, folder)
        return version_id

    def confirm(self, version_id: str) -> None:
        """The database names the model now."""
        folders.confirm(self.folder / version_id)

    def load(self, version_id: str, digest: str, title: str) -> Model:
        """The model of a version.

        Args:
            digest: that the database has.
            title: of the version, for messages.

        Raises:
            DamagedError: when its files are gone, or are not what was written.
        """
        kept = self._recent.get(version_id, lambda: self._read(version_id, digest, title))
        return kept[0]

    def remove(self, version_id: str) -> None:
        """
        Raises:
            StorageFullError: when the disk cannot be written.
        """
        folders.remove(self.folder / version_id)
        self._recent.forget(lambda key, _kept: key == version_id)

    def _read(self, version_id: str, digest: str, title: str) -> tuple[Model, int]:
        path, damaged = self.folder / version_id, _damaged(title)
        try:
            with guarded(damaged):
                size = sum(file.stat().st_size for file in path.iterdir())
                model = replace(load(path), device=self._device)
        except (ModelError, FileNotFoundError, NotADirectoryError) as error:
            raise damaged from error
        if model.digest != digest:
            raise damaged
        return model, _IN_MEMORY * size


def _save(model: Model, folder: Path) -> None:
    try:
        model.save(folder)
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            raise refused(error.__cause__) from error
        raise
    with storage_errors():
        for name in (ARRAYS, DESCRIPTION):
            sync(folder / name)


def _damaged(title: str) -> DamagedError:
    return DamagedError(
        "The model of {monitor} is missing or damaged on the server.",
        hint="Use another version of the monitor, or learn it again; have the disk of the server checked.",
        field="monitor",
        monitor=title,
    )
