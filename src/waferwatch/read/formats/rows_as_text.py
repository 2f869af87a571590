"""Cells of another format as a text table, so that it is searched for names, units and notes as any other text."""

from __future__ import annotations

import csv
import datetime
import io
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import IO, Any

from waferwatch.read.file_rows import FileRows
from waferwatch.read.formats.file_format import DataFile
from waferwatch.read.text.delimited import read_delimited

_IN_MEMORY = 32 << 20  # bytes of text; more goes to a file without a name
_LARGEST_WHOLE = 1e15
_MOST_HEADER = 200  # lines above the data that a head holds in any case


def read_as_text(rows: Iterable[Sequence[Any]], file: DataFile) -> FileRows:
    """Read rows of cells as the lines of a text table.

    Args:
        rows: one for each line, the blank ones too, so that lines are numbered as in the file.

    Raises:
        TooLargeError: they are more than the limits allow.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        text = io.TextIOWrapper(spool, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, delimiter="\t", lineterminator="\n")
        for row in rows if file.most_rows is None else islice(rows, _MOST_HEADER + file.most_rows):
            cells = [_cell(cell) for cell in row]
            writer.writerow(cells if any(cells) else [])
            file.limits.check_bytes(file.name, spool.tell())
        text.flush()
        form = replace(file.form, delimiter="tab", encoding="utf-8")
        found = read_delimited(
            lambda: io.BufferedReader(_Again(spool)), file.name, file.limits, form, as_text=file.as_text
        )
        text.detach()
    return found


class _Again(io.RawIOBase):
    """The spooled text from its beginning; closing it leaves the spool open."""

    def __init__(self, spool: IO[bytes]) -> None:
        super().__init__()
        self._spool = spool
        spool.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._spool.read(len(buffer))
        buffer[: len(read)] = read
        return len(read)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._spool.seek(offset, whence)

    def tell(self) -> int:
        return self._spool.tell()


def _cell(value: Any) -> str:
    """A cell as people write it: whole numbers without a point, times to the millisecond."""
    if value is None:
        return ""
    if isinstance(value, str):
        return " ".join(value.split()) if any(sign in value for sign in "\t\r\n") else value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_WHOLE:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return _to_millisecond(value).isoformat(sep=" ")
    if isinstance(value, datetime.timedelta):
        return str(round(value.total_seconds(), 6))
    return str(value)


def _to_millisecond(value: datetime.datetime) -> datetime.datetime:
    """Workbooks count days, so that their seconds are off by microseconds."""
    rounded = round(value.microsecond, -3)
    return value.replace(microsecond=0) + datetime.timedelta(microseconds=rounded)
