"""95 % intervals of what was counted."""

from __future__ import annotations

import math

from scipy.special import gammaincinv

CONFIDENCE = 0.95
_Z = 1.959963984540054  # two-sided 95 %


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % interval of a share: Wilson, "Probable inference", JASA 22 (1927)."""
    share = hits / total
    scale = 1 + _Z**2 / total
    middle = (share + _Z**2 / (2 * total)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))  # rounding aside, share lies within


def poisson_interval(count: int) -> tuple[float, float]:
    """The exact two-sided 95 % interval of the mean of a Poisson count (Garwood 1936).

    >>> [round(end, 2) for end in poisson_interval(2)]
    [0.24, 7.22]
    """
    tail = (1 - CONFIDENCE) / 2
    return float(gammaincinv(count, tail)) if count else 0.0, float(gammaincinv(count + 1, 1 - tail))


def sign_test(one: int, other: int) -> float:
    """How often a fair coin falls at least as unevenly as one to other; the two-sided sign test.

    >>> sign_test(5, 0)
    0.0625
    """
    tosses = one + other
    tail = sum(math.comb(tosses, count) for count in range(min(one, other) + 1))
    return float(min(1.0, 2 * tail / 2**tosses))
