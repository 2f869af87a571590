"""Uploaded data sets: a row in the database, and a folder with the file as it came and the table read from it.

The original file name is text and never part of a path.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from waferwatch.errors import InputError, NotFoundError, WaferwatchError
from waferwatch.read.files import read_table
from waferwatch.read.frames import table_from_frame
from waferwatch.read.generate import generate
from waferwatch.read.limits import Limits
from waferwatch.read.table import Table
from waferwatch.settings import Settings
from waferwatch.store import folders
from waferwatch.store.database import Database, now
from waferwatch.store.recent import Recent
from waferwatch.store.schema import datasets as rows
from waferwatch.store.schema import runs
from waferwatch.store.tables import drop_table, load_table, save_table

DEMO = "demo"
DEMO_ROWS = 20_000
DEMO_SEED = 20
_TABLES_BYTES = 512 * 2**20
_ID = re.compile(r"[0-9a-f]{16}")
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Dataset:
    """What is known of a data set without reading it."""

    id: str
    name: str  # the file name as it was uploaded, or renamed: text, never a path
    rows: int
    columns: int
    bytes: int  # of the file; 0 for the built-in demo
    created: str  # ISO 8601, UTC
    roles: dict[str, str] = field(default_factory=dict)  # column -> role, in file order
    builtin: bool = False
    version: int = 1  # grows with each change of roles: results of different versions differ


@dataclass(frozen=True)
class Incoming:
    """An upload on its way: the caller writes ``file``, then calls ``Datasets.keep`` or ``Datasets.discard``."""

    id: str
    folder: Path
    file: Path


class Datasets:
    """The data sets of one store. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.folder = settings.data_dir / "datasets"
        self._database = database
        self._undo = timedelta(minutes=settings.undo_minutes)
        self._limits = Limits.of(settings)
        self._tables: Recent[tuple[str, int], Table] = Recent(_TABLES_BYTES, table_bytes)
        self._demo_created = datetime.now(UTC).isoformat(timespec="seconds")

    def clean(self) -> None:
        """Make the folder, remove what interrupted uploads left in it, and what was deleted long enough ago."""
        folders.clean(self.folder)
        until = (datetime.now(UTC) - self._undo).isoformat(timespec="microseconds")
        with self._database.begin() as connection:
            old = [row.id for row in connection.execute(select(rows.c.id).where(rows.c.deleted < until))]
            connection.execute(rows.delete().where(rows.c.id.in_(old)))
        for dataset_id in old:
            folders.remove(self.folder / dataset_id)

    def open_incoming(self) -> Incoming:
        """A fresh place for an upload."""
        folder = folders.open_unfinished(self.folder)
        return Incoming(folder.name.removeprefix(".incoming-"), folder, folder / "data")

    def discard(self, incoming: Incoming) -> None:
        shutil.rmtree(incoming.folder, ignore_errors=True)

    def keep(self, incoming: Incoming, name: str) -> tuple[Dataset, Table]:
        """Read the uploaded file and keep it as a data set.

        Raises:
            InputError: the reader's sentence, when the file is no usable table. Nothing is left behind then.
            TooLargeError: when it has more rows or columns than the settings allow.
        """
        target = self.folder / incoming.id
        try:
            table = read_table(incoming.file, name=name, limits=self._limits)
            save_table(table, incoming.folder, _table_name(1))
            dataset = _describe(incoming.id, name, table, incoming.file.stat().st_size)
            incoming.folder.rename(target)
            with self._database.begin() as connection:
                connection.execute(rows.insert().values(**_values(dataset), chosen={}))
        except BaseException:
            self.discard(incoming)
            shutil.rmtree(target, ignore_errors=True)
            raise
        self._tables.put((dataset.id, 1), table)
        return dataset, table

    def all(self) -> list[Dataset]:
        """The demo first, then the uploads, newest first."""
        wanted = select(rows).where(rows.c.deleted.is_(None)).order_by(rows.c.created.desc())
        with self._database.read() as connection:
            return [self.get(DEMO), *(_dataset(row) for row in connection.execute(wanted))]

    def get(self, dataset_id: str) -> Dataset:
        """
        Raises:
            NotFoundError: when there is no such data set (any more).
        """
        if dataset_id == DEMO:
            return self._demo()
        return _dataset(self._row(dataset_id))

    def table(self, dataset_id: str, version: int | None = None) -> Table:
        """The data themselves, read again when they are no longer in memory.

        Args:
            version: with the roles that the columns had then; None, or a version that is kept no longer: as they are.

        Raises:
            NotFoundError: when there is no such data set (any more).
        """
        if dataset_id == DEMO:
            return self._tables.get((DEMO, 1), make_demo)
        row = self._row(dataset_id)
        return self._tables.get((dataset_id, version or row.version), self._reader(row, version or row.version))

    def rename(self, dataset_id: str, name: str) -> Dataset:
        """
        Raises:
            InputError: for a name without any letter, or for the demo.
            NotFoundError: when there is no such data set (any more).
        """
        shown = clean_name(name)
        self._change(dataset_id, name=shown)
        self._tables.forget(lambda key, _table: key[0] == dataset_id)  # messages about the data begin with the name
        return self.get(dataset_id)

    def set_roles(self, dataset_id: str, roles: Mapping[str, str | None]) -> tuple[Dataset, Table]:
        """Say what columns are. The file is read anew; what was said of other columns before stays.

        Args:
            roles: column -> role; None takes back what was said of the column.

        Raises:
            InputError: the reader's sentence, when a column cannot have its role. Nothing is changed then.
            NotFoundError: when there is no such data set, column or role.
        """
        if dataset_id == DEMO:
            raise _fixed_demo()
        while True:
            before = self._row(dataset_id)
            chosen = {column: role for column, role in {**before.chosen, **roles}.items() if role is not None}
            file, version = self.folder / dataset_id / "data", before.version + 1
            table = read_table(file, name=before.name, roles=chosen, limits=self._limits)
            found = {column: role.value for column, role in table.roles.items()}
            changes = {"roles": found, "chosen": chosen, "version": version}
            if self._change(dataset_id, rows.c.version == before.version, **changes):
                break  # else somebody else has changed them meanwhile: theirs stay, ours come on top
        self._tables.put((dataset_id, version), table)
        save_table(table, self.folder / dataset_id, _table_name(version))
        self._drop_versions(dataset_id, version)
        return self.get(dataset_id), table

    def chosen_roles(self, dataset_id: str) -> dict[str, str]:
        """The roles that a person has set; the others were found.

        Raises:
            NotFoundError: when there is no such data set (any more).
        """
        return {} if dataset_id == DEMO else dict(self._row(dataset_id).chosen)

    def delete(self, dataset_id: str) -> None:
        """Take a data set out of sight. ``restore`` brings it back until its files are removed.

        Raises:
            NotFoundError: when there is no such upload (any more); the demo cannot be deleted either.
        """
        if dataset_id == DEMO:
            raise NotFoundError(
                "The built-in demo data cannot be deleted.", hint="Only uploaded data sets can be.", field="id"
            )
        self._change(dataset_id, deleted=now())
        self._tables.forget(lambda key, _table: key[0] == dataset_id)

    def restore(self, dataset_id: str) -> Dataset:
        """Bring back a data set that was deleted.

        Raises:
            NotFoundError: when it was not deleted, or too long ago.
        """
        wanted = update(rows).where(rows.c.id == dataset_id, rows.c.deleted.is_not(None)).values(deleted=None)
        with self._database.begin() as connection:
            if not _ID.fullmatch(dataset_id) or connection.execute(wanted).rowcount != 1:
                raise _not_found(dataset_id)
        return self.get(dataset_id)

    def writable(self) -> bool:
        """Whether an upload could be stored now."""
        try:
            self.discard(self.open_incoming())
        except OSError:
            return False
        return True

    def _demo(self) -> Dataset:
        table = self.table(DEMO)
        roles = {column: role.value for column, role in table.roles.items()}
        return Dataset(DEMO, table.name, *table.frame.shape, 0, self._demo_created, roles, builtin=True)

    def _row(self, dataset_id: str) -> Row[Any]:
        if _ID.fullmatch(dataset_id):
            with self._database.read() as connection:
                wanted = select(rows).where(rows.c.id == dataset_id, rows.c.deleted.is_(None))
                row = connection.execute(wanted).one_or_none()
                if row is not None:
                    return row
        raise _not_found(dataset_id)

    def _change(self, dataset_id: str, *conditions: ColumnElement[bool], **values: Any) -> bool:
        """Change what the database says, and tell whether the conditions held."""
        if dataset_id == DEMO:
            raise _fixed_demo()
        self._row(dataset_id)
        wanted = update(rows).where(rows.c.id == dataset_id, rows.c.deleted.is_(None), *conditions).values(**values)
        with self._database.begin() as connection:
            done = connection.execute(wanted).rowcount == 1
        if not done and not conditions:
            raise _not_found(dataset_id)
        return done

    def _drop_versions(self, dataset_id: str, current: int) -> None:
        """Remove the tables of earlier versions that no run was made on."""
        with self._database.read() as connection:
            made = connection.execute(select(runs.c.options).where(runs.c.dataset == dataset_id)).scalars()
            used = {current, *(options.get("version") for options in made)}
        for version in set(range(1, current)) - used:
            drop_table(self.folder / dataset_id, _table_name(version))

    def _reader(self, row: Row[Any], version: int) -> Callable[[], Table]:
        folder = self.folder / row.id

        def read() -> Table:
            known = load_table(folder, _table_name(version), row.name)
            if known is not None:
                return known
            return read_table(folder / "data", name=row.name, roles=dict(row.chosen), limits=self._limits)

        return read


