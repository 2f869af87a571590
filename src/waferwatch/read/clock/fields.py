"""Written times taken apart by a pattern: the parts of the date as whole numbers, and the time of day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from waferwatch.read.clock.patterns import Pattern
from waferwatch.read.clock.same_shape import take_parts
from waferwatch.read.clock.written_parts import ABSENT, WrittenParts


@dataclass(frozen=True)
class Fields:
    """What a pattern found in n cells. ABSENT stands where a part is not written or the cell does not match."""

    matched: NDArray[np.bool_]  # (n,)
    date: tuple[NDArray[np.int64], ...]  # three of (n,): the parts of the date as written; empty without a date
    month_at: int | None  # which of them was a word
    widths: tuple[int, ...]  # most letters of each
    day_of_year: NDArray[np.int64] | None  # (n,) where that stands for month and day
    of_day: NDArray[np.int64]  # (n,) nanoseconds since midnight
    timed: bool  # whether any cell has a time of day
    zone: NDArray[np.int64]  # (n,) position in zones
    zones: tuple[str, ...]  # words of time zones


def take_apart(text: pa.ChunkedArray, pattern: Pattern) -> Fields:
    """The parts of each text; ``text`` (n,) may hold nulls."""
    parts = take_parts(text, pattern)
    present = [name for name in "abc" if pattern.has(name)]
    of_day, wrong = _of_day(parts)
    return Fields(
        parts.matched & ~wrong,
        tuple(parts.numbers[name] for name in present),
        present.index(parts.month) if parts.month in present else None,
        tuple(parts.widths.get(name, 0) for name in present),
        parts.numbers["j"] if pattern.has("j") else None,
        of_day,
        bool((parts.numbers["h"] != ABSENT).any()),
        parts.zone,
        tuple(parts.zones),
    )


def _of_day(parts: WrittenParts) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(n,) nanoseconds since midnight, and which cells (n,) hold an hour, minute or second that there is not."""
    written = {name: np.maximum(parts.numbers[name], 0) for name in "dhis"}
    hour, half = written["h"], parts.half
    wrong = (half != ABSENT) & ((hour > 12) & (half == 0) | (hour > 23))
    hour = np.where(half == ABSENT, hour, np.where(hour > 12, hour, hour % 12 + 12 * half))
    wrong |= (written["i"] > 59) & (parts.numbers["h"] != ABSENT) | (written["s"] > 60)
    seconds = written["d"] * 86_400 + hour * 3600 + written["i"] * 60 + written["s"]
    return seconds * 10**9 + parts.fraction, wrong
