"""HDF5 files, by h5py: a table of named fields, columns of equal length, or a block of numbers."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd

from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.formats.file_format import DataFile, FileFormat, binary_stream, missing_extra

_MAGIC = b"\x89HDF\r\n\x1a\n"
_NAME_ATTRIBUTES = ("columns", "column_names", "names", "fields", "channels")
_MOST_DATASETS = 5_000


def _read(file: DataFile) -> FileRows:
    try:
        import h5py
    except ImportError as error:
        raise missing_extra(file.name, "hdf5") from error
    try:
        with binary_stream(file.seekable()) as raw, h5py.File(raw, "r") as opened:
            tables = _tables(_datasets(opened, h5py))
            path = _chosen(tables, file)
            frame = _frame(tables[path], file)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise InputError(
            "{table} cannot be read as an HDF5 file with a table in it.",
            hint="Export the data as CSV or Parquet.",
            table=file.name,
        ) from error
    findings = Findings()
    others = [one for one in tables if one != path]
    findings.info(
        "hdf5",
        "{table}: the HDF5 group {sheet} was read, and not: {others}."
        if others
        else "{table}: the HDF5 group {sheet} was read.",
        {"table": file.name, "sheet": path, "others": ", ".join(others[:10])},
        option="--sheet NAME",
        field="sheet",
    )
    return FileRows(frame, 1, findings.everything)


def _datasets(opened: Any, h5py: Any) -> list[Any]:
    """The datasets of the file itself: links to other files are not followed."""
    found: list[Any] = []
    groups = [opened]
    while groups and len(found) < _MOST_DATASETS:
        group = groups.pop(0)
        for key in group:
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                continue
            item = group[key]
            if isinstance(item, h5py.Group):
                groups.append(item)
            elif item.ndim in (1, 2) and item.size and item.dtype.kind in "biufSOV":
                found.append(item)
    return found


def _tables(datasets: list[Any]) -> dict[str, list[Any]]:
    """What may be read as one table, by the name of its group: columns of one length, or one block."""
    tables: dict[str, list[Any]] = {}
    columns: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for dataset in datasets:
        if dataset.dtype.names or dataset.ndim == 2:
            tables[dataset.name] = [dataset]
        else:
            columns[dataset.parent.name, len(dataset)].append(dataset)
    for (group, length), members in columns.items():
        tables[group if group not in tables else f"{group} ({length})"] = members
    return tables


def _chosen(tables: dict[str, list[Any]], file: DataFile) -> str:
    if not tables:
        raise InputError("{table} has no rows of data.", hint="Choose data with at least one row.", table=file.name)
    wanted = file.form.sheet
    if wanted is None:
        return max(tables, key=lambda path: sum(dataset.size for dataset in tables[path]))
    if wanted not in tables:
        raise NotFoundError(
            "{table} has no group {sheet}.",
            hint="Its groups are: {sheets}.",
            field="sheet",
            table=file.name,
            sheet=wanted,
            sheets=", ".join(list(tables)[:20]),
        )
    return wanted


def _frame(datasets: list[Any], file: DataFile) -> pd.DataFrame:
    size = sum(int(dataset.size) * max(8, dataset.dtype.itemsize) for dataset in datasets)
    file.limits.check_memory(file.name, size)
    file.limits.check_rows(file.name, max(len(dataset) for dataset in datasets))
    first = datasets[0]
    if first.dtype.names:
        records = first[:]
        return pd.DataFrame({name: _cells(records[name]) for name in first.dtype.names if records[name].ndim == 1})
    if first.ndim == 2:
        block = np.asarray(first[:])
        file.limits.check_columns(file.name, block.shape[1])
        return pd.DataFrame(block, columns=_names(first, block.shape[1]))
    return pd.DataFrame({dataset.name.rpartition("/")[2]: _cells(dataset[:]) for dataset in datasets})


def _names(dataset: Any, width: int) -> list[str]:
    for attribute in _NAME_ATTRIBUTES:
        found = dataset.attrs.get(attribute, dataset.parent.attrs.get(attribute))
        if found is not None and np.ndim(found) == 1 and len(found) == width:
            return [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in found]
    return [f"column {at + 1}" for at in range(width)]


def _cells(cells: Any) -> Any:
    if cells.dtype.kind in "SO":
        return [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in cells]
    return cells


HDF5 = FileFormat("HDF5", (".h5", ".hdf5"), lambda head, _file: head.startswith(_MAGIC), _read)