def clean_name(name: str) -> str:
    """A name for people as it is kept: without control characters and excess length.

    Raises:
        InputError: when nothing is left of it.
    """
    shown = "".join(letter for letter in name if letter.isprintable()).strip()[:_LONGEST_NAME]
    if not shown:
        raise InputError("The name is empty.", hint="Give the data set a name.", field="name")
    return shown


def make_demo() -> Table:
    """The built-in demo: three tools of a virtual fab, with labelled faults."""
    return table_from_frame(generate(rows=DEMO_ROWS, equipment=3, seed=DEMO_SEED), name="demo")


def table_bytes(table: Table) -> int:
    """Bytes that the table holds in memory."""
    return int(table.frame.memory_usage(index=False).sum())


def _table_name(version: int) -> str:
    return f"table-{version}"


def _describe(dataset_id: str, name: str, table: Table, size: int) -> Dataset:
    roles = {column: role.value for column, role in table.roles.items()}
    return Dataset(dataset_id, name, *table.frame.shape, size, now(), roles)


def _values(dataset: Dataset) -> dict[str, Any]:
    return {
        name: getattr(dataset, name)
        for name in ("id", "name", "rows", "columns", "bytes", "created", "roles", "version")
    }


def _dataset(row: Row[Any]) -> Dataset:
    return Dataset(
        row.id, row.name, row.rows, row.columns, row.bytes, row.created, dict(row.roles), version=row.version
    )


def _not_found(dataset_id: str) -> WaferwatchError:
    return NotFoundError(
        "There is no data set {dataset}.",
        hint="It may have been deleted. Choose one from the list of data sets, or upload the file again.",
        field="dataset",
        dataset=dataset_id[:60],
    )


def _fixed_demo() -> InputError:
    return InputError("The built-in demo data cannot be changed.", hint="Only uploaded data sets can be.", field="id")
