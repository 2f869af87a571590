"""Quantiles and highest values of many groups at once, without a loop over the groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.run_score import top_counts


def group_quantiles(
    codes: NDArray[np.integer], values: NDArray[np.float64], size: int, shares: Sequence[float]
) -> NDArray[np.float64]:
    """Quantiles of the finite values of each group, by linear interpolation (the default of ``numpy.quantile``).

    Args:
        codes: (n,) group of each value, 0 to size - 1.
        values: (n,); what is not finite is left out.
        size: number of groups.
        shares: which quantiles, 0 to 1.

    Returns:
        (size, len(shares)); NaN for a group without a finite value.
    """
    ordered, counts, starts = _sorted(codes, values, size)
    found = np.full((size, len(shares)), np.nan)
    held = np.flatnonzero(counts)
    for position, share in enumerate(shares):
        place = share * (counts[held] - 1)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, counts[held] - 1)
        low, high = ordered[starts[held] + below], ordered[starts[held] + above]
        found[held, position] = low + (high - low) * (place - below)
    return found


def highest_tenth(codes: NDArray[np.integer], scores: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(size,) the score of a run (``indicators.run_score``) of each group's finite scores; NaN for none."""
    ordered, counts, starts = _sorted(codes, scores, size)
    taken = top_counts(counts)
    group = np.repeat(np.arange(size), counts)
    rank_from_top = starts[group] + counts[group] - np.arange(len(ordered))  # 1 is the highest
    top = rank_from_top <= taken[group]
    sums = np.bincount(group[top], weights=ordered[top], minlength=size)
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / taken)


def _sorted(
    codes: NDArray[np.integer], values: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """The finite values group by group, ascending in each; how many each group has; where each begins."""
    finite = np.isfinite(values)
    codes, values = codes[finite], values[finite]
    order = np.argsort(values)
    # A stable sort of 16-bit numbers is a radix sort, ten times as fast.
    small = codes.astype(np.uint16) if size <= 2**16 else codes
    order = order[np.argsort(small[order], kind="stable")]
    counts = np.bincount(codes, minlength=size)
    return values[order], counts, np.cumsum(counts) - counts
