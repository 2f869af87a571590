"""A file -> table, whatever its format and shape."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from waferwatch.errors import InputError, NotFoundError, WaferwatchError
from waferwatch.read.cells.rules import USUAL, CellRules
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import FileFinding
from waferwatch.read.form import Form
from waferwatch.read.formats.file_format import DataFile
from waferwatch.read.formats.registry import read_rows_of
from waferwatch.read.frames import table_from_frame
from waferwatch.read.limits import Limits
from waferwatch.read.shapes.recognise import wide_rows
from waferwatch.read.table import Role, Table


def read_table(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    features: Sequence[str] | None = None,
    time: str | Sequence[str] | None = None,
    group: Sequence[str] | None = None,
    label: str | None = None,
    roles: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    form: Form | None = None,
    rules: CellRules = USUAL,
) -> Table:
    """Read a file. What kind it is is found from its contents, not from its name.

    Args:
        path: a file of one of ``formats.registry.FORMATS``, also in gzip.
        name: what messages call it; the file's name when not given.
        features, time, group, label, roles: as in ``table_from_frame``.
        limits: most rows, columns and bytes; those of the settings when not given.
        form: what is known of how the file is written; the rest is found.
        rules: what is known of its cells.

    Raises:
        InputError: the file cannot be used: the message names row, column and remedy. Where several things stand in
            the way it is an ``ObstaclesError`` with all of them.
        NotFoundError: there is no such file, column or role.
        TooLargeError: it holds more than the limits allow.
    """
    path = Path(path)
    name = name or path.name
    rows = open_rows(path, name, limits or Limits.of(), form or Form())
    table = table_from_frame(
        rows.frame,
        name=name,
        features=features,
        time=time,
        group=group,
        label=label,
        roles=roles,
        first_row=rows.first_row,
        notes=rows.notes,
        rules=rules,
    )
    del rows
    pa.default_memory_pool().release_unused()  # a third of what the table takes, left over from reading it
    return with_clock_note(table)


def with_clock_note(table: Table) -> Table:
    """The table of a file, with a note where it has no clock."""
    if table.column(Role.TIME) is not None:
        return table
    note = FileFinding(
        "{table} has no clock; its rows were counted instead, in their order.",
        {"table": table.name},
        code="without_clock",
        remedy="If a column holds the time, name it.",
        option="--time COL",
        field="time",
    )
    return replace(table, notes=(*table.notes, note))


def open_rows(path: Path, name: str, limits: Limits, form: Form, most_rows: int | None = None) -> FileRows:
    """The rows of a file in the wide shape, before anything is found out about its columns.

    Args:
        most_rows: about this many are enough, where its format need not read the others.

    Raises:
        InputError, NotFoundError, TooLargeError, MissingExtraError: as for ``read_table``.
    """
    return wide_rows(_read_rows(path, name, limits, form, most_rows=most_rows), name, form)


def read_rows(path: str | os.PathLike[str], form: Form | None = None) -> FileRows:
    """The rows of a file before anything is found out about its columns; errors as for ``read_table``."""
    path = Path(path)
    return open_rows(path, path.name, Limits.of(), form or Form())


def read_original(
    path: str | os.PathLike[str], *, limits: Limits | None = None, form: Form | None = None
) -> pd.DataFrame:
    """Every row and column of a file as they stand there: the cells of a CSV file as text, those of Parquet as stored.

    A table that is not wide is given in the wide shape.

    Args and errors as for ``read_table``.
    """
    path, limits = Path(path), limits or Limits.of()
    rows = _read_rows(path, path.name, limits, form)
    wide = wide_rows(rows, path.name, form or Form())
    if wide is not rows:
        return wide.frame
    del rows, wide
    return _read_rows(path, path.name, limits.as_text(), form, as_text=True).frame


def _read_rows(
    path: Path, name: str, limits: Limits, form: Form | None, *, as_text: bool = False, most_rows: int | None = None
) -> FileRows:
    try:
        return read_rows_of(DataFile(path, name, limits, form or Form(), as_text, most_rows))
    except OSError as error:
        raise _cannot_open(path, name, error) from error


def _cannot_open(path: Path, name: str, error: OSError) -> WaferwatchError:
    if isinstance(error, FileNotFoundError):
        return NotFoundError("There is no file {path}.", hint="Check the path.", field="file", path=path)
    if path.is_dir():
        return InputError("{path} is a folder.", hint="Name a file in it.", field="file", path=path)
    if path.exists() and not path.is_file():
        return InputError(
            "{path} is a pipe or a device, which cannot be read more than once.",
            hint="Write what it gives into a file first, and name that.",
            field="file",
            path=path,
        )
    return InputError(
        "{table} cannot be opened: {reason}.",
        hint="Check that the file may be read and is not open in another program.",
        field="file",
        table=name,
        reason=error.strerror or type(error).__name__,
    )
