"""Frames as files of wafers, indicators, limits and problems: CSV, Parquet, or a workbook with a sheet each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa

from waferwatch.errors import InputError
from waferwatch.export.csv_file import write_csv

FORMATS = ("csv", "parquet", "xlsx")
MOST_SHEET_ROWS = 1_048_575  # of a workbook, below its header


def check_table_file(path: Path, field: str) -> None:
    """Refuse a file that could not be written, before the work and not after it.

    Raises:
        InputError: unknown ending, missing folder, or no right to write.
    """
    if format_of(path) is None:
        raise InputError(
            "The file {path} has an ending that is not known.",
            hint="Name it .csv, .parquet or .xlsx.",
            field=field,
            path=path,
        )
    if not path.parent.is_dir() or path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(
            "The file {path} cannot be written.", hint="Choose a place where you may write.", field=field, path=path
        )


def format_of(path: Path) -> str | None:
    """The format that an ending stands for."""
    ending = path.suffix.lower().removeprefix(".")
    return ending if ending in FORMATS else None


def save_tables(frames: Mapping[str, pd.DataFrame], path: Path, field: str) -> None:
    """Write frames into a file by its ending, whole or not at all; CSV and Parquet hold the first frame alone.

    Raises:
        InputError: the disk is full, the file cannot be written, or a sheet would be too long.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            write_tables(frames, file, format_of(path) or "csv")
        os.replace(partial, path)
    except OSError as error:
        raise InputError(
            "The file {path} could not be written: {reason}.",
            hint="Free some space or choose another place.",
            field=field,
            path=path,
            reason=error.strerror or "the disk refused it",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def write_tables(frames: Mapping[str, pd.DataFrame], file: BinaryIO, kind: str) -> None:
    """Write frames as one of ``FORMATS``; CSV and Parquet hold the first frame alone.

    Raises:
        InputError: a sheet would be longer than a workbook can hold.
    """
    first = next(iter(frames.values()))
    if kind == "xlsx":
        _write_workbook(frames, file)
    elif kind == "parquet":
        _plain(first).to_parquet(file, index=False)
    else:
        write_csv(pa.Table.from_pandas(_plain(first), preserve_index=False), file)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns that mix texts with other values as texts, so that every format takes them."""
    mixed = [name for name in frame.columns if frame[name].dtype == object and not _alike(frame[name])]
    return frame.assign(**{name: frame[name].map(str, na_action="ignore") for name in mixed})


def _alike(column: pd.Series) -> bool:
    """Whether all values of a column are numbers, or all true or false."""
    kinds = {bool if isinstance(one, bool | np.bool_) else type(one) for one in column.dropna()}
    numbers = all(issubclass(kind, int | float | np.number) for kind in kinds)
    return numbers and (bool not in kinds or len(kinds) == 1)


def _write_workbook(frames: Mapping[str, pd.DataFrame], file: BinaryIO) -> None:
    long = next((name for name, frame in frames.items() if len(frame) > MOST_SHEET_ROWS), None)
    if long is not None:
        raise InputError(
            "The sheet {sheet} would have {rows} rows; a workbook holds {most}.",
            hint="Export it as csv or parquet.",
            field="format",
            sheet=long,
            rows=len(frames[long]),
            most=MOST_SHEET_ROWS,
        )
    # Texts stay texts: what begins with an equals sign is no formula, and an address no link.
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": False}}
    with pd.ExcelWriter(file, engine="xlsxwriter", engine_kwargs=options) as book:
        for name, frame in frames.items():
            _plain(frame).to_excel(book, sheet_name=name, index=False, freeze_panes=(1, 0))
