"""Where the rows of data begin among the lines of a file, and what each column of them looks like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from waferwatch.read.cells.kinds import CellKind, cell_kind, column_kinds, is_value, leading_number
from waferwatch.read.text.records import Record

_LOOKED_AT = 200
_FEWEST_POINTS = 3
_MOSTLY = 0.7
COMMENT_SIGNS = ("#", "%", "//", "!", "'", "*", ";", "--", "REM ", "rem ")


@dataclass(frozen=True)
class TableStart:
    """The first data row of a text."""

    position: int  # of its record; the number of records when there is none
    width: int  # fields of a data row as written
    kinds: tuple[CellKind, ...]  # of each column


def find_start(records: Sequence[Record], width: int) -> TableStart:
    """Find the first row that looks like the body of the table.

    Args:
        records: of the beginning of a file.
        width: fields of most lines.
    """
    body = [record for record in records if len(record.fields) == width]
    middle = body[len(body) // 3 :][-_LOOKED_AT:] if len(body) > 2 else body[-1:]
    kinds = tuple(column_kinds([record.fields for record in middle], width))
    usual = median(map(_filled, middle)) if middle else 0
    for position, record in enumerate(records):
        if len(record.fields) != width or 2 * _filled(record) < usual:
            continue  # a key and its value stand in two of many fields
        if not fits(record.fields, kinds) or _is_header_of_numbers(records, position):
            continue
        if _names_points(record, kinds) and not any(map(_is_of_words, body[: body.index(record)])):
            continue
        if not _is_key_above_names(records, position, kinds):
            return TableStart(position, width, kinds)
    return TableStart(len(records), width, kinds)


def _is_key_above_names(records: Sequence[Record], position: int, kinds: Sequence[CellKind]) -> bool:
    """Whether a line is a key and its value: a word stands where the table has numbers, and its names come below."""
    if not kinds or kinds[0] is not CellKind.NUMBER or cell_kind(records[position].fields[0]) is not CellKind.TEXT:
        return False
    for record in records[position + 1 :]:
        found = [cell_kind(cell) for cell in record.fields]
        if len(found) == len(kinds) and all(kind is CellKind.TEXT for kind in found):
            return True
        if len(found) == len(kinds) and all(map(is_value, found)):
            return False
    return False


def _filled(record: Record) -> int:
    return sum(bool(cell.strip()) for cell in record.fields)


def fits(fields: Sequence[str], kinds: Sequence[CellKind]) -> bool:
    """Whether a line looks like a data row: times where there are times, and else mostly numbers where there are some.

    A body of words alone is fitted by no line.
    """
    found = [cell_kind(cell) for cell in fields[: len(kinds)]]
    times = [
        one for one, kind in zip(found, kinds, strict=False) if kind is CellKind.TIME and one is not CellKind.EMPTY
    ]
    if times:
        return all(one is not CellKind.TEXT for one in times)
    numbers = [one for one, kind in zip(found, kinds, strict=False) if is_value(kind) and one is not CellKind.EMPTY]
    good = sum(map(is_value, numbers))
    return good > 0 and 2 * good >= len(numbers)


def is_comment(text: str, delimiter: str) -> bool:
    """Whether a line begins with a sign that usually begins a comment, and that is not the delimiter."""
    plain = text.lstrip('\ufeff "' if delimiter == "\t" else '\ufeff \t"')
    return plain.startswith(COMMENT_SIGNS) and not plain.startswith(delimiter)


def is_row(fields: Sequence[str], start: TableStart) -> bool:
    """Whether a line may be a row of data: it looks like one, or is as wide and holds nothing at all."""
    if len(fields) != start.width:
        return False
    return fits(fields, start.kinds) or all(cell_kind(cell) is CellKind.EMPTY for cell in fields)


def without_comment_sign(cell: str) -> str:
    """The first cell of a line without the sign of a comment."""
    plain = cell.strip()
    for sign in COMMENT_SIGNS:
        if plain.startswith(sign):
            return plain.lstrip(sign[0]).strip() if len(sign) == 1 else plain[len(sign) :].strip()
    return plain


def _is_of_words(record: Record) -> bool:
    return all(cell_kind(cell) is CellKind.TEXT for cell in record.fields)


def _names_points(record: Record, kinds: Sequence[CellKind]) -> bool:
    """Whether a line names the points of a spectrum or a run behind words: Time, Wafer, 200.00nm, 203.02nm."""
    found = list(zip(record.fields, map(cell_kind, record.fields), kinds, strict=False))
    words = [cell for cell, kind, column in found if kind is CellKind.TEXT and is_value(column)]
    points = [leading_number(cell) for cell, kind, _ in found if kind is CellKind.NUMBER]
    if not words or len(points) < _FEWEST_POINTS:
        return False
    return all(one < other for one, other in pairwise(points))


def _is_header_of_numbers(records: Sequence[Record], position: int) -> bool:
    """Whether the names are 0, 1, 2 ..., as of a table without names that was written with its column numbers."""
    cells = [cell.strip() for cell in records[position].fields]
    start = 1 if cells and not cells[0] else 0  # the index above which no name stands
    numbers = [int(cell) if cell.isdecimal() and len(cell) < 6 else -1 for cell in cells[start:]]
    if len(numbers) < 3 or numbers[0] not in (0, 1) or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return False
    below = next((record for record in records[position + 1 :] if len(record.fields) == len(cells)), None)
    return below is not None and any("." in cell or "," in cell for cell in below.fields)
