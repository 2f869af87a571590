"""Indicators of a table: one value per cell, sensor and statistic, computed piece by piece in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells
from waferwatch.indicators.learnt.eighths import bends, means_of_eighths
from waferwatch.indicators.learnt.normal_course import NormalCourse, centred
from waferwatch.indicators.statistics import STATISTICS, durations, statistics_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Values = Callable[[Ints], Floats]  # rows of the table to the values of the sensors there, (n, S), NaN = missing

SHAPE = "shape"  # of a sensor: how far its trace bends off the normal course, its mean aside
BEND = "bend"  # of a sensor: how far it bends off slowly, which single rows hide
LENGTH, MISSING, T2, SPE = "length", "missing", "t2", "spe"  # of a cell as a whole
OF_SENSORS = (*STATISTICS, SHAPE, BEND)
OF_CELLS = (LENGTH, MISSING, SPE)
_ROWS_AT_ONCE = 200_000
_CLIP = 20.0  # spreads
_LEAST_THERE = 0.5  # of the rows of a cell, so that the others can be filled


@dataclass(frozen=True)
class IndicatorColumn:
    """What one column of the indicators is."""

    sensor: str  # "_length", "_missing", "_spe", "_t2" for what belongs to no sensor
    statistic: str


@dataclass(frozen=True)
class Indicators:
    """K values for each cell."""

    cells: StepCells
    columns: list[IndicatorColumn]
    values: Floats  # (cells, K) NaN where nothing was measured or nothing is normal

    def at(self, chosen: NDArray[np.bool_]) -> Floats:
        return self.values[chosen]


def columns_of(sensors: Sequence[str], course: NormalCourse | None) -> list[IndicatorColumn]:
    """The columns in their order: all sensors of a statistic below one another, then those of whole cells.

    A course of a model from before 0.7.0 knows no bends.
    """
    known = OF_SENSORS if course is None or course.eighths is not None else OF_SENSORS[:-1]
    found = [IndicatorColumn(sensor, statistic) for statistic in known for sensor in sensors]
    return [*found, *(IndicatorColumn(f"_{name}", name) for name in OF_CELLS)]


def indicators_of(values: Values, cells: StepCells, sensors: Sequence[str], course: NormalCourse | None) -> Indicators:
    """The indicators of every cell.

    Args:
        values: gives the sensors' values at rows of the table.
        course: what is normal, row by row; None leaves shape, bend and relation out (NaN).
    """
    columns = columns_of(sensors, course)
    found = np.full((len(cells), len(columns)), np.nan)
    for first, part in pieces(cells):
        found[first : first + len(part)] = _piece(values(part.rows), part, len(sensors), course)
    return Indicators(cells, columns, found)


def pieces(cells: StepCells, most: int = _ROWS_AT_ONCE) -> Iterator[tuple[int, StepCells]]:
    """Successive cells with at most so many rows each time (one cell at least), and the number of the first."""
    ends = cells.starts + cells.lengths
    first = 0
    while first < len(cells):
        start = int(cells.starts[first])
        last = max(first + 1, int(np.searchsorted(ends, start + most, side="right")))
        rows = slice(start, int(ends[last - 1]))
        yield (
            first,
            replace(
                cells,
                rows=cells.rows[rows],
                clock=cells.clock[rows],
                starts=cells.starts[first:last] - start,
                run=cells.run[first:last],
                stage=cells.stage[first:last],
            ),
        )
        first = last


def _piece(values: Floats, cells: StepCells, sensors: int, course: NormalCourse | None) -> Floats:
    """(cells, K)."""
    missing = np.add.reduceat(np.isnan(values).any(axis=1).astype(np.float64), cells.starts) / cells.lengths
    if course is not None and missing.any():
        values = filled(values, cells, course)
    each = np.stack([statistics_of(np.ascontiguousarray(one), cells) for one in values.T], axis=-1)
    traces = np.full((len(cells), 2 * sensors + 1), np.nan) if course is None else against(values, cells, course)
    table = [*each, traces[:, :-1], np.stack([durations(cells), missing, traces[:, -1]], axis=1)]
    return np.concatenate(table, axis=1)


def filled(values: Floats, cells: StepCells, course: NormalCourse) -> Floats:
    """Missing rows as the normal course has them, moved by the usual distance of their cell from it.

    Else a step whose first row is missing has another mean and spread than one where it is there. Where more than half
    of a cell is missing, or nothing is normal, rows stay missing.
    """
    places = course.places(cells)
    middle = course.middle[places].astype(np.float64) if len(course.middle) else np.full(values.shape, np.nan)
    middle[places < 0] = np.nan
    off = values - middle
    there = ~np.isnan(off)
    count = np.add.reduceat(there, cells.starts, axis=0)
    known = count >= cells.lengths[:, None] * _LEAST_THERE
    usual = np.add.reduceat(np.where(there, off, 0.0), cells.starts, axis=0) / np.maximum(count, 1)
    usual[~known] = np.nan
    return np.where(np.isnan(values), middle + usual[cells.cell], values)


def against(values: Floats, cells: StepCells, course: NormalCourse) -> Floats:
    """(cells, 2 S + 1) shape of each sensor, in spreads of a row, its bend, and how far rows are from the usual
    relation; (cells, S + 1) by a course that knows no bends.
    """
    places = course.places(cells)
    off = course.off(values, places)
    known = ~np.isnan(off)
    bent = centred(np.clip(np.where(known, off, 0.0), -_CLIP, _CLIP), cells)
    shape = np.sqrt(np.add.reduceat(np.square(bent), cells.starts, axis=0) / cells.lengths[:, None])
    spread = course.spread_of_eighths(cells)
    if spread is not None:
        shape = np.concatenate([shape, bends(means_of_eighths(bent, cells), spread)], axis=1)
    nothing = np.add.reduceat(known, cells.starts, axis=0) == 0
    shape[np.tile(nothing, shape.shape[1] // nothing.shape[1])] = np.nan
    square = np.add.reduceat(np.square(course.related(bent, cells)), cells.starts, axis=0) / cells.lengths[:, None]
    spe = square.max(axis=1)  # of the direction that is farthest off: a broken relation shows in one
    spe[~np.logical_or.reduceat(known.any(axis=1), cells.starts)] = np.nan
    return np.concatenate([shape, spe[:, None]], axis=1)
