"""What one file of the source holds: rows of each equipment in each unit of time, found with little reading.

Of a Parquet file whose clock is a column of timestamps the footer is read, and columns of the few row groups whose
statistics leave something open; any other file is read as a whole, once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as parquet

from waferwatch.errors import InputError
from waferwatch.read.files import read_rows
from waferwatch.read.frames import table_from_frame
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.roles.groups import group_codes
from waferwatch.scale.storage import Storage

UNIT_NS = {"day": 86_400_000_000_000, "hour": 3_600_000_000_000}

Equipment = tuple[str, ...]
Contents = dict[tuple[Equipment, int], int]  # (equipment, when the unit begins) -> rows


@dataclass(frozen=True)
class FileColumns:
    """Which columns say when and where a row was measured."""

    time: str
    equipment: tuple[str, ...]
    unit: str
    options: ImportOptions = field(default_factory=ImportOptions)


def contents_of(source: Storage, name: str, columns: FileColumns) -> Contents:
    """Rows of each equipment in each unit of time; rows without a time do not count.

    Args:
        name: of the file, below the source.

    Raises:
        InputError: the file cannot be read, or lacks one of the columns.
    """
    keys = path_keys(name)
    if not is_parquet(name):
        return counted(whole_file(source, name, columns.options), name, columns)
    try:
        with source.child(name).open() as raw:
            file = parquet.ParquetFile(raw)
            if not has_clock(file.schema_arrow, columns.time, columns.options):
                return counted(whole_file(source, name, columns.options), name, columns)
            _check(file.schema_arrow.names, keys, name, columns)
            found: Contents = {}
            for group in range(file.num_row_groups):
                for what, rows in _of_group(file, group, keys, columns).items():
                    found[what] = found.get(what, 0) + rows
            return found
    except (pa.ArrowException, OSError) as error:
        raise damaged(name, error) from error


def is_parquet(name: str) -> bool:
    return name.lower().endswith((".parquet", ".pq"))


def has_clock(schema: Any, time: str, options: ImportOptions) -> bool:
    """Whether a column is a clock that can be compared as it is stored."""
    plain = options.time_zone is None and options.form == ImportOptions().form
    return plain and time in schema.names and pa.types.is_timestamp(schema.field(time).type)


def path_keys(name: str) -> dict[str, str]:
    """What the folders of a file say, in the way of Hive.

    >>> path_keys("equipment=ETCH%201/day=2026-01-05/part-0.parquet")
    {'equipment': 'ETCH 1', 'day': '2026-01-05'}
    """
    pairs = (part.partition("=") for part in name.split("/")[:-1])
    return {key: unquote(value) for key, equals, value in pairs if equals and key}


def whole_file(source: Storage, name: str, options: ImportOptions) -> pd.DataFrame:
    """All rows of a file as the reader finds them, with a column for each thing that its folders say.

    Raises:
        InputError, TooLargeError: the file cannot be read.
    """
    if "://" not in source.url:
        frame = read_rows(Path(source.url) / name, options.form).frame
    else:
        with tempfile.TemporaryDirectory(prefix="waferwatch-") as folder:
            copy = Path(folder) / name.rsplit("/", 1)[-1]
            try:
                copy.write_bytes(source.child(name).read())
            except OSError as error:
                raise damaged(name, error) from error
            frame = read_rows(copy, options.form).frame
    return with_keys(frame, path_keys(name))


def with_keys(frame: pd.DataFrame, keys: Mapping[str, str]) -> pd.DataFrame:
    """The frame with a column for each thing that the folders of its file say."""
    return frame.assign(**{key: value for key, value in keys.items() if key not in frame.columns})


def clock_of(column: Any) -> Any:
    """A column of timestamps as the clock of the data shows them, in nanoseconds without a zone."""
    local = compute.local_timestamp(column) if column.type.tz is not None else column
    return local.cast(pa.timestamp("ns"))


def counted(frame: pd.DataFrame, name: str, columns: FileColumns) -> Contents:
    """Rows of each equipment in each unit of time.

    Raises:
        InputError: a column is missing, or the clock does not show dates.
    """
    _check([str(column) for column in frame.columns], {}, name, columns)
    return _count(clock_in(frame, name, columns).to_numpy().astype("datetime64[ns]"), frame, columns)


def clock_in(frame: pd.DataFrame, name: str, columns: FileColumns) -> pd.Series:
    """(rows,) the clock of a file that was read as a whole, as the data show it.

    Raises:
        InputError: it cannot be read, or does not show dates.
    """
    options = columns.options
    roles = dict.fromkeys(columns.equipment, "equipment")
    rules = replace(options, leave_out_rows=None).rules
    table = table_from_frame(frame, name=name, time=options.time or columns.time, roles=roles, rules=rules)
    time = table.frame[columns.time]
    if time.dtype.kind != "M":
        raise without_dates(columns.time)
    return time


def without_dates(column: str) -> InputError:
    return InputError(
        "The time column {column} holds no dates, so that rows cannot be split by day.",
        hint="Name the column that holds dates and times.",
        field="time",
        column=column,
    )


def damaged(name: str, error: Exception) -> InputError:
    missing = isinstance(error, FileNotFoundError)
    return InputError(
        "{table} cannot be read: {reason}.",
        hint="Copy or export the file again.",
        field="file",
        table=name,
        reason="there is no such file" if missing else (str(error).strip() or "damaged").splitlines()[0].rstrip("."),
    )


def _check(names: Sequence[str], keys: Mapping[str, str], file: str, columns: FileColumns) -> None:
    missing = [name for name in (columns.time, *columns.equipment) if name not in names and name not in keys]
    if missing:
        raise InputError(
            "{table} lacks the columns {columns}.",
            hint="Leave the file out, or name columns that every file has.",
            field="file",
            table=file,
            columns=", ".join(missing),
        )


def _of_group(file: Any, group: int, keys: Mapping[str, str], columns: FileColumns) -> Contents:
    known = _by_statistics(file, group, keys, columns)
    if known is not None:
        return known
    inside = [name for name in columns.equipment if name in file.schema_arrow.names]
    table = file.read_row_group(group, columns=[columns.time, *inside], use_threads=False)
    time = clock_of(table[columns.time].combine_chunks()).to_numpy(zero_copy_only=False)
    frame = with_keys(table.select(inside).to_pandas() if inside else pd.DataFrame(index=range(len(table))), keys)
    return _count(time, frame, columns)


def _count(time: Any, frame: pd.DataFrame, columns: FileColumns) -> Contents:
    codes, names = group_codes(frame, columns.equipment)
    there = ~np.isnat(time)
    if not there.any():
        return {}
    begin = time[there].view(np.int64) // UNIT_NS[columns.unit]
    both = np.stack([codes[there].astype(np.int64), begin], axis=1)
    pairs, rows = np.unique(both, axis=0, return_counts=True)
    return {
        (names[code], at * UNIT_NS[columns.unit]): count
        for (code, at), count in zip(pairs.tolist(), rows.tolist(), strict=True)
    }


def _by_statistics(file: Any, group: int, keys: Mapping[str, str], columns: FileColumns) -> Contents | None:
    """None where the statistics of a row group leave something open."""
    about = file.metadata.row_group(group)
    statistics = {about.column(at).path_in_schema: about.column(at).statistics for at in range(about.num_columns)}
    clock = statistics.get(columns.time)
    if clock is None or not clock.has_min_max or not clock.has_null_count:
        return None
    begins = [
        _begin(value, file.schema_arrow.field(columns.time).type.tz, columns.unit) for value in (clock.min, clock.max)
    ]
    equipment = [keys.get(name) or _only(statistics.get(name)) for name in columns.equipment]
    if begins[0] != begins[1] or None in equipment:
        return None
    rows = about.num_rows - clock.null_count
    return {(tuple(str(name) for name in equipment), begins[0]): rows} if rows else {}


def _begin(moment: Any, zone: str | None, unit: str) -> int:
    at = pd.Timestamp(moment)
    if zone is not None:
        at = (at if at.tzinfo is not None else at.tz_localize("UTC")).tz_convert(zone).tz_localize(None)
    return int(at.as_unit("ns").value) // UNIT_NS[unit] * UNIT_NS[unit]


def _only(found: Any) -> str | None:
    """The value of a column that has one alone; None where it has several, or none is known."""
    if found is None or not found.has_min_max or found.min != found.max or found.null_count:
        return None
    return found.min if isinstance(found.min, str) else None
