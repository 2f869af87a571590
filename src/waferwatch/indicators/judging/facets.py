"""In which ways a wafer is off: beyond limits of its indicators, by hard rules, or by its rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StageName, StepCells
from waferwatch.indicators.hard_rules import ABSENT, STUCK, Broken
from waferwatch.indicators.indicators import LENGTH, SHAPE, SPE, T2, IndicatorColumn
from waferwatch.indicators.learnt.wafer_model import NO_VERDICT, TREND, Deviations
from waferwatch.indicators.run_score import TOP_SHARE
from waferwatch.indicators.statistics import HIGHEST, LOWEST, MEAN
from waferwatch.indicators.verdicts import DOWN, OTHER, UP

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HARD_SIGNS = (STUCK, ABSENT)  # of problems: rules that a sensor breaks in no direction
ROWS = "rows"  # the statistic of a facet that no indicator shows
_SIGNED = (MEAN, TREND, LOWEST, HIGHEST, LENGTH)
_CELLS_AT_ONCE = 32_768
_BROKEN = 1e6  # the weight of a hard rule: more than any deviation


@dataclass(frozen=True)
class Facet:
    """One way in which a wafer is off; problems differ by it."""

    step: str
    sensor: str
    direction: str
    statistic: str
    weight: float  # how far off, as a multiple of its limit
    cell: int

    @property
    def sign(self) -> str:
        """Its direction, or the rule that a sensor has broken: a stuck sensor is another problem than a high one."""
        return self.statistic if self.statistic in HARD_SIGNS else self.direction

    @property
    def by_rows(self) -> bool:
        """Whether rows alone are off, which have no direction."""
        return self.statistic == ROWS


@dataclass(frozen=True)
class FacetFinder:
    """Finds the facets of the wafers of one table."""

    cells: StepCells
    sensors: Sequence[str]
    deviations: Deviations
    farthest: float  # multiple of a limit beyond which a wafer is abnormal
    scores: Floats  # (rows of the table,) NaN = not judged
    contributions: NDArray[np.float32]  # (rows of the table, sensors)

    def of(self, run: int, broken: Sequence[Broken]) -> list[Facet]:
        """What is off in a run, hard rules first, else the farthest; row scores speak where no indicator is off."""
        seen = [self._hard(one) for one in broken]
        hard = {(one.cell, one.sensor) for one in broken}
        starts = self._starts
        for cell in range(self._first_cell[run], self._first_cell[run + 1]):
            if starts[cell] == starts[cell + 1]:
                continue
            # That a stuck sensor has no spread, or a long step another slope, is no second thing that is off.
            seen += [one for one in self._of_cell(cell) if (cell, one.sensor) not in hard]
        seen.sort(key=lambda one: -one.weight)
        if seen and seen[0].weight >= 1:
            return seen
        by_rows = self._by_rows(run)
        return seen if by_rows is None else [by_rows, *seen]

    @cached_property
    def _first_cell(self) -> list[int]:
        """(runs + 1,) the first cell of each run, and the number of cells."""
        found: list[int] = np.searchsorted(self.cells.run, np.arange(len(self.cells.runs) + 1)).tolist()
        return found

    @cached_property
    def _starts(self) -> list[int]:
        """(cells + 1,) where the columns of each cell begin among those beyond a limit."""
        found: list[int] = self._beyond[0].tolist()
        return found

    @cached_property
    def _beyond(self) -> tuple[Ints, Ints]:
        """(cells + 1,) where the columns of each cell begin among those beyond a limit, and (m,) these columns."""
        counts = np.array([one.statistic not in NO_VERDICT for one in self.deviations.columns])
        found, columns = [np.zeros(1, np.int64)], [np.empty(0, np.int64)]
        for start in range(0, len(self.cells), _CELLS_AT_ONCE):
            far = np.abs(self.deviations.off[start : start + _CELLS_AT_ONCE]) > self.farthest
            far &= counts
            found.append(np.count_nonzero(far, axis=1))
            columns.append(np.nonzero(far)[1])
        return np.cumsum(np.concatenate(found)), np.concatenate(columns)

    def _hard(self, one: Broken) -> Facet:
        name = self._stage(one.cell)
        return Facet(name.step, one.sensor, one.direction, one.statistic, _BROKEN, one.cell)

    def _of_cell(self, cell: int) -> list[Facet]:
        """One facet for each sensor that is beyond a limit: by its mean if that is, else by its rarest statistic."""
        columns = self._beyond[1][self._starts[cell] : self._starts[cell + 1]]
        weights = np.abs(self.deviations.off[cell, columns]).tolist()
        best: dict[str, tuple[float, int]] = {}
        for at, weight in zip(columns.tolist(), weights, strict=True):
            sensor = self._sensor(cell, at)
            known = best.get(sensor)
            if known is None or self._is_mean(at) or (weight > known[0] and not self._is_mean(known[1])):
                best[sensor] = (max(weight, known[0] if known else 0.0), at)
        return [
            Facet(
                self._stage(cell).step,
                sensor,
                self._direction(cell, at),
                self.deviations.columns[at].statistic,
                weight,
                cell,
            )
            for sensor, (weight, at) in best.items()
        ]

    def _is_mean(self, at: int) -> bool:
        return self.deviations.columns[at].statistic == MEAN

    def _sensor(self, cell: int, at: int) -> str:
        """Of T2 and SPE the sensor whose mean or trace is farthest off."""
        column = self.deviations.columns[at]
        if column.statistic not in (T2, SPE):
            return column.sensor
        columns = self._columns_of[MEAN if column.statistic == T2 else SHAPE]
        far = np.nan_to_num(np.abs(self.deviations.off[cell, columns]))
        return self.deviations.columns[columns[int(np.argmax(far))]].sensor

    @cached_property
    def _columns_of(self) -> dict[str, list[int]]:
        """Statistic -> its columns."""
        found: dict[str, list[int]] = {}
        for at, one in enumerate(self.deviations.columns):
            found.setdefault(one.statistic, []).append(at)
        return found

    def _direction(self, cell: int, at: int) -> str:
        if self.deviations.columns[at].statistic not in _SIGNED:
            return OTHER
        return UP if self.deviations.off[cell, at] > 0 else DOWN

    def _by_rows(self, run: int) -> Facet | None:
        """By the highest tenth of its rows; in the step that holds the highest."""
        cells = self.cells
        start, length = int(cells.runs.starts[run]), int(cells.runs.lengths[run])
        rows = cells.runs.rows[start : start + length]
        scores = self.scores[rows]
        if np.isnan(scores).all():
            return None
        top = rows[np.argsort(-np.nan_to_num(scores, nan=-1.0))[: max(1, round(TOP_SHARE * length))]]
        parts = np.nansum(self.contributions[top], axis=0)
        first, after = self._first_cell[run], self._first_cell[run + 1]
        cell = first
        for one in range(first, after):
            if top[0] in cells.rows[cells.starts[one] : cells.starts[one] + cells.lengths[one]]:
                cell = one
        return Facet(self._stage(cell).step, self.sensors[int(np.argmax(parts))], OTHER, ROWS, 1.0, cell)

    def _stage(self, cell: int) -> StageName:
        return self.cells.names[int(self.cells.stage[cell])]


def column_numbers(columns: Sequence[IndicatorColumn]) -> dict[IndicatorColumn, int]:
    """Column -> its number, the first where one comes twice."""
    found: dict[IndicatorColumn, int] = {}
    for at, one in enumerate(columns):
        found.setdefault(one, at)
    return found
