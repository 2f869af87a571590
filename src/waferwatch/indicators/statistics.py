"""One value per cell, sensor and statistic: mean, spread, lowest, highest, slope, time to settle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells

Floats = NDArray[np.float64]

MEAN, SPREAD, LOWEST, HIGHEST, SLOPE, SETTLE = "mean", "spread", "min", "max", "slope", "settle"
STATISTICS = (MEAN, SPREAD, LOWEST, HIGHEST, SLOPE, SETTLE)
_SETTLED_SPREADS = 4.0  # of the second half of the step: within them a value has settled,
_SETTLED_SHARE = 0.05  # or within this share of its farthest excursion


@dataclass(frozen=True)
class MeasuredRows:
    """The rows of cells that a sensor was measured at, and what depends on nothing else."""

    missing: NDArray[np.bool_] | None  # (n,) None where there is none
    count: Floats  # (cells,) rows measured
    since: Floats  # (n,) seconds since the mean time of the cell's rows; 0 where missing
    width: Floats  # (cells,) sum of its squares
    second: NDArray[np.bool_]  # (n,) in the second half of its cell
    seconds: Floats  # (cells,) rows of the second half, at least 1
    first: NDArray[np.bool_]  # (n,) the first row of its cell

    def without_missing(self, values: Floats, instead: float) -> Floats:
        """(n,) values with another one where the sensor was not measured."""
        return values if self.missing is None else np.where(self.missing, instead, values)


def measured_rows(cells: StepCells, missing: NDArray[np.bool_] | None) -> MeasuredRows:
    """Of cells whose rows are ``missing``, (n,); None: none."""
    there = np.ones(len(cells.rows)) if missing is None else (~missing).astype(np.float64)
    count = _sum(there, cells)
    second = (cells.tick >= (cells.lengths // 2)[cells.cell]) & (there > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        since = np.where(there > 0, cells.clock - (_sum(cells.clock * there, cells) / count)[cells.cell], 0.0)
    seconds = np.maximum(_sum(second.astype(np.float64), cells), 1.0)
    return MeasuredRows(missing, count, since, _sum(np.square(since), cells), second, seconds, cells.tick == 0)


def statistics_of(values: Floats, cells: StepCells, whole: MeasuredRows | None = None) -> Floats:
    """(len(STATISTICS), cells) of one sensor.

    The spread is the standard deviation; the slope is that of a straight line by least squares, per second (per row
    where the table has no time); the time to settle is when the sensor entered the band around its level in the second
    half of the step for good, in seconds or rows. Missing rows do not count; a cell without any value is NaN.

    Args:
        values: (n,) in the order of ``cells.rows``, NaN = missing.
        whole: of these cells where nothing is missing, which several sensors can share.
    """
    missing = np.isnan(values)
    rows = measured_rows(cells, missing if missing.any() else None) if whole is None or missing.any() else whole
    known, count = rows.without_missing(values, 0.0), rows.count
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _sum(known, cells) / count
        off = rows.without_missing(values - mean[cells.cell], 0.0)
        spread = np.sqrt(_sum(np.square(off), cells) / count)
        low = np.minimum.reduceat(rows.without_missing(values, np.inf), cells.starts)
        high = np.maximum.reduceat(rows.without_missing(values, -np.inf), cells.starts)
    slope = np.where(rows.width > 0, _sum(rows.since * off, cells) / np.where(rows.width > 0, rows.width, 1.0), 0.0)
    found = np.stack([mean, spread, low, high, slope, _settle(off, rows, cells)])
    found[:, count == 0] = np.nan
    return found


def _sum(values: Floats, cells: StepCells) -> Floats:
    found: Floats = np.add.reduceat(values, cells.starts)
    return found


def _settle(off: Floats, rows: MeasuredRows, cells: StepCells) -> Floats:
    """Seconds from the beginning of each cell to the first row after the last one outside its band."""
    level = _sum(np.where(rows.second, off, 0.0), cells) / rows.seconds
    away = off - level[cells.cell]
    away = rows.without_missing(np.abs(away, out=away), 0.0)
    noise = np.sqrt(_sum(np.where(rows.second, np.square(away), 0.0), cells) / rows.seconds)
    farthest = np.maximum.reduceat(away, cells.starts)
    band = np.maximum(_SETTLED_SPREADS * noise, _SETTLED_SHARE * farthest)
    outside = away > band[cells.cell]
    outside[1:] &= outside[:-1] | rows.first[1:]  # one row alone is noise
    last = np.maximum.reduceat(np.where(outside, cells.tick, -1), cells.starts)
    at = cells.starts + np.minimum(last + 1, cells.lengths - 1)
    found: Floats = cells.clock[at]
    return found


def durations(cells: StepCells) -> Floats:
    """(cells,) seconds from the first row of each cell to its last, rows where there is no time."""
    return cells.clock[cells.starts + cells.lengths - 1] if cells.timed else cells.lengths.astype(np.float64)
