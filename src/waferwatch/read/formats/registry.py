"""The table of formats: the first one that a file matches reads it."""

from __future__ import annotations

from pathlib import Path

from waferwatch.read.file_rows import FileRows
from waferwatch.read.formats.archive import archive_format, read_folder, tar_format
from waferwatch.read.formats.file_format import DataFile, FileFormat
from waferwatch.read.formats.hdf5 import HDF5
from waferwatch.read.formats.json_records import JSON_RECORDS
from waferwatch.read.formats.lvm import LVM
from waferwatch.read.formats.parquet import PARQUET
from waferwatch.read.formats.tdms import TDMS
from waferwatch.read.formats.text_table import TEXT_TABLE
from waferwatch.read.formats.workbook import OPEN_DOCUMENT, WORKBOOK

_HEAD_BYTES = 512


def read_rows_of(file: DataFile) -> FileRows:
    """The rows of a file in whatever format, in the shape in which they are written.

    Raises:
        InputError, NotFoundError: it cannot be read: the message says why.
        TooLargeError: it holds more than the limits allow.
        MissingExtraError: its format needs an extra that is not installed.
    """
    if isinstance(file.source, Path) and file.source.is_dir():
        return read_folder(file.source, file, _read_inside)
    return format_of(file).read(file)


def format_of(file: DataFile) -> FileFormat:
    """The format that a file is read by.

    Raises:
        InputError: it is of a format that is not read.
    """
    with file.open() as raw:
        head = raw.read(_HEAD_BYTES)
    return next(one for one in FORMATS if one.matches(head, file))


def _read_inside(file: DataFile) -> FileRows:
    """A file in an archive, which cannot be an archive itself."""
    with file.open() as raw:
        head = raw.read(_HEAD_BYTES)
    return next(one for one in _INSIDE if one.matches(head, file)).read(file)


_INSIDE: tuple[FileFormat, ...] = (PARQUET, WORKBOOK, OPEN_DOCUMENT, TDMS, LVM, HDF5, JSON_RECORDS, TEXT_TABLE)
FORMATS: tuple[FileFormat, ...] = (
    PARQUET,
    WORKBOOK,
    OPEN_DOCUMENT,
    archive_format(_read_inside),
    tar_format(_read_inside),
    TDMS,
    LVM,
    HDF5,
    JSON_RECORDS,
    TEXT_TABLE,
)
SUFFIXES: tuple[str, ...] = tuple(suffix for one in (TEXT_TABLE, *FORMATS[:-1]) for suffix in one.suffixes)
NAMES = ", ".join(one.name for one in (TEXT_TABLE, *FORMATS[:-1]))
