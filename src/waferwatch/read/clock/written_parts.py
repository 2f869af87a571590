"""The parts that a pattern finds in written times, before anything is made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.clock.patterns import Pattern
from waferwatch.read.clock.words import HALVES, is_afternoon, month_of

ABSENT = -1
NUMBERS = "abchisjd"  # groups that hold whole numbers; a and b may hold the name of a month
_LONGEST = 100  # letters of a written time: longer texts are none, and would take long to search
_PLACES = 9  # of a fraction of a second: nanoseconds
_HALF = re.compile(HALVES, re.IGNORECASE)


@dataclass
class WrittenParts:
    """Parts of n texts. ABSENT stands where a part is not written or the text does not match."""

    matched: NDArray[np.bool_]  # (n,)
    numbers: dict[str, NDArray[np.int64]]  # group -> (n,)
    fraction: NDArray[np.int64]  # (n,) nanoseconds
    half: NDArray[np.int64]  # (n,) 0 before noon, 1 after it
    zone: NDArray[np.int64]  # (n,) position in zones
    zones: list[str] = field(default_factory=list)
    widths: dict[str, int] = field(default_factory=dict)  # most letters of a, b and c
    month: str | None = None  # the group that holds the name of a month

    @classmethod
    def none(cls, count: int) -> WrittenParts:
        """Nothing found in ``count`` texts."""
        absent = np.full(count, ABSENT, dtype=np.int64)
        numbers = {name: absent.copy() for name in NUMBERS}
        return cls(np.zeros(count, np.bool_), numbers, np.zeros(count, np.int64), absent.copy(), absent.copy())

    def zone_at(self, word: str) -> int:
        """The position of a zone's word, which is added when it is new."""
        if word not in self.zones:
            self.zones.append(word)
        return self.zones.index(word)


def parts_one_by_one(texts: Sequence[str], pattern: Pattern, into: WrittenParts, rows: NDArray[np.intp]) -> None:
    """Fill the parts of texts of any shape, which stand at ``rows``."""
    for text, row in zip(texts, rows.tolist(), strict=True):
        found = pattern.compiled.match(text) if len(text) <= _LONGEST else None
        if found is not None:
            into.matched[row] = True
            for name, word in found.groupdict().items():
                if word:
                    _put(name, word, into, row)


def _put(name: str, word: str, into: WrittenParts, row: int) -> None:
    if name in NUMBERS:
        into.month = into.month if word.isdigit() else name
        into.numbers[name][row] = month_number(word)
    elif name == "f":
        into.fraction[row] = int(word.ljust(_PLACES, "0"))
    elif name == "z":
        into.zone[row] = into.zone_at(word)
    else:
        into.half[row] = half_number(word)
    if name in "abc":
        into.widths[name] = max(into.widths.get(name, 0), len(word))


def month_number(word: str) -> int:
    return int(word) if word.isdigit() else month_of(word) or ABSENT


def half_number(word: str) -> int:
    """0 before noon, 1 after it, ABSENT for another word."""
    return int(is_afternoon(word)) if _HALF.fullmatch(word) else ABSENT
