"""LabVIEW measurement files: text with a header, perhaps in several segments."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from waferwatch.errors import InputError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.formats.file_format import DataFile, FileFormat
from waferwatch.read.formats.rows_as_text import read_as_text

_MAGIC = b"LabVIEW Measurement"
_END = "***End_of_Header***"
_SEPARATORS = {"tab": "\t", "comma": ","}
_CLOCK = "X_Value"


def _read(file: DataFile) -> FileRows:
    segments = 0

    def counted() -> Iterator[list[str]]:
        nonlocal segments
        for row in _rows(file):
            segments += row[:1] == [_END]
            if row[:1] != [_END]:
                yield row

    found = read_as_text(counted(), file)
    findings = Findings(found.notes)
    findings.info(
        "lvm",
        "{table} is a LabVIEW measurement file of {count} segments; times are seconds since its start.",
        {"table": file.name, "count": segments},
        count=segments,
    )
    return replace(found, notes=findings.everything)


def _rows(file: DataFile) -> Iterator[list[str]]:
    """The names once, then the rows of all segments; before each segment a row that holds the end of its header."""
    lines = _lines(file)
    about = dict(_header(lines))
    separator = _SEPARATORS.get(about.get("Separator", ["Tab"])[0].lower(), "\t")
    comma = about.get("Decimal_Separator", ["."])[0] == ","
    first: datetime.datetime | None = None
    names: list[str] | None = None
    pending: dict[str, list[str]] = {}
    for line in lines:
        cells = line.split(separator)
        if cells[0] == _END:
            yield [_END]
            start = _start(pending)
            first = first or start
            offset = (start - first).total_seconds() if start and first else 0.0
            heading = next(lines, "").split(separator)
            if names is None:
                names = heading
                yield names
            yield from _segment(lines, separator, pending, comma=comma, offset=offset)
            pending = {}
        elif cells[0]:
            pending[cells[0]] = cells[1:]
    if names is None:
        raise InputError("{table} has no rows of data.", hint="Choose data with at least one row.", table=file.name)


def _segment(
    lines: Iterator[str], separator: str, about: dict[str, list[str]], *, comma: bool, offset: float
) -> Iterator[list[str]]:
    """Rows up to a blank line; the clock is filled in where only its step is written."""
    origin, step = _number(about, "X0"), _number(about, "Delta_X")
    for at, line in enumerate(lines):
        if not line.strip():
            return
        cells = [cell.replace(",", ".") if comma else cell for cell in line.split(separator)]
        if not cells[0].strip() and step is not None:
            cells[0] = f"{offset + (origin or 0.0) + at * step:.9g}"
        elif offset:
            cells[0] = _later(cells[0], offset)
        yield cells


def _later(cell: str, offset: float) -> str:
    try:
        return f"{float(cell) + offset:.9f}"
    except ValueError:
        return cell


def _header(lines: Iterator[str]) -> Iterator[tuple[str, list[str]]]:
    for line in lines:
        key, *values = line.split("\t" if "\t" in line else ",")
        if key.strip() == _END:
            return
        yield key, [value.strip() for value in values] or [""]


def _number(about: dict[str, list[str]], key: str) -> float | None:
    try:
        return float(about[key][0].replace(",", "."))
    except (KeyError, IndexError, ValueError):
        return None


def _start(about: dict[str, list[str]]) -> datetime.datetime | None:
    try:
        clock = about["Time"][0].replace(",", ".")
        return datetime.datetime.fromisoformat(f"{about['Date'][0].replace('/', '-')} {clock[:15]}")
    except (KeyError, IndexError, ValueError):
        return None


def _lines(file: DataFile) -> Iterator[str]:
    encoding = file.form.encoding or "utf-8"
    with file.open() as raw:
        rest = b""
        while chunk := raw.read(1 << 20):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (_text(line, encoding) for line in whole)
            file.limits.check_memory(file.name, len(rest))
        yield _text(rest, encoding)


def _text(line: bytes, encoding: str) -> str:
    """LabVIEW writes the code page of the machine."""
    line = line.rstrip(b"\r")
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


LVM = FileFormat("LabVIEW LVM", (".lvm",), lambda head, _file: head.startswith(_MAGIC), _read)
