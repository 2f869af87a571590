"""What the text of a cell looks like: a number, a time, nothing, or words. Only enough to find the table in a file."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from waferwatch.read.cells.values import MISSING


class CellKind(StrEnum):
    """What a cell looks like."""

    EMPTY = "empty"  # or a word for no value
    NUMBER = "number"  # perhaps with a unit or a thousands sign
    TIME = "time"  # a date, a time of day, or both
    TEXT = "text"


_MISSING = frozenset(MISSING)
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_NUMBER = re.compile(
    r"[<>~≤≥]?\s*[+\-−]?(?:\d[\d.,'  ]*|[.,]\d+)(?:[eEdD][+-]?\d+)?\s*[^\W\d_]{0,5}(?:[%°/·²³][\w°²³]{0,5})*"
    r"|[+-]?(?:inf|infinity)|1\.#\w+|0x[0-9a-fA-F]+",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\d{1,4}\s*[-/._년年]\s*\d{1,2}\s*[-/._월月]\s*\d{1,4}(?!\d)[^;|\t]*"
    r"|\d{1,2}[-/. ](?:[A-Za-z]{3,9})\.?[-/., ]+\d{2,4}(?!\d)[^;|\t]*"
    r"|(?:[A-Za-z]{3,9})[-/. ]+\d{1,2}[-/., ]+\d{2,4}(?!\d)[^;|\t]*"
    r"|(?:[A-Za-z]{3},?\s+)?(?:[A-Za-z]{3})\s+\d{1,2}\s+\d{1,2}:\d{2}[^;|\t]*"
    r"|(?:오전|오후|午前|午後|上午|下午|[AaPp][Mm])?\s*\d{1,2}\s*[:시時时]\s*\d{1,2}[^;|\t]*"
    r"|(?:19|20)\d{6}(?:[T _-]?\d{4,6}[^;|\t]*)?",
)
_MOST_LETTERS = 60  # of a number or time; a longer cell is text


def cell_kind(text: str) -> CellKind:
    """The kind of one cell."""
    text = text.strip()
    if _PLAIN_NUMBER.fullmatch(text):
        return CellKind.NUMBER
    if not text or text.lower() in _MISSING:
        return CellKind.EMPTY
    if len(text) > _MOST_LETTERS or not any(sign.isdigit() for sign in text):
        return CellKind.TEXT
    if _TIME.fullmatch(text) and any(sign.isdigit() for sign in text):
        return CellKind.TIME
    return CellKind.NUMBER if _NUMBER.fullmatch(text) and "--" not in text else CellKind.TEXT


def leading_number(text: str) -> float:
    """The number with which a cell begins, NaN where it begins with none: 200.5 of ``"200.5 nm"``."""
    found = _PLAIN_NUMBER.match(text.strip())
    return float(found[0]) if found else math.nan


def column_kinds(records: Sequence[Sequence[str]], width: int) -> list[CellKind]:
    """What most of the filled cells of each column look like; EMPTY for a column without any."""
    kinds = []
    for at in range(width):
        found = Counter(cell_kind(record[at]) for record in records if at < len(record))
        found.pop(CellKind.EMPTY, None)
        kinds.append(found.most_common(1)[0][0] if found else CellKind.EMPTY)
    return kinds


def is_value(kind: CellKind) -> bool:
    """Whether it is something measured or the time of it."""
    return kind in (CellKind.NUMBER, CellKind.TIME)
