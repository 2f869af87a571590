"""Filler numbers: -9999, ends of a converter and the like, which stand for no value and lie far outside of the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SAMPLE = 20_000  # values that stand for the rest
_AWAY = 1.0  # ranges of the rest that a filler lies away from it
_AWAY_STRANGE = 5.0  # ranges of the rest for a value that does not look like a filler
_FEWEST = 10  # other values that show where the rest lies
_OFTEN = 3  # times that such a value comes back
_MOST = 0.5  # of the values: what comes more often is the signal itself
_TYPE_ENDS = (2**15, 2**16, 2**24, 2**31, 2**32, 2**63, 2**64)
_CONVERTERS = (1023, 2047, 4095, 8191, 16383)
_HUGE = 1e20  # no sensor reaches it: 1e20, 1e30, 9.97e36 and 3.4e38 stand for nothing
_DECADES = (1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True)
class Filler:
    """A value that comes back far outside of the rest."""

    value: float
    count: int
    known: bool  # whether it is one of those that programs write for no value


def find_fillers(numbers: NDArray[np.float64], ends: tuple[float, float]) -> list[Filler]:
    """The fillers of a column.

    Args:
        numbers: (n,) NaN where missing.
        ends: the least and the greatest of them.
    """
    found: list[Filler] = []
    low, high = ends
    left: NDArray[np.float64] | None = None
    for _ in range(4):
        candidate = next((end for end in (low, high) if looks_like_filler(end) or _is_impossible(end, numbers)), None)
        if candidate is None:
            break
        left = numbers[~np.isnan(numbers)] if left is None else left
        is_it = left == candidate
        rest = left[~is_it]
        if not _stands_for_nothing(candidate, int(is_it.sum()), rest):
            break
        found.append(Filler(candidate, int(is_it.sum()), known=True))
        left = rest
        low, high = float(rest.min()), float(rest.max())
    return found


def find_strange(numbers: NDArray[np.float64], ends: tuple[float, float]) -> Filler | None:
    """A value that does not look like a filler but comes back far outside of the rest."""
    step = max(1, len(numbers) // _SAMPLE)
    sample = numbers[::step]
    sample = sample[np.isfinite(sample)]
    if len(sample) < 20:
        return None
    for end in (end for end in ends if np.isfinite(end)):
        rest = sample[sample != end]
        if len(rest) < _MOST * len(sample):
            continue
        low, middle, high = np.quantile(rest, (0.05, 0.5, 0.95))
        if max(low - end, end - high) > _AWAY_STRANGE * max(high - low, 1e-9 * abs(middle)) and high > low:
            count = int((numbers == end).sum())
            if count >= _OFTEN:
                return Filler(end, count, known=False)
    return None


def looks_like_filler(value: float) -> bool:
    """Whether programs write the number for no value: nines, ends of number types and converters, 1e30."""
    size = abs(value)
    if not np.isfinite(value) or size < 99:
        return False
    return size >= _HUGE or _is_nines(size) or _is_end(value)


def _is_impossible(value: float, numbers: NDArray[np.float64]) -> bool:
    """Whether a whole negative number comes back again and again among values that are all positive and far away.

    A fault would last, and would not take the same value each time: -200 and the like are written for no value.
    """
    if not -_HUGE < value < 0 or value != round(value):
        return False
    is_it = numbers == value
    others = numbers[~is_it & ~np.isnan(numbers)]
    if not len(others) or others.min() < 0 or int((is_it[1:] & ~is_it[:-1]).sum()) < _OFTEN:
        return False
    return bool(-value > _AWAY_STRANGE * (others.max() - others.min()))


def _is_nines(size: float) -> bool:
    """99, 999, 9999 ... with or without nines or a quarter behind the point; 99 counts as one only where negative."""
    text = f"{size:.4f}".rstrip("0").rstrip(".")
    whole, _, fraction = text.partition(".")
    return set(whole) == {"9"} and len(whole) >= 2 and (set(fraction) <= {"9"} or fraction in ("25", "5"))


def _is_end(value: float) -> bool:
    for decade in _DECADES:
        scaled = round(abs(value) * decade, 6)
        if scaled in _TYPE_ENDS or scaled + 1 in _TYPE_ENDS:
            return scaled >= 2**15 - 1
    return value in _CONVERTERS or float(np.float32(value)) in (float(2**31), float(2**32))


def _stands_for_nothing(value: float, count: int, rest: NDArray[np.float64]) -> bool:
    """Whether the value lies far outside of the rest, and often enough or plainly enough is no measurement."""
    if len(rest) < _FEWEST or count > _MOST * (count + len(rest)):
        return False
    others = rest[:: max(1, len(rest) // _SAMPLE)]
    for end in (others.min(), others.max()):
        others = others[others != end] if looks_like_filler(float(end)) else others
    if not len(others):
        return False
    low, high = (float(end) for end in np.quantile(others, (0.005, 0.995)))
    away = max(low - value, value - high)
    plain = abs(value) >= 999 and (value < 0 <= low or abs(value) >= 9_999)
    return away > _AWAY * max(high - low, 0.05 * max(abs(low), abs(high))) and (count > 1 or plain)
