"""Monitors in Python, on the same store as the server and the command line."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from waferwatch.jobs.monitors.learning import LearnWish, learn_version
from waferwatch.jobs.monitors.rebasing import RebaseWish, rebase_version
from waferwatch.jobs.monitors.transfer import export_version, import_version
from waferwatch.models.contract import Progress, no_progress
from waferwatch.monitors.golden.golden_set import GoldenChoice
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.model import Model
from waferwatch.settings import read_settings
from waferwatch.store.monitors.documents import monitor_document, version_document
from waferwatch.store.monitors.records import VersionRecord
from waferwatch.store.store import open_store


class MonitorLibrary:
    """The monitors of one data folder. Use it in a ``with`` block, or call ``close``.

        >>> with waferwatch.MonitorLibrary() as monitors:  # doctest: +SKIP
        ...     monitors.fit("etch-poly", golden, choice=waferwatch.GoldenChoice(leave_out=("L26A001/W01",)))
        ...     found = monitors.load("etch-poly").detect(frame)

    Versions and monitors are returned as plain dictionaries, the same as over HTTP and on the command line.

    Args:
        data_dir: the data folder; None: the one that ``waferwatch serve`` uses.

    Raises:
        InputError, StoreError: when the store cannot be used.
    """

    def __init__(self, data_dir: str | Path | None = None) -> None:
        self._store = open_store(read_settings(data_dir=None if data_dir is None else Path(data_dir)))
        self._store.prepare()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    def all(self) -> list[dict[str, Any]]:
        """Every monitor with its versions, by name."""
        return [monitor_document(one) for one in self._store.monitors.all()]

    def get(self, name: str) -> dict[str, Any]:
        """
        Raises:
            NotFoundError: when there is no such monitor.
        """
        return monitor_document(self._store.monitors.get(name))

    def load(self, name: str, version: int | None = None) -> Model:
        """The model of a version; None: of the one in use.

        Raises:
            NotFoundError, InputError: when there is no such monitor or version, or none is in use.
            DamagedError: when its files are not what was kept.
        """
        title = name if version is None else f"{name}@{version}"
        return self._store.monitors.model(self._store.monitors.version(title))

    def fit(
        self,
        name: str,
        frames: pd.DataFrame | Sequence[pd.DataFrame],
        *,
        roles: Mapping[str, str] | None = None,
        choice: GoldenChoice | None = None,
        activate: bool = False,
        detector: str = "moment",
        checkpoint: str | None = None,
        progress: Progress = no_progress,
    ) -> dict[str, Any]:
        """Learn a monitor, or its next version, from golden rows, and keep it.

        Args:
            frames: with the same columns.
            roles: column -> role, for columns that are not recognised.
            choice: which of the rows are golden; None: all.
            activate: put a later version in use at once.

        Raises:
            InputError, NotFoundError, ModelError, StorageFullError: each says what to do about it; nothing is kept.
        """
        listed = [frames] if isinstance(frames, pd.DataFrame) else list(frames)
        tables = [table_from_frame(one, name=f"frame {at + 1}", roles=roles) for at, one in enumerate(listed)]
        wish = LearnWish(choice or GoldenChoice(), detector, checkpoint, activate=activate)
        return self._document(learn_version(self._store, name, tables, wish, _user(), progress))

    def rebase(self, name: str, frame: pd.DataFrame, *, since: str | None = None, wafers: int = 25) -> dict[str, Any]:
        """Keep the next version of a monitor, at the level of good wafers after a maintenance.

        Raises:
            InputError, NotFoundError, StorageFullError: each says what to do about it; nothing is kept.
        """
        table = self.load(name).table(frame)
        return self._document(rebase_version(self._store, name, table, RebaseWish(since, wafers), _user()))

    def activate(self, name: str, version: int) -> dict[str, Any]:
        """Put a version in use; errors as ``load``."""
        return monitor_document(self._store.monitors.activate(name, version, _user()))

    def roll_back(self, name: str) -> dict[str, Any]:
        """Put the version in use that was so before; errors as ``load``."""
        return monitor_document(self._store.monitors.roll_back(name, _user()))

    def save(self, name: str, path: str | Path, version: int | None = None) -> None:
        """Write a version to one file; errors as ``load``."""
        export_version(self._store, name if version is None else f"{name}@{version}", Path(path))

    def take(self, path: str | Path, name: str | None = None) -> dict[str, Any]:
        """Keep the version that ``save`` wrote, here or elsewhere.

        Raises:
            InputError: when the file is none, or is damaged.
        """
        return self._document(import_version(self._store, Path(path), _user(), name=name))

    def delete(self, name: str) -> None:
        """
        Raises:
            NotFoundError: when there is no such monitor.
        """
        self._store.monitors.delete(name, _user())

    def _document(self, version: VersionRecord) -> dict[str, Any]:
        return version_document(version, self._store.monitors.get(version.monitor))


def load_monitor(name: str, version: int | None = None, *, data_dir: str | Path | None = None) -> Model:
    """The model of a version of a monitor; without a number of the one in use. Errors as ``MonitorLibrary.load``."""
    with MonitorLibrary(data_dir) as monitors:
        return monitors.load(name, version)


def _user() -> str:
    """Who runs this, for the audit log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return "local"
