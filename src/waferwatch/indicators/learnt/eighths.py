"""Slow bends of a trace: the noise of single rows hides them, means over eighths of a step show them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EIGHTHS = 8
FEWEST_ROWS = 16  # of a step: with fewer an eighth is hardly more than a row
_ROBUST = 1.4826  # median absolute deviation to standard deviation
_TRIM = 3.0  # robust spreads; what lies farther off counts as that far
_LEAST_SHARE = 0.5  # of the spread that a mean of independent rows has: an eighth is never known better than that


def means_of_eighths(off: Floats, cells: StepCells) -> Floats:
    """(cells, EIGHTHS, S) means over the successive eighths of each cell's rows; 0 where a short cell has no row.

    Args:
        off: (S, n) residuals in the order of ``cells.rows``, without NaN.
    """
    begin = cells.starts[:, None] + np.arange(EIGHTHS) * cells.lengths[:, None] // EIGHTHS
    count = np.diff(begin, axis=1, append=(cells.starts + cells.lengths)[:, None])[:, :, None]
    total = np.stack([np.add.reduceat(one, begin.ravel()) for one in off], axis=1)  # far faster than side by side
    found: Floats = np.where(count > 0, total.reshape(len(cells), EIGHTHS, -1) / np.maximum(count, 1), 0.0)
    return found


def usual_spread(means: Floats, rows: int) -> Floats:
    """(EIGHTHS, S) what golden wafers' eighths of one stage spread around the normal course; NaN for short steps.

    Args:
        means: (wafers, EIGHTHS, S) in spreads of a row.
        rows: of the step.
    """
    if rows < FEWEST_ROWS or not len(means):
        return np.full(means.shape[1:], np.nan)
    robust = _ROBUST * np.median(np.abs(means), axis=0)
    least = _LEAST_SHARE * (EIGHTHS / rows) ** 0.5
    far = _TRIM * np.maximum(robust, least)
    found: Floats = np.maximum(np.sqrt(np.square(np.clip(means, -far, far)).mean(axis=0)), least)
    return found


def bends(means: Floats, spread: Floats) -> Floats:
    """(cells, S) how far traces bend slowly off the normal course; NaN without a spread.

    Of all stretches of neighbouring eighths, the one whose sum is farthest off the mean of the step counts, as a share
    of the root of EIGHTHS, eighths in golden spreads: a bend is found wherever it lies in the step (Kuiper 1960). By
    chance alone it is about 0.8.

    Args:
        means: (cells, EIGHTHS, S).
        spread: (cells, EIGHTHS, S) what golden wafers' eighths spread there.
    """
    scaled = means / spread
    summed = np.cumsum(scaled - scaled.mean(axis=1, keepdims=True), axis=1)
    found: Floats = np.ptp(summed, axis=1) / EIGHTHS**0.5
    return found
