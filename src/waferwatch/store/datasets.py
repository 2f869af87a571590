"""Uploaded data sets: a row in the database, and a folder with the file as it came and the table read from it.

The original file name is text and never part of a path.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from waferwatch.errors import InputError, NotFoundError, WaferwatchError
from waferwatch.read.preview import is_mendable
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.recipe.reading import Reading
from waferwatch.read.recipe.recipe import NO_RECIPE
from waferwatch.read.table import Note, Table
from waferwatch.settings import Settings
from waferwatch.store.database.connection import Database, now
from waferwatch.store.database.schema import datasets as rows
from waferwatch.store.database.schema import marks, runs
from waferwatch.store.demo import make_demo
from waferwatch.store.disk import files, folders
from waferwatch.store.disk.uploads import Incoming, Uploads
from waferwatch.store.imports.chosen import ChosenOptions, chosen_from_json, chosen_of
from waferwatch.store.imports.recipes import Recipes, reading_for
from waferwatch.store.imports.refused import RefusedUploads
from waferwatch.store.recent import Recent

DEMO = "demo"
_TABLES_BYTES = 512 * 2**20
_ID = re.compile(r"[0-9a-f]{16}")
_LONGEST_NAME = 200
_FRESH = timedelta(hours=1)  # a data set younger than this may still be on its way to the disk
_log = logging.getLogger("waferwatch.store")


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


class Datasets:
    """The data sets of one store. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._uploads = Uploads(settings)
        self.folder = self._uploads.folder
        self.limits = self._uploads.limits  # how large a file may be
        self.recipes = Recipes(settings.data_dir)
        self.refused = RefusedUploads(settings)
        self._database = database
        self._undo = timedelta(minutes=settings.undo_minutes)
        self._tables: Recent[tuple[str, int], Table] = Recent(_TABLES_BYTES, Table.bytes_held)
        self._demo_created = datetime.now(UTC).isoformat(timespec="seconds")

    def clean(self) -> None:
        """Make the folder, remove what interrupted uploads left in it, and what was deleted long enough ago."""
        folders.clean(self.folder)
        self.refused.clean()
        until = self._undo_until()
        with self._database.read() as connection:
            old = [row.id for row in connection.execute(select(rows.c.id).where(rows.c.deleted < until))]
        for dataset_id in old:  # the files first: a row without files is found again, files without a row are not
            self._uploads.remove(dataset_id)
        if old:
            with self._database.begin() as connection:
                connection.execute(rows.delete().where(rows.c.id.in_(old), rows.c.deleted < until))
                kept = select(rows.c.id)
                connection.execute(marks.delete().where(marks.c.dataset.in_(old), marks.c.dataset.not_in(kept)))

    def settle(self) -> None:
        """Find folders that no row names and rows whose folder is gone, as a killed server or a lost disk leaves them.

        A row without its folder is deleted as ``delete`` does it. When not one folder is there, none is: another disk
        is then more likely than that all are lost.
        """
        folders.settle(self.folder, self._listed, lambda _names: set())
        before = (datetime.now(UTC) - _FRESH).isoformat(timespec="microseconds")
        wanted = select(rows.c.id).where(rows.c.deleted.is_(None), rows.c.created < before)
        with self._database.read() as connection:
            kept = list(connection.execute(wanted).scalars())
        lost = [dataset_id for dataset_id in kept if not (self.folder / dataset_id).is_dir()]
        if not lost:
            return
        _log.error("the files of %d data sets are not in %s: %s", len(lost), self.folder, ", ".join(lost[:10]))
        if len(lost) < len(kept):
            with self._database.begin() as connection:
                connection.execute(update(rows).where(rows.c.id.in_(lost)).values(deleted=now()))

    def open_incoming(self) -> Incoming:
        """A fresh place for an upload.

        Raises:
            StorageFullError: when it cannot be made.
        """
        return self._uploads.open()

    def discard(self, incoming: Incoming) -> None:
        self._uploads.discard(incoming)

    def keep(
        self, incoming: Incoming, name: str, said: ImportOptions | None = None, recipe: str | None = None
    ) -> tuple[Dataset, Table]:
        """Read the uploaded file and keep it as a data set. It is on the disk when this returns.

        Args:
            said: what is said of the file.
            recipe: name of an import recipe, or "none"; None: the one whose form the file has, if there is one only.

        Raises:
            InputError, NotFoundError: the reader's sentence, when the file is no usable table. No data set is left
                behind then; the file is kept among the refused ones, and ``upload`` of the error is its id.
            TooLargeError: when it has more rows or columns than the settings allow.
            StorageFullError: when the disk is full or cannot be written. Nothing is left behind then.
        """
        try:
            size = incoming.file.stat().st_size
            reading = self._reading(incoming.file, name, said or ImportOptions(), recipe)
            table = self._uploads.keep(incoming, name, reading)
            dataset = _describe(incoming.id, name, table, size)
            with self._database.begin() as connection:
                connection.execute(rows.insert().values(**_values(dataset), chosen=chosen_of(reading).to_json()))
        except (InputError, NotFoundError) as error:
            if incoming.folder.is_dir() and is_mendable(incoming.file, name, self.limits):
                error.upload = self.refused.keep(incoming, name, said or ImportOptions(), recipe)
            self.discard(incoming)
            raise
        except BaseException:
            self.discard(incoming)
            self._uploads.remove(incoming.id)
            raise
        self._uploads.confirm(dataset.id)
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
            NotFoundError: when there is no such data set (any more), or its files are gone.
            DamagedError: when they are damaged.
        """
        if dataset_id == DEMO:
            return self._tables.get((DEMO, 1), make_demo)
        row = self._row(dataset_id)
        wanted = version or row.version
        if wanted != row.version and not self._uploads.has(dataset_id, wanted):
            wanted = row.version
        reading = chosen_from_json(row.chosen).reading() if wanted == row.version else None
        table = self._tables.get((row.id, wanted), lambda: self._uploads.load(row.id, row.name, wanted, reading))
        return table if table.name == row.name else replace(table, name=row.name)  # renamed, maybe by another process

    def original(self, dataset_id: str) -> Path:
        """The file as it was uploaded.

        Raises:
            NotFoundError: when there is no such data set (any more), or its file is gone.
            DamagedError: when the file has changed since.
        """
        row = self._row(dataset_id)
        return self._uploads.original(row.id, row.name)

    def rename(self, dataset_id: str, name: str) -> Dataset:
        """
        Raises:
            InputError: for a name without any letter, or for the demo.
            NotFoundError: when there is no such data set (any more).
        """
        shown = clean_name(name)
        self._change(dataset_id, name=shown)
        return self.get(dataset_id)

    def set_roles(self, dataset_id: str, roles: Mapping[str, str | None]) -> tuple[Dataset, Table]:
        """Say what columns are. The file is read anew; what was said of other columns before stays.

        Args:
            roles: column -> role; None takes back what was said of the column.

        Raises:
            InputError: the reader's sentence, when a column cannot have its role. Nothing is changed then.
            NotFoundError: when there is no such data set, column or role.
            StorageFullError: when the disk is full or cannot be written. Nothing is changed then.
        """
        return self._read_anew(dataset_id, lambda chosen, _name: (chosen.with_roles(roles), ()))

    def set_options(self, dataset_id: str, said: ImportOptions, recipe: str | None = None) -> tuple[Dataset, Table]:
        """Say how the file is read, in place of all that was said before.

        Args:
            said: what is said of the file.
            recipe: name of an import recipe; None or "none": none.

        Raises:
            InputError, NotFoundError, StorageFullError: as ``set_roles``, also when there is no such recipe.
        """

        def chosen(_before: ChosenOptions, name: str) -> tuple[ChosenOptions, tuple[Note, ...]]:
            reading = self._reading(self.original(dataset_id), name, said, recipe or NO_RECIPE)
            return chosen_of(reading), reading.notes

        return self._read_anew(dataset_id, chosen)

    def _read_anew(
        self, dataset_id: str, choose: Callable[[ChosenOptions, str], tuple[ChosenOptions, tuple[Note, ...]]]
    ) -> tuple[Dataset, Table]:
        if dataset_id == DEMO:
            raise _fixed_demo()
        while True:
            before = self._row(dataset_id)
            chosen, notes = choose(chosen_from_json(before.chosen), before.name)
            version = before.version + 1
            table = self._uploads.read(dataset_id, before.name, chosen.reading(notes))
            found = {column: role.value for column, role in table.roles.items()}
            change = partial(
                self._change,
                dataset_id,
                rows.c.version == before.version,
                roles=found,
                rows=len(table.frame),
                columns=len(table.frame.columns),
                chosen=chosen.to_json(),
                version=version,
            )
            if self._uploads.save(dataset_id, version, table, change):
                break  # else somebody else has changed them meanwhile: theirs stay, ours come on top
        self._tables.put((dataset_id, version), table)
        self._drop_versions(dataset_id, version)
        return self.get(dataset_id), table

    def chosen(self, dataset_id: str) -> ChosenOptions:
        """What was said of how the file is read; the rest was found.

        Raises:
            NotFoundError: when there is no such data set (any more).
        """
        return ChosenOptions() if dataset_id == DEMO else chosen_from_json(self._row(dataset_id).chosen)

    def _reading(self, file: Path, name: str, said: ImportOptions, recipe: str | None) -> Reading:
        """A recipe is named, and never a path: over HTTP it comes from anybody."""
        wanted = self.recipes.get(recipe) if recipe not in (None, NO_RECIPE) else recipe
        return reading_for(file, said, wanted, self.recipes, name=name, limits=self.limits)

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
        if not _ID.fullmatch(dataset_id) or not (self.folder / dataset_id).is_dir():
            raise _not_found(dataset_id)
        deleted = update(rows).where(rows.c.id == dataset_id, rows.c.deleted >= self._undo_until())
        with self._database.begin() as connection:
            if connection.execute(deleted.values(deleted=None)).rowcount != 1:
                raise _not_found(dataset_id)
        return self.get(dataset_id)

    def check_writable(self) -> None:
        """
        Raises:
            StorageFullError: when an upload could not be stored now.
        """
        files.probe(self.folder)

    def _undo_until(self) -> str:
        """What was deleted before this moment cannot be brought back any more."""
        return (datetime.now(UTC) - self._undo).isoformat(timespec="microseconds")

    def _listed(self, names: list[str]) -> Set[str]:
        with self._database.read() as connection:
            return set(connection.execute(select(rows.c.id).where(rows.c.id.in_(names))).scalars())

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
            self._uploads.drop(dataset_id, version)


def clean_name(name: str) -> str:
    """A name for people as it is kept: without control characters and excess length.

    Raises:
        InputError: when nothing is left of it.
    """
    shown = "".join(letter for letter in name if letter.isprintable()).strip()[:_LONGEST_NAME]
    if not shown:
        raise InputError("The name is empty.", hint="Give the data set a name.", field="name")
    return shown


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
