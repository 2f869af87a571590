"""Bytes of a text file -> what it is written in: encoding, header line, delimiter, decimal sign."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from waferwatch.errors import InputError

SAMPLE_BYTES = 1 << 20
_SAMPLE_RECORDS = 500
_DELIMITERS = (",", ";", "\t")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMA_DECIMAL = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")
_POINT_DECIMAL = re.compile(r"\s*[+-]?\d*\.\d+(?:[eE][+-]?\d+)?\s*")


@dataclass(frozen=True)
class Layout:
    """How a text table is written."""

    encoding: str
    delimiter: str
    decimal: str  # "." or ","
    header: tuple[str, ...]  # as written; may hold empty names
    header_lines: int  # lines of the file up to and with the header
    header_characters: int  # characters of the decoded text up to and with the header's line end


def encodings(sample: bytes) -> tuple[str, ...]:
    """Encodings to try, strictly and in this order, on a file that begins with ``sample``."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return (encoding,)
    return ("utf-8", "cp949")


def decode_sample(sample: bytes, encoding: str) -> str:
    """The sample as text; a character cut off at its end is left out.

    Raises:
        UnicodeDecodeError: the bytes are of another encoding.
    """
    return codecs.getincrementaldecoder(encoding)("strict").decode(sample, final=False)


def find_layout(text: str, encoding: str, name: str) -> Layout:
    """Find header, delimiter and decimal sign from the beginning of a file.

    Args:
        text: the decoded beginning; its last line may be cut off.
        encoding: what it was decoded with; only passed on.
        name: the file's name, for messages.

    Raises:
        InputError: there is no header.
    """
    skipped = _lines_before_header(text)
    body = text[sum(map(len, skipped)) :]
    if not body.strip("\ufeff \t\r\n"):
        raise InputError("{table} is empty.", hint="Choose a file with a header line and rows of data.", table=name)
    delimiter = _declared_delimiter(skipped) or _find_delimiter(body)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    try:
        header = next(reader)
    except (csv.Error, StopIteration) as error:
        raise InputError(
            "The header line of {table} cannot be read.",
            hint="Check that every quotation mark in the first line is closed.",
            table=name,
        ) from error
    header_text = "".join(islice(io.StringIO(body, newline=""), reader.line_num))
    return Layout(
        encoding=encoding,
        delimiter=delimiter,
        decimal=_find_decimal(body[len(header_text) :], delimiter),
        header=tuple(header),
        header_lines=len(skipped) + reader.line_num,
        header_characters=sum(map(len, skipped)) + len(header_text),
    )


def _lines_before_header(text: str) -> list[str]:
    """Blank lines, and the ``sep=;`` line with which Excel is told the delimiter."""
    skipped = []
    for line in io.StringIO(text, newline=""):
        if line.strip() and not _declared_delimiter([line]):
            break
        skipped.append(line)
    return skipped


def _declared_delimiter(lines: Iterable[str]) -> str | None:
    for line in lines:
        found = re.fullmatch(r"sep=([,;\t])", line.strip("\r\n"), flags=re.IGNORECASE)
        if found:
            return found[1]
    return None


def _find_delimiter(body: str) -> str:
    """The delimiter that parts most lines into as many fields as the header; the comma when none parts the header."""
    best, best_rank = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        records = _records(body, delimiter)
        fields = len(records[0]) if records else 0
        if fields < 2:
            continue
        counts = Counter(map(len, records[1:]))
        share = counts[fields] / max(1, counts.total())
        if (share, fields) > best_rank:
            best, best_rank = delimiter, (share, fields)
    return best


def _records(body: str, delimiter: str) -> list[list[str]]:
    """The first records of the sample, without blank ones and without a last one that may be cut off."""
    records: list[list[str]] = []
    try:
        for record in islice(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter), _SAMPLE_RECORDS + 1):
            records.append(record)
    except csv.Error:
        pass  # a quote that never closes: the records before it still tell the delimiter
    complete = records if len(records) < 2 or body.endswith(("\n", "\r")) else records[:-1]
    return [record for record in complete if record]


def _find_decimal(body: str, delimiter: str) -> str:
    """A comma only where commas do not part the fields and no number of the sample is written with a point."""
    if delimiter == ",":
        return "."
    cells = [cell for record in _records(body, delimiter) for cell in record]
    commas = _any_match(_COMMA_DECIMAL, cells)
    return "," if commas and not _any_match(_POINT_DECIMAL, cells) else "."


def _any_match(pattern: re.Pattern[str], cells: Sequence[str]) -> bool:
    return any(pattern.fullmatch(cell) for cell in cells)
