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
    if not any(delimiter in line for line in lines) and delimiter in _SIGNS:
        return LineSplit(delimiter, 1, 1.0, 0.0)
    records = [record for record in records_of(lines, delimiter) if record.fields]
    if not records:
        return LineSplit(delimiter, 1, 0.0, 0.0)
    kinds = [_kinds(record) for record in records]
    values = [sum(map(is_value, one)) for one in kinds]
    width = _usual_width(records, values)
    alike = [at for at, record in enumerate(records) if len(record.fields) == width]
    filled = sum(kind is not CellKind.EMPTY for at in alike for kind in kinds[at])
    share = sum(values[at] for at in alike) / filled if filled else 0.0
    return LineSplit(delimiter, width, len(alike) / len(records), share)


def usual_width(records: Sequence[Record]) -> int:
    """Fields of the lines that hold the most values together; where none holds any, of the most lines."""
    return _usual_width(records, [sum(map(is_value, _kinds(record))) for record in records])


def _usual_width(records: Sequence[Record], values: Sequence[int]) -> int:
    """The same, by the numbers and times in each line."""
    lines: Counter[int] = Counter()
    together: Counter[int] = Counter()
    for record, count in zip(records, values, strict=True):
        lines[len(record.fields)] += 1
        together[len(record.fields)] += count
    return max(lines, key=lambda width: (together[width], lines[width], width))


def _kinds(record: Record) -> list[CellKind]:
    return [cell_kind(cell) for cell in record.fields[:_MOST_CELLS]]
