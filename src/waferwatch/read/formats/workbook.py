"""Excel workbooks, by calamine."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import replace
from typing import Any

from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.formats.file_format import DataFile, FileFormat, binary_stream
from waferwatch.read.formats.rows_as_text import read_as_text

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls
_ZIP_MAGIC = b"PK\x03\x04"
_CELL = re.compile(rb'<c\b[^>]{0,40}?\br="([A-Z]{1,3})(\d{1,7})"')
_BYTES_PER_CELL = 32  # of the block of cells that calamine makes
_CHUNK = 1 << 20


def _matches(head: bytes, file: DataFile) -> bool:
    if head.startswith(_OLE_MAGIC):
        return True
    if not head.startswith(_ZIP_MAGIC):
        return False
    try:
        with binary_stream(file.seekable()) as raw, zipfile.ZipFile(raw) as archive:
            return any(name.startswith("xl/workbook") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _read(file: DataFile) -> FileRows:
    from python_calamine import CalamineError, CalamineWorkbook

    data = file.seekable()
    _check_size(file)
    try:
        with binary_stream(data) as raw:
            workbook = CalamineWorkbook.from_filelike(raw)
            sheet = _sheet(workbook, file)
            rows = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except (CalamineError, OSError, zipfile.BadZipFile) as error:
        raise _damaged(file.name) from error
    found = read_as_text(rows, file)
    others = [name for name in workbook.sheet_names if name != sheet]
    if not others:
        return found
    findings = Findings(found.notes)
    findings.info(
        "sheet",
        "{table}: the sheet {sheet} was read, and not: {others}.",
        {"table": file.name, "sheet": sheet, "others": ", ".join(others[:10])},
        option="--sheet NAME",
        field="sheet",
    )
    return replace(found, notes=findings.everything)


def _sheet(workbook: Any, file: DataFile) -> str:
    """The sheet that was named, or the one with the most cells."""
    names: list[str] = list(workbook.sheet_names)
    if file.form.sheet is not None:
        if file.form.sheet not in names:
            raise NotFoundError(
                "{table} has no sheet {sheet}.",
                hint="Its sheets are: {sheets}.",
                field="sheet",
                table=file.name,
                sheet=file.form.sheet,
                sheets=", ".join(names[:20]),
            )
        return file.form.sheet
    if not names:
        raise _damaged(file.name)
    return max(names, key=lambda name: _cells(workbook.get_sheet_by_name(name)))


def _cells(sheet: Any) -> int:
    return int(sheet.height) * int(sheet.width)


def _check_size(file: DataFile) -> None:
    """Unpack every part once and look at the places of its cells: two cells far apart take all between them.

    Raises:
        TooLargeError: the parts, or the block of cells of a sheet, are larger than the limits allow.
    """
    unpacked = 0
    with binary_stream(file.seekable()) as raw:
        if not zipfile.is_zipfile(raw):
            return  # .xls, which holds at most 65,536 x 256 cells
    try:
        with binary_stream(file.seekable()) as raw, zipfile.ZipFile(raw) as archive:
            for part in archive.infolist():
                corner = (0, 0)
                with archive.open(part) as stream:
                    rest = b""
                    while chunk := stream.read(_CHUNK):
                        unpacked += len(chunk)
                        file.limits.check_bytes(file.name, unpacked)
                        if part.filename.startswith("xl/worksheets/"):
                            corner = _corner(rest + chunk, corner)
                            rest = chunk[-64:]
                file.limits.check_memory(file.name, corner[0] * corner[1] * _BYTES_PER_CELL)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error) as error:
        raise _damaged(file.name) from error


def _corner(xml: bytes, corner: tuple[int, int]) -> tuple[int, int]:
    rows, columns = corner
    for letters, number in _CELL.findall(xml):
        rows = max(rows, int(number))
        columns = max(columns, _column(letters))
    return rows, columns


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _damaged(name: str) -> InputError:
    return InputError(
        "{table} is damaged, or protected by a password: it cannot be read as an Excel workbook.",
        hint="Open it in Excel and save it again, without a password.",
        table=name,
    )


WORKBOOK = FileFormat("Excel", (".xlsx", ".xlsm", ".xls"), _matches, _read)
