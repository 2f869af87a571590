"""Uploads that could not be read, kept for a while so that their reading can be mended without another upload."""

from __future__ import annotations

import contextlib
import filecmp
import logging
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from waferwatch.errors import NotFoundError, StorageFullError
from waferwatch.read.recipe.option_fields import options_from_json, options_to_json
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.settings import Settings
from waferwatch.store.disk import files, folders
from waferwatch.store.disk.sealed import put_json, read_json
from waferwatch.store.disk.uploads import Incoming

MOST_KEPT = 20
_ID = re.compile(r"[0-9a-f]{16}")
_ABOUT = "about.json"
_log = logging.getLogger("waferwatch.store")


@dataclass(frozen=True)
class RefusedUpload:
    """A file that was uploaded and could not be read."""

    id: str
    name: str
    options: ImportOptions  # by which it was to be read
    recipe: str | None  # that was asked for
    until: str  # when it is removed; ISO 8601, UTC
    file: Path


class RefusedUploads:
    """The refused uploads of one store. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir / "refused"
        self._incoming = settings.data_dir / "datasets"
        self._kept_s = 3600.0 * settings.keep_refused_hours

    def keep(self, incoming: Incoming, name: str, options: ImportOptions, recipe: str | None) -> str | None:
        """Take over the folder of an upload. The same file is kept once, with what was said of it last.

        Returns:
            Its id, or that of the same file that is kept already; None where refused files are not kept, or the disk
            is full.
        """
        if not self._kept_s:
            return None
        about = {"name": name, "options": options_to_json(options), "recipe": recipe, "at": time.time()}
        try:
            folders.make_private(self.folder)
            known = self._same(incoming, name)
            if known is not None:
                put_json(known.file.parent / _ABOUT, about)
                return known.id
            put_json(incoming.folder / _ABOUT, about)
            with files.storage_errors():
                incoming.folder.rename(self.folder / incoming.id)
        except StorageFullError:
            return None
        self.clean()
        return incoming.id

    def has(self, upload_id: str) -> bool:
        """Whether there is such an upload."""
        return bool(_ID.fullmatch(upload_id)) and (self.folder / upload_id / _ABOUT).is_file()

    def all(self) -> list[RefusedUpload]:
        """Every one, the newest first."""
        found = []
        for path in sorted(self.folder.glob("*"), key=_age):
            with contextlib.suppress(NotFoundError):  # taken or removed meanwhile
                found.append(self.get(path.name))
        return found

    def get(self, upload_id: str) -> RefusedUpload:
        """
        Raises:
            NotFoundError: there is no such upload (any more).
        """
        about = self._about(upload_id)
        until = datetime.fromtimestamp(about["at"], UTC) + timedelta(seconds=self._kept_s)
        return RefusedUpload(
            upload_id,
            about["name"],
            options_from_json(about["options"]),
            about["recipe"],
            until.isoformat(timespec="seconds"),
            self.folder / upload_id / "data",
        )

    def take(self, upload_id: str) -> tuple[Incoming, str]:
        """The upload as one on its way, which is no longer kept here, and its name. It keeps its id.

        Raises:
            NotFoundError: there is no such upload (any more).
            StorageFullError: when the disk cannot be written.
        """
        name = self.get(upload_id).name
        folder = self._incoming / f".incoming-{upload_id}"
        try:
            with files.storage_errors():
                (self.folder / upload_id).rename(folder)
                (folder / _ABOUT).unlink()
        except FileNotFoundError as error:  # somebody else has just taken it
            raise _gone(upload_id) from error
        return Incoming(upload_id, folder, folder / "data"), name

    def discard(self, upload_id: str) -> None:
        """Remove the file; nothing happens when it is gone."""
        if _ID.fullmatch(upload_id):
            folders.remove(self.folder / upload_id)

    def clean(self) -> None:
        """Remove what was kept long enough, and the oldest where there are many."""
        if not self.folder.is_dir():
            return
        folders.clean(self.folder)
        kept = sorted((path for path in self.folder.iterdir() if _ID.fullmatch(path.name)), key=_age)
        for path in [*kept[MOST_KEPT:], *(path for path in kept[:MOST_KEPT] if _age(path) > self._kept_s)]:
            with contextlib.suppress(StorageFullError):
                folders.remove(path)

    def _same(self, incoming: Incoming, name: str) -> RefusedUpload | None:
        """A kept upload of the same name and the same bytes."""
        for one in self.all():
            with contextlib.suppress(OSError):  # removed meanwhile
                if one.name == name and filecmp.cmp(one.file, incoming.file, shallow=False):
                    return one
        return None

    def _about(self, upload_id: str) -> dict[str, Any]:
        path = self.folder / upload_id / _ABOUT
        try:
            if not _ID.fullmatch(upload_id):
                raise FileNotFoundError(upload_id)
            return dict(read_json(path))
        except (FileNotFoundError, ValueError, KeyError) as error:
            raise _gone(upload_id) from error


def _age(folder: Path) -> float:
    try:
        return time.time() - (folder / _ABOUT).stat().st_mtime
    except OSError:
        return float("inf")


def _gone(upload_id: str) -> NotFoundError:
    return NotFoundError(
        "There is no uploaded file {upload}.",
        hint="A refused file is kept for a while only. Upload it again.",
        field="upload",
        upload=upload_id[:60],
    )
