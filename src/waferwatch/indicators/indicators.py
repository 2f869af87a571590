"""Indicators of a table: one value per cell, sensor and statistic, computed piece by piece in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells
from waferwatch.indicators.learnt.eighths import bends, means_of_eighths
from waferwatch.indicators.learnt.normal_course import NormalCourse, centred
from waferwatch.indicators.statistics import MEAN, SETTLE, SPREAD, STATISTICS, durations, measured_rows, statistics_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Values = Callable[[Ints], Floats]  # rows of the table to the values of the sensors there, (n, S), NaN = missing

SHAPE = "shape"  # of a sensor: how far its trace bends off the normal course, its mean aside
BEND = "bend"  # of a sensor: how far it bends off slowly, which single rows hide
LENGTH, MISSING, T2, SPE = "length", "missing", "t2", "spe"  # of a cell as a whole
OF_SENSORS = (*STATISTICS, SHAPE, BEND)
OF_CELLS = (LENGTH, MISSING, SPE)
NEVER_NEGATIVE = frozenset({SPREAD, SETTLE, SHAPE, BEND, LENGTH, MISSING, T2, SPE})
_ROWS_AT_ONCE = 16_384  # columns of a piece stay in a core's cache
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


def has_statistic(statistic: str, lengths: NDArray[np.int64]) -> bool:
    """Whether cells of these numbers of rows have a statistic: one row has a mean, but neither spread nor length."""
    return statistic == MEAN or bool((lengths > 1).any())


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
        yield first, cells.part(first, last)
        first = last


def _piece(values: Floats, cells: StepCells, sensors: int, course: NormalCourse | None) -> Floats:
    """(cells, K)."""
    missing = _missing(values, cells)
    if course is not None and missing.any():
        values = filled(values, cells, course)
    whole = measured_rows(cells, None)
    each = np.stack([statistics_of(np.ascontiguousarray(one), cells, whole) for one in values.T], axis=-1)
    if course is not None:
        each[STATISTICS.index(MEAN)] -= course.mean_by_length(cells)
    traces = np.full((len(cells), 2 * sensors + 1), np.nan) if course is None else against(values, cells, course)
    table = [*each, traces[:, :-1], np.stack([durations(cells), missing, traces[:, -1]], axis=1)]
    return np.concatenate(table, axis=1)


def _missing(values: Floats, cells: StepCells) -> Floats:
    """(cells,) share of rows that lack a sensor."""
    lacking = np.isnan(values)
    if not lacking.any():
        return np.zeros(len(cells))
    found: Floats = np.add.reduceat(lacking.any(axis=1).astype(np.float64), cells.starts) / cells.lengths
    return found


def filled(values: Floats, cells: StepCells, course: NormalCourse) -> Floats:
    """Missing rows as the normal course has them, moved by the usual distance of their cell from it.

    Else a step whose first row is missing has another mean and spread than one where it is there. Where more than half
    of a cell is missing, or nothing is normal, rows stay missing.
    """
    places = course.places(cells)
    found = values.copy()
    for sensor in np.flatnonzero(np.isnan(values).any(axis=0)).tolist():
        column = np.ascontiguousarray(values[:, sensor])
        middle = course.middle_of(sensor, places)
        off = column - middle
        there = ~np.isnan(off)
        count = np.add.reduceat(there, cells.starts, dtype=np.int64)
        usual = np.add.reduceat(np.where(there, off, 0.0), cells.starts) / np.maximum(count, 1)
        usual[count < cells.lengths * _LEAST_THERE] = np.nan
        found[:, sensor] = np.where(np.isnan(column), middle + np.repeat(usual, cells.lengths), column)
    return found


def against(values: Floats, cells: StepCells, course: NormalCourse) -> Floats:
    """(cells, 2 S + 1) shape of each sensor, in spreads of a row, its bend, and how far rows are from the usual
    relation; (cells, S + 1) by a course that knows no bends.
    """
    known = 1 if course.eighths is None else 2
    found = np.full((len(cells), known * values.shape[1] + 1), np.nan)
    for first, part in pieces(cells):
        start = int(cells.starts[first])
        found[first : first + len(part)] = _against(values[start : start + len(part.rows)], part, course)
    return found


def _against(values: Floats, cells: StepCells, course: NormalCourse) -> Floats:
    """Sensor by sensor: sums over cells of a column are several times as fast as over rows of a table."""
    places = course.places(cells)
    bent, shape = np.empty((values.shape[1], len(values))), np.empty((len(cells), values.shape[1]))
    nothing = np.zeros(shape.shape, np.bool_)
    for sensor, column in enumerate(values.T):
        off = course.off_of(sensor, column, places)
        unknown = np.isnan(off)
        if unknown.any():
            nothing[:, sensor] = np.logical_and.reduceat(unknown, cells.starts)
            off[unknown] = 0.0
        bent[sensor] = centred(np.clip(off, -_CLIP, _CLIP, out=off), cells)
        shape[:, sensor] = np.sqrt(np.add.reduceat(np.square(bent[sensor]), cells.starts) / cells.lengths)
    spread = course.spread_of_eighths(cells)
    if spread is not None:
        shape = np.concatenate([shape, bends(means_of_eighths(bent, cells), spread)], axis=1)
    shape[np.tile(nothing, shape.shape[1] // nothing.shape[1])] = np.nan
    spe = course.relation_broken(bent, cells)
    spe[nothing.all(axis=1)] = np.nan
    return np.concatenate([shape, spe[:, None]], axis=1)
