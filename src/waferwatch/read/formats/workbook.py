"""Workbooks of Excel and OpenDocument, by calamine."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import replace
from typing import Any

from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.formats.file_format import DataFile, FileFormat, binary_stream
from waferwatch.read.formats.rows_as_text import read_as_text
from waferwatch.read.formats.workbook_size import ODS_CONTENT, check_parts

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls
_ZIP_MAGIC = b"PK\x03\x04"
_ODS_MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"


def _is_excel(head: bytes, file: DataFile) -> bool:
    if head.startswith(_OLE_MAGIC):
        return True
    return any(name.startswith("xl/workbook") for name in _parts(head, file))


def _is_ods(head: bytes, file: DataFile) -> bool:
    if ODS_CONTENT not in _parts(head, file):
        return False
    with binary_stream(file.seekable()) as raw, zipfile.ZipFile(raw) as archive:
        try:
            with archive.open("mimetype") as kind:
                return kind.read(len(_ODS_MIMETYPE)) == _ODS_MIMETYPE
        except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error):
            return False


def _parts(head: bytes, file: DataFile) -> list[str]:
    """Names of the files in a zip; none where it is no zip."""
    if not head.startswith(_ZIP_MAGIC):
        return []
    try:
        with binary_stream(file.seekable()) as raw, zipfile.ZipFile(raw) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return []


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
    with binary_stream(file.seekable()) as raw:
        if not zipfile.is_zipfile(raw):
            return  # .xls, which holds at most 65,536 x 256 cells
    try:
        check_parts(file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error) as error:
        raise _damaged(file.name) from error


def _damaged(name: str) -> InputError:
    return InputError(
        "{table} is damaged, or protected by a password: it cannot be read as a workbook.",
        hint="Open it in the program that made it and save it again, without a password.",
        table=name,
    )


WORKBOOK = FileFormat("Excel", (".xlsx", ".xlsm", ".xlsb", ".xls"), _is_excel, _read)
OPEN_DOCUMENT = FileFormat("OpenDocument", (".ods",), _is_ods, _read)
