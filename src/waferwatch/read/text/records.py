"""Text -> records: the fields of each line, with its number."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

BLANKS, WIDE_BLANKS = " ", "  "  # any number of blanks or tabs; at least two blanks
_MOST_LINES = 50  # that one record may take by line ends between quotation marks


@dataclass(frozen=True)
class Record:
    """One line, or several where a quoted cell holds line ends."""

    line: int  # number of its first line in the file, from 1
    text: str  # with its line end
    fields: tuple[str, ...]  # none for a blank line

    @property
    def filled(self) -> int:
        """Fields without empty ones at the end."""
        kept = len(self.fields)
        while kept and not self.fields[kept - 1].strip():
            kept -= 1
        return kept


def lines_of(text: str) -> list[str]:
    """Lines with their ends, whichever system wrote them."""
    return list(io.StringIO(text, newline=""))


def records_of(lines: Sequence[str], delimiter: str) -> list[Record]:
    """The records of a text from its first line on."""
    records, at = [], 0
    while at < len(lines):
        taken = _lines_taken(lines, at)
        text = "".join(lines[at : at + taken])
        records.append(Record(at + 1, text, fields_of(text, delimiter)))
        at += taken
    return records


def _lines_taken(lines: Sequence[str], at: int) -> int:
    """How many lines the record takes: more than one while a quotation mark is open; one where it is never closed."""
    quotes = lines[at].count('"')
    for taken in range(1, _MOST_LINES):
        if quotes % 2 == 0:
            return taken
        if at + taken >= len(lines):
            break
        quotes += lines[at + taken].count('"')
    return 1


def fields_of(text: str, delimiter: str) -> tuple[str, ...]:
    """The fields of one record; none of a blank line."""
    text = text.rstrip("\r\n").lstrip("\ufeff")
    if not text.strip(" \xa0" if delimiter == "\t" else None):
        return ()
    if '"' in text:
        return _quoted_fields(text, delimiter)
    if delimiter == BLANKS:
        return tuple(text.split())
    if delimiter == WIDE_BLANKS:
        return tuple(re.split(r"\t+| {2,}", text.strip()))
    return tuple(text.split(delimiter))


def _quoted_fields(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        blanks = delimiter in (BLANKS, WIDE_BLANKS)
        reader = csv.reader(
            io.StringIO(text.strip() if blanks else text, newline=""),
            delimiter=delimiter[0],
            skipinitialspace=blanks,
        )
        return tuple(next(reader))
    except (csv.Error, StopIteration):
        return tuple(text.split(delimiter))
