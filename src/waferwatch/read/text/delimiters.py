"""Which sign stands between the fields of a text table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from waferwatch.read.cells.kinds import CellKind, cell_kind, is_value
from waferwatch.read.text.records import BLANKS, WIDE_BLANKS, Record, records_of

_SIGNS = (",", ";", "\t", "|")
_MOST_LINES = 200  # that are looked at
_MOST_CELLS = 60  # of a line
_FEW_LINES = 80
_SURE = 0.5  # share of lines of one width
_CLOSE = 0.98


@dataclass(frozen=True)
class LineSplit:
    """How well a delimiter splits the lines."""

    delimiter: str
    width: int  # fields of most lines
    share: float  # of the lines that have as many
    values: float  # share of their filled cells that are numbers or times

    @property
    def rank(self) -> float:
        return self.share * (0.1 + self.values) if self.width > 1 else 0.0


def find_delimiter(lines: Sequence[str], declared: str | None = None) -> LineSplit:
    """The delimiter that gives most lines the same number of fields, and those the most numbers and times.

    Args:
        lines: of the beginning of a file.
        declared: what the file or its owner says.
    """
    looked_at = _middle(lines)
    if declared is not None:
        return _split(looked_at, declared)
    splits = [_split(looked_at, sign) for sign in _SIGNS]
    best = _best(splits, lines)
    if best.width > 1 and best.share >= _SURE:
        return best
    blanks = [split for split in (_split(looked_at, sign) for sign in (WIDE_BLANKS, BLANKS)) if _holds(split)]
    if blanks and best.rank < max(split.rank for split in blanks):
        return _best(blanks, lines)
    return best if best.width > 1 else LineSplit(",", 1, 1.0, 0.0)


def declared_delimiter(line: str) -> str | None:
    """The delimiter that a line such as ``sep=;`` tells Excel."""
    found = re.fullmatch(r'"?sep=([,;\t|])"?', line.strip("\ufeff \r\n"), flags=re.IGNORECASE)
    return found[1] if found else None


def _best(splits: Sequence[LineSplit], lines: Sequence[str]) -> LineSplit:
    """The best rank; of equally good ones that which splits the names above the rows as well, then most fields."""
    top = max(split.rank for split in splits)
    close = [split for split in splits if split.rank >= _CLOSE * top]
    if len(close) == 1:
        return close[0]
    return max(close, key=lambda split: (_alike(lines[:_MOST_LINES], split), split.width))


def _alike(lines: Sequence[str], split: LineSplit) -> int:
    """Lines from the top of the file that have as many fields."""
    return sum(len(record.fields) == split.width for record in records_of(lines, split.delimiter))


def _holds(split: LineSplit) -> bool:
    """Blanks also stand between words, so they are delimiters only where mostly values stand between them."""
    return split.width > 1 and split.share >= _SURE and split.values >= _SURE


def _middle(lines: Sequence[str]) -> list[str]:
    """Lines of the middle, where neither what stands above the table nor what stands below it is."""
    filled = [line for line in lines if line.strip(" \t\r\n,;|")]
    if len(filled) <= _FEW_LINES:
        return filled[1:] or filled
    quarter = len(filled) // 4
    return filled[quarter : len(filled) - quarter][:_MOST_LINES]


def _split(lines: Sequence[str], delimiter: str) -> LineSplit:
    records = [record for record in records_of(lines, delimiter) if record.fields]
    if not records:
        return LineSplit(delimiter, 1, 0.0, 0.0)
    width = usual_width(records)
    alike = [record for record in records if len(record.fields) == width]
    filled = sum(cell_kind(cell) is not CellKind.EMPTY for record in alike for cell in record.fields[:_MOST_CELLS])
    values = sum(map(_values, alike))
    return LineSplit(delimiter, width, len(alike) / len(records), values / filled if filled else 0.0)


def usual_width(records: Sequence[Record]) -> int:
    """Fields of the lines that hold the most values together; where none holds any, of the most lines."""
    lines: Counter[int] = Counter()
    values: Counter[int] = Counter()
    for record in records:
        lines[len(record.fields)] += 1
        values[len(record.fields)] += _values(record)
    return max(lines, key=lambda width: (values[width], lines[width], width))


def _values(record: Record) -> int:
    """Numbers and times in a line."""
    return sum(is_value(cell_kind(cell)) for cell in record.fields[:_MOST_CELLS])
