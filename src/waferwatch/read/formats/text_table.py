"""CSV and other text tables."""

from __future__ import annotations

from waferwatch.errors import InputError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.formats.file_format import DataFile, FileFormat
from waferwatch.read.text.delimited import read_delimited
from waferwatch.read.text.head import head_of
from waferwatch.read.text.text_form import TextForm

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
    if file.most_rows is None:
        return read_delimited(file.source, file.name, file.limits, file.form, as_text=file.as_text)
    head = head_of(file.source, file.name, file.limits, file.form)
    return head.read(file.most_rows, as_text=file.as_text)


def written_form(file: DataFile) -> TextForm:
    """How a text table is written, by its head.

    Raises:
        InputError: it is empty, binary, or not as its form says.
    """
    return head_of(file.source, file.name, file.limits, file.form).text_form()


def _matches(head: bytes, file: DataFile) -> bool:
    if head.startswith(_OTHER_MAGICS):
        raise InputError(
            "{table} is not a table that can be read.",
            hint="Save the data as CSV, Parquet or an Excel workbook.",
            table=file.name,
        )
    return True


TEXT_TABLE = FileFormat("CSV", (".csv", ".tsv", ".txt", ".dat", ".log", ".gz"), _matches, _read)
