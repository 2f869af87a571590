"""Units behind numbers: the same one written in several ways, and multiples of one another."""

from __future__ import annotations

import math
import re
import unicodedata

_PREFIXES = {"": 0, "p": -12, "n": -9, "u": -6, "m": -3, "c": -2, "k": 3, "K": 3, "M": 6, "G": 9}
_BASES = (
    "Torr",
    "torr",
    "bar",
    "Pa",
    "V",
    "A",
    "W",
    "Hz",
    "Ohm",
    "ohm",
    "s",
    "m",
    "g",
    "L",
    "l",
    "J",
    "N",
    "C",
    "F",
    "H",
)
_ALIKE = {"\u03bc": "u", "\u00b5": "u", "Ω": "Ohm", "㎃": "mA", "℃": "°C"}


def scales(unit: str, main: str) -> float:
    """By what a number with ``unit`` is multiplied to have the unit ``main``; NaN where it cannot have it."""
    if not main:
        return math.nan
    one, other = _spelt(unit), _spelt(main)
    if _loosely(one) == _loosely(other) and not _milli_and_mega(one, other):
        return 1.0
    for base in _BASES:
        if one.endswith(base) and other.endswith(base):
            first, second = one.removesuffix(base), other.removesuffix(base)
            if first in _PREFIXES and second in _PREFIXES:
                return float(10.0 ** (_PREFIXES[first] - _PREFIXES[second]))
    return math.nan


def _spelt(unit: str) -> str:
    text = unicodedata.normalize("NFKC", unit).strip(" .")
    for sign, word in _ALIKE.items():
        text = text.replace(sign, word)
    return text


def _loosely(unit: str) -> str:
    """Without blanks, degree signs and case."""
    return re.sub(r"[\s°º.]", "", unit).lower()


def _milli_and_mega(one: str, other: str) -> bool:
    return {one[:1], other[:1]} == {"m", "M"}
