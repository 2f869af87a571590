"""Uploaded data sets: one folder each, the file as it came beside a JSON that describes it.

The original file name is text inside that JSON and never part of a path. A folder whose name starts with a dot is an
upload or a removal that has not finished; it is cleared away once nothing has been written to it for an hour.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from waferwatch.errors import NotFoundError, WaferwatchError
from waferwatch.read.files import read_table
from waferwatch.read.frames import table_from_frame
from waferwatch.read.generate import generate
from waferwatch.read.limits import Limits
from waferwatch.read.table import Table
from waferwatch.settings import Settings
from waferwatch.store.recent import Recent

DEMO = "demo"
DEMO_ROWS = 20_000
DEMO_SEED = 20
_TABLES_BYTES = 512 * 2**20
_ID = re.compile(r"[0-9a-f]{16}")
_UNFINISHED = re.compile(r"\.(?:incoming|deleted)-[0-9a-f]+")
_ABANDONED_S = 3600.0
_log = logging.getLogger("waferwatch.store")


@dataclass(frozen=True)
class Dataset:
    """What is known of a data set without reading it."""

    id: str
    name: str  # the file name as it was uploaded: text, never a path
    rows: int
    columns: int
    bytes: int  # of the file; 0 for the built-in demo
    created: str  # ISO 8601, UTC
    roles: dict[str, str] = field(default_factory=dict)  # column -> role, in file order
    builtin: bool = False


@dataclass(frozen=True)
class Incoming:
    """An upload on its way: the caller writes ``file``, then calls ``Datasets.keep`` or ``Datasets.discard``."""

    id: str
    folder: Path
    file: Path


class Datasets:
    """The data sets of one data directory. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir / "datasets"
        self._limits = Limits.of(settings)
        self._tables: Recent[str, Table] = Recent(_TABLES_BYTES, table_bytes)
        self._demo_created = datetime.now(UTC).isoformat(timespec="seconds")

    def clean(self) -> None:
        """Make the folder, and remove what interrupted uploads and removals left in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            if _UNFINISHED.fullmatch(path.name) and _is_abandoned(path):
                _log.warning("removing what an interrupted upload or removal left: %s", path.name)
                shutil.rmtree(path, ignore_errors=True)

    def open_incoming(self) -> Incoming:
        """A fresh place for an upload."""
        self.clean()
        token = secrets.token_hex(8)
        folder = self.folder / f".incoming-{token}"
        folder.mkdir()
        return Incoming(token, folder, folder / "data")

    def discard(self, incoming: Incoming) -> None:
        shutil.rmtree(incoming.folder, ignore_errors=True)

    def keep(self, incoming: Incoming, name: str) -> tuple[Dataset, Table]:
        """Read the uploaded file and keep it as a data set.

        Raises:
            InputError: the reader's sentence, when the file is no usable table. Nothing is left behind then.
            TooLargeError: when it has more rows or columns than the settings allow.
        """
        try:
            table = read_table(incoming.file, name=name, limits=self._limits)
            dataset = _describe(incoming.id, name, table, incoming.file.stat().st_size)
            text = json.dumps(asdict(dataset), ensure_ascii=False)
            (incoming.folder / "dataset.json").write_text(text, encoding="utf-8")
            incoming.folder.rename(self.folder / incoming.id)
        except BaseException:
            self.discard(incoming)
            raise
        self._tables.put(dataset.id, table)
        return dataset, table

    def all(self) -> list[Dataset]:
        """The demo first, then the uploads, newest first."""
        uploads = [self._read(path.name) for path in self.folder.iterdir()] if self.folder.is_dir() else []
        kept = [dataset for dataset in uploads if dataset is not None]
        return [self.get(DEMO), *sorted(kept, key=lambda dataset: dataset.created, reverse=True)]

    def get(self, dataset_id: str) -> Dataset:
        """
        Raises:
            NotFoundError: when there is no such data set (any more).
        """
        if dataset_id == DEMO:
            table = self.table(DEMO)
            roles = {column: role.value for column, role in table.roles.items()}
            rows, columns = table.frame.shape
            return Dataset(DEMO, table.name, rows, columns, 0, self._demo_created, roles, builtin=True)
        dataset = self._read(dataset_id)
        if dataset is None:
            raise _not_found(dataset_id)
        return dataset

    def table(self, dataset_id: str) -> Table:
        """The data themselves, read again when they are no longer in memory.

        Raises:
            NotFoundError: when there is no such data set (any more).
        """
        if dataset_id == DEMO:
            return self._tables.get(DEMO, make_demo)
        dataset = self.get(dataset_id)
        return self._tables.get(dataset_id, self._reader(dataset))

    def delete(self, dataset_id: str) -> None:
        """
        Raises:
            NotFoundError: when there is no such upload (any more); the demo cannot be deleted either.
        """
        self.get(dataset_id)
        if dataset_id == DEMO:
            raise NotFoundError(
                "The built-in demo data cannot be deleted.", hint="Only uploaded data sets can be.", field="id"
            )
        gone = self.folder / f".deleted-{secrets.token_hex(8)}"
        try:
            (self.folder / dataset_id).rename(gone)
        except FileNotFoundError:  # somebody else was first
            raise _not_found(dataset_id) from None
        shutil.rmtree(gone, ignore_errors=True)
        self._tables.forget(lambda key, _table: key == dataset_id)

    def writable(self) -> bool:
        """Whether an upload could be stored now."""
        try:
            self.discard(self.open_incoming())
        except OSError:
            return False
        return True

    def _reader(self, dataset: Dataset) -> Callable[[], Table]:
        path = self.folder / dataset.id / "data"
        return lambda: read_table(path, name=dataset.name, limits=self._limits)

    def _read(self, dataset_id: str) -> Dataset | None:
        if not _ID.fullmatch(dataset_id):
            return None
        try:
            return Dataset(**json.loads((self.folder / dataset_id / "dataset.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            _log.exception("the description of data set %s cannot be read", dataset_id)
            return None


def make_demo() -> Table:
    """The built-in demo: three tools of a virtual fab, with labelled faults."""
    return table_from_frame(generate(rows=DEMO_ROWS, equipment=3, seed=DEMO_SEED), name="demo")


def table_bytes(table: Table) -> int:
    """Bytes that the table holds in memory."""
    return int(table.frame.memory_usage(index=False).sum())


def _describe(dataset_id: str, name: str, table: Table, size: int) -> Dataset:
    created = datetime.now(UTC).isoformat(timespec="microseconds")
    roles = {column: role.value for column, role in table.roles.items()}
    rows, columns = table.frame.shape
    return Dataset(dataset_id, name, rows, columns, size, created, roles)


def _not_found(dataset_id: str) -> WaferwatchError:
    return NotFoundError(
        "There is no data set {dataset}.",
        hint="It may have been deleted. Choose one from the list of data sets, or upload the file again.",
        field="dataset",
        dataset=dataset_id[:60],
    )


def _is_abandoned(folder: Path) -> bool:
    """Another process may be writing to it: only one that nobody has touched for long is."""
    touched = [path.stat().st_mtime for path in (folder, *folder.glob("*"))]
    return time.time() - max(touched) > _ABANDONED_S
