"""How sure a mean over series is: bootstrap intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LEVEL, SAMPLES, SEED = 0.95, 10_000, 0


def interval(values: ArrayLike) -> list[float]:
    """Lowest and highest mean of the middle 95 % of 10,000 draws of as many series, with replacement.

    Efron's percentile interval. The same values give the same interval, in whatever order. For the difference of two
    detectors, give the differences series by series: then series that are hard for both widen nothing.

    Args:
        values: (series,) at least one, without NaN.
    """
    known = np.sort(np.asarray(values, dtype=np.float64))
    drawn = np.random.default_rng(SEED).integers(0, len(known), (SAMPLES, len(known)))
    low, high = np.quantile(known[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [round(float(low), 4), round(float(high), 4)]


def formatted(mean: float, bounds: list[float]) -> str:
    """As a cell of a table.

    >>> formatted(0.5, [0.42, 0.581])
    '0.500 (0.420 to 0.581)'
    """
    return f"{mean:.3f} ({bounds[0]:.3f} to {bounds[1]:.3f})"
