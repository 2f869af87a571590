"""CSV and other text tables."""

from __future__ import annotations

from waferwatch.errors import InputError
from waferwatch.read.delimited import read_delimited
from waferwatch.read.file_rows import FileRows
from waferwatch.read.formats.file_format import DataFile, FileFormat

_OTHER_MAGICS = (
    b"%PDF",
    b"7z\xbc\xaf",
    b"BZh",
    b"\x28\xb5\x2f\xfd",  # zstd
    b"\xfd7zXZ",
    b"SQLite format 3",
    b"Rar!",
    b"<",  # HTML or XML
)


def _read(file: DataFile) -> FileRows:
    return read_delimited(file.source, file.name, file.limits, file.form, as_text=file.as_text)


def _matches(head: bytes, file: DataFile) -> bool:
    if head.startswith(_OTHER_MAGICS):
        raise InputError(
            "{table} is not a table that can be read.",
            hint="Save the data as CSV, Parquet or an Excel workbook.",
            table=file.name,
        )
    return True


TEXT_TABLE = FileFormat("CSV", (".csv", ".tsv", ".txt", ".dat", ".log", ".gz"), _matches, _read)
