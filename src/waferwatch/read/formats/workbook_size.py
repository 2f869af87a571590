"""What a workbook would take in memory, found by unpacking it once, before calamine makes its block of cells.

Two cells far apart take all between them, so a small file can ask for any amount.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from waferwatch.read.formats.file_format import DataFile, binary_stream

ODS_CONTENT = "content.xml"
_CELL = re.compile(rb'<c\b[^>]{0,40}?\br="([A-Z]{1,3})(\d{1,7})"')
_BYTES_PER_CELL = 32  # of the block of cells that calamine makes
_CHUNK = 1 << 20
_ROW, _LAST_CELL = 0, 11  # records of an .xlsb sheet: a row begins; 1 to 11 are cells
_NAMESPACE = " "
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")

Corner = tuple[int, int]  # rows and columns up to the last cell


def check_parts(file: DataFile) -> None:
    """Unpack every part of a zipped workbook once and look at the places of its cells.

    Raises:
        TooLargeError: the parts, or the block of cells of a sheet, are larger than the limits allow.
        zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError: it is damaged.
    """
    unpacked = 0
    with binary_stream(file.seekable()) as raw, zipfile.ZipFile(raw) as archive:
        for part in archive.infolist():
            with archive.open(part) as stream:
                for corner, more in _corners(part.filename, stream):
                    unpacked += more
                    file.limits.check_bytes(file.name, unpacked)
                    file.limits.check_memory(file.name, corner[0] * corner[1] * _BYTES_PER_CELL)


def _corners(name: str, stream: IO[bytes]) -> Iterator[tuple[Corner, int]]:
    """The corner so far and the bytes read since, again and again to the end of a part."""
    if name == ODS_CONTENT:
        yield from _ods(stream)
    elif name.startswith("xl/worksheets/") and name.endswith(".bin"):
        yield from _xlsb(stream)
    else:
        yield from _xlsx(stream, counts=name.startswith("xl/worksheets/"))


def _xlsx(stream: IO[bytes], *, counts: bool) -> Iterator[tuple[Corner, int]]:
    rows = columns = 0
    rest = b""
    while chunk := stream.read(_CHUNK):
        for letters, number in _CELL.findall(rest + chunk) if counts else ():
            rows, columns = max(rows, int(number)), max(columns, _column(letters))
        rest = chunk[-64:]
        yield (rows, columns), len(chunk)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _xlsb(stream: IO[bytes]) -> Iterator[tuple[Corner, int]]:
    """Records of a type, a length and so many bytes (MS-XLSB 2.1.4); those of rows and cells begin with their place."""
    rows = columns = row = 0
    data = b""
    while chunk := stream.read(_CHUNK):
        data += chunk
        at = 0
        while (record := _record(data, at)) is not None:
            kind, start, at = record
            place = int.from_bytes(data[start : min(start + 4, at)], "little")
            if kind == _ROW:
                row = place + 1
            elif kind <= _LAST_CELL:
                rows, columns = max(rows, row), max(columns, place + 1)
        data = data[at:]
        yield (rows, columns), len(chunk)


def _record(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Type, start and end of the record that begins here; None where it does not end in the data."""
    kind, after = _varying(data, at, 2)
    length, start = _varying(data, after, 4)
    if after == at or start == after or start + length > len(data):
        return None
    return kind, start, start + length


def _varying(data: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends; ``at`` itself where the data end within it."""
    number = 0
    for step, byte in enumerate(data[at : at + most]):
        number |= (byte & 0x7F) << 7 * step
        if byte < 0x80 or step == most - 1:
            return number, at + step + 1
    return 0, at


class _OdsPlaces:
    """Counts rows and columns up to the last cell with a value, as repeated rows and cells are unfolded."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self._row = self._column = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == f"{_TABLE}table":
            self.rows = self.columns = self._row = 0
        elif name == f"{_TABLE}table-row":
            self._row += _count(attributes, "number-rows-repeated")
            self._column = 0
        elif name in _CELLS:
            self._column += _count(attributes, "number-columns-repeated")
            if any(one.startswith(_OFFICE) for one in attributes):
                self.rows, self.columns = self._row, max(self.columns, self._column)


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(_TABLE + name, "1")
    return int(text) if text.isascii() and text.isdigit() else 1


def _ods(stream: IO[bytes]) -> Iterator[tuple[Corner, int]]:
    places = _OdsPlaces()
    parser = expat.ParserCreate(namespace_separator=_NAMESPACE)
    parser.StartElementHandler = places.start
    while chunk := stream.read(_CHUNK):
        try:
            parser.Parse(chunk, False)
        except expat.ExpatError as error:
            raise ValueError("no XML") from error
        yield (places.rows, places.columns), len(chunk)
