"""One value per cell, sensor and statistic: mean, spread, lowest, highest, slope, time to settle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells

Floats = NDArray[np.float64]

MEAN, SPREAD, LOWEST, HIGHEST, SLOPE, SETTLE = "mean", "spread", "min", "max", "slope", "settle"
STATISTICS = (MEAN, SPREAD, LOWEST, HIGHEST, SLOPE, SETTLE)
_SETTLED_SPREADS = 4.0  # of the second half of the step: within them a value has settled,
_SETTLED_SHARE = 0.05  # or within this share of its farthest excursion


def statistics_of(values: Floats, cells: StepCells) -> Floats:
    """(len(STATISTICS), cells) of one sensor.

    The spread is the standard deviation; the slope is that of a straight line by least squares, per second (per row
    where the table has no time); the time to settle is when the sensor entered the band around its level in the second
    half of the step for good, in seconds or rows. Missing rows do not count; a cell without any value is NaN.

    Args:
        values: (n,) in the order of ``cells.rows``, NaN = missing.
    """
    there = ~np.isnan(values)
    known = values if there.all() else np.where(there, values, 0.0)
    count = _sum(there.astype(np.float64), cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _sum(known, cells) / count
        off = np.where(there, values - mean[cells.cell], 0.0)
        spread = np.sqrt(_sum(np.square(off), cells) / count)
        low = np.minimum.reduceat(np.where(there, values, np.inf), cells.starts)
        high = np.maximum.reduceat(np.where(there, values, -np.inf), cells.starts)
        slope = _slope(off, there, count, cells)
    some = count > 0
    found = np.stack([mean, spread, low, high, slope, _settle(off, there, cells)])
    found[:, ~some] = np.nan
    return found


def _sum(values: Floats, cells: StepCells) -> Floats:
    found: Floats = np.add.reduceat(values, cells.starts)
    return found


def _slope(off: Floats, there: NDArray[np.bool_], count: Floats, cells: StepCells) -> Floats:
    """Zero where all rows of a cell have one time."""
    clock = np.where(there, cells.clock, 0.0)
    late = np.where(there, cells.clock - (_sum(clock, cells) / count)[cells.cell], 0.0)
    width = _sum(np.square(late), cells)
    return np.where(width > 0, _sum(late * off, cells) / np.where(width > 0, width, 1.0), 0.0)


def _settle(off: Floats, there: NDArray[np.bool_], cells: StepCells) -> Floats:
    """Seconds from the beginning of each cell to the first row after the last one outside its band."""
    late = there & (cells.tick >= (cells.lengths // 2)[cells.cell])
    count = np.maximum(_sum(late.astype(np.float64), cells), 1.0)
    level = _sum(np.where(late, off, 0.0), cells) / count
    away = np.where(there, np.abs(off - level[cells.cell]), 0.0)
    noise = np.sqrt(_sum(np.where(late, np.square(away), 0.0), cells) / count)
    farthest = np.maximum.reduceat(away, cells.starts)
    band = np.maximum(_SETTLED_SPREADS * noise, _SETTLED_SHARE * farthest)
    outside = away > band[cells.cell]
    outside[1:] &= outside[:-1] | (cells.tick[1:] == 0)  # one row alone is noise
    last = np.maximum.reduceat(np.where(outside, cells.tick, -1), cells.starts)
    at = cells.starts + np.minimum(last + 1, cells.lengths - 1)
    found: Floats = cells.clock[at]
    return found


def durations(cells: StepCells) -> Floats:
    """(cells,) seconds from the first row of each cell to its last, rows where there is no time."""
    return cells.clock[cells.starts + cells.lengths - 1] if cells.timed else cells.lengths.astype(np.float64)
