"""The normal trace of every stage, row by row: its middle and its band, and which sensors move together around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StageName, StepCells
from waferwatch.indicators.learnt.eighths import EIGHTHS, means_of_eighths, usual_spread
from waferwatch.models.state import SINCE, storable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_WAFERS = 64  # of a stage whose traces are looked at
MOST_TICKS = 1024  # rows of a step that have a course; what comes later has the last row's
FEWEST = 3  # traces that reach a row
SHRINK = 0.03  # of the correlation towards none: few wafers show more relation than there is
_ROBUST = 1.4826  # median absolute deviation to standard deviation
_LEAST_SHARE = 0.5  # of the step's usual spread: a row is never known better than that
_CLIP = 5.0
WAITS = 0.25  # share of its usual rows by which a step that waits for something has more or fewer
SETTLES = 0.35  # of the distance of golden means from their median: less once their lengths are allowed for
_SEPARATOR = "\x1f"


@storable
@dataclass(frozen=True)
class NormalCourse:
    """Learnt from golden wafers: P rows of all stages below one another, S sensors."""

    stages: list[str]  # keys, see ``stage_key``
    starts: Ints  # (stages,) first row of each
    ticks: Ints  # (stages,) rows of each
    # (P, S) NaN where unknown; float32 in models from before 0.7.0, too coarse for small noise on a large value
    middle: Floats
    spread: NDArray[np.float32]  # (P, S) robust, above 0
    recipes: list[str]  # recipe and step, of which each has a relation
    whiten: Floats  # (recipes, S, S) makes residuals of golden rows uncorrelated
    # (stages, EIGHTHS, S) what means over eighths of the step spread, in spreads of a row; NaN for short steps
    eighths: Floats | None = field(default=None, metadata={SINCE: "0.7.0"})
    usual_rows: Ints | None = field(default=None, metadata={SINCE: "0.7.0"})  # (stages,) of a golden wafer
    # (stages, S) whether the mean of the step hangs on its rows: it settles; false where a longer step is a slower one
    settles: NDArray[np.bool_] | None = field(default=None, metadata={SINCE: "0.7.0"})

    @classmethod
    def learn(cls, values: Floats, cells: StepCells, golden: NDArray[np.bool_], quantum: Floats) -> Self:
        """From the rows of golden cells.

        Args:
            values: (n, S) in the order of ``cells.rows``.
            golden: (cells,) whether to learn from it.
            quantum: (S,) the least that a spread can be.
        """
        names, middles, spreads, usual = [], [], [], []
        for number, name in enumerate(cells.names):
            mine = np.flatnonzero((cells.stage == number) & golden)
            if len(mine) >= FEWEST:
                middle, spread = _course(_traces(values, cells, mine), quantum)
                names.append(name)
                middles.append(middle)
                spreads.append(spread)
                usual.append(int(np.median(cells.lengths[mine])))
        ticks = np.array([len(one) for one in middles], np.int64)
        sensors = values.shape[1]
        found = cls(
            [stage_key(one) for one in names],
            np.cumsum(ticks) - ticks,
            ticks,
            np.concatenate([np.empty((0, sensors)), *middles]),
            _single(np.concatenate([np.empty((0, sensors)), *spreads])),
            list(dict.fromkeys(_SEPARATOR.join(one.anywhere) for one in names)),
            np.empty((0, sensors, sensors)),
            usual_rows=np.array(usual, np.int64),
        )
        places = found.places(cells)
        off = [np.clip(np.nan_to_num(found.off_of(at, one, places)), -_CLIP, _CLIP) for at, one in enumerate(values.T)]
        bent = np.stack([centred(one, cells) for one in off])
        return replace(
            found,
            whiten=found._relations(bent, cells, golden),
            eighths=found._eighths(bent, cells, golden),
            settles=found._settles(values, cells, golden),
        )

    @property
    def usual_spread(self) -> Floats:
        """(S,) the usual spread of single rows over all stages; 0 where nothing is known."""
        if not len(self.spread):
            return np.zeros(self.spread.shape[1])
        return np.median(self.spread, axis=0).astype(np.float64)

    @property
    def least_spread(self) -> Floats:
        """(S,) the spread of single rows where it is smallest; 0 where nothing is known."""
        if not len(self.spread):
            return np.zeros(self.spread.shape[1])
        found: Floats = np.min(self.spread, axis=0).astype(np.float64)
        return found

    def row_spread(self, name: StageName) -> list[float]:
        """(S,) the usual spread of single rows of a stage; 0 where nothing is known."""
        key = stage_key(name)
        if key not in self.stages:
            return [0.0] * self.middle.shape[1]
        at = self.stages.index(key)
        rows = slice(int(self.starts[at]), int(self.starts[at] + self.ticks[at]))
        return [float(one) for one in np.median(self.spread[rows], axis=0)]

    def places(self, cells: StepCells) -> Ints:
        """(n,) row of the course for each row of the cells; -1 where nothing is known."""
        known = {name: number for number, name in enumerate(self.stages)}
        stage = np.array([known.get(stage_key(one), -1) for one in cells.names], np.int64)[cells.stage][cells.cell]
        if not len(self.stages):
            return np.full(len(stage), -1, np.int64)
        found: Ints = np.where(stage < 0, -1, self.starts[stage] + np.minimum(cells.tick, self.ticks[stage] - 1))
        return found

    def off(self, values: Floats, places: Ints) -> Floats:
        """(n, S) distance from the middle in spreads; NaN where nothing is known."""
        if not len(self.middle):
            return np.full(values.shape, np.nan)
        found = (values - self.middle[places]) / self.spread[places]
        found[places < 0] = np.nan
        return found

    def off_of(self, sensor: int, values: Floats, places: Ints) -> Floats:
        """(n,) as :meth:`off`, of one sensor."""
        if not len(self.middle):
            return np.full(values.shape, np.nan)
        found: Floats = values - self._middles[sensor].take(places)
        found /= self._spreads[sensor].take(places)
        found[places < 0] = np.nan
        return found

    @cached_property
    def _middles(self) -> NDArray[np.float32]:
        """(S, P)"""
        return np.ascontiguousarray(self.middle.T)

    @cached_property
    def _spreads(self) -> NDArray[np.float32]:
        """(S, P)"""
        return np.ascontiguousarray(self.spread.T)

    def middle_of(self, sensor: int, places: Ints) -> Floats:
        """(n,) the middle of one sensor; NaN where nothing is known."""
        if not len(self.middle):
            return np.full(places.shape, np.nan)
        found = self.middle[:, sensor].take(places).astype(np.float64, copy=False)
        found[places < 0] = np.nan
        return found

    def mean_by_length(self, cells: StepCells) -> Floats:
        """(cells, S) by how much the mean of a normal cell is off because it has more or fewer rows than usual.

        A sensor that settles has another mean over five rows than over six. 0 where nothing is known.
        """
        found = np.zeros((len(cells), self.middle.shape[1]))
        if self.settles is not None and self.usual_rows is not None:
            for at, mine in self._cells_of(cells):
                off = self._by_length(at, cells.lengths[mine], self.usual_rows[at])
                found[mine] = np.where(self.settles[at], off, 0.0)
        return found

    def _cells_of(self, cells: StepCells) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Each stage that is known, and which cells are of it."""
        known = {name: number for number, name in enumerate(self.stages)}
        for number, name in enumerate(cells.names):
            if (at := known.get(stage_key(name), -1)) >= 0:
                yield at, cells.stage == number

    def _by_length(self, at: int, rows: Ints, usual: Ints) -> Floats:
        """(cells, S) how far the means of the first rows of a stage's course are off that of its usual rows."""
        start = int(self.starts[at])
        trace = self.middle[start : start + int(self.ticks[at])].astype(np.float64)
        return np.nan_to_num(_mean_of_first(trace, rows) - _mean_of_first(trace, usual))

    def _settles(self, values: Floats, cells: StepCells, golden: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where golden means lie closer together once their lengths are allowed for; never in a step that waits."""
        there = ~np.isnan(values)
        count = np.maximum(np.add.reduceat(there, cells.starts, axis=0, dtype=np.int64), 1)
        means = np.add.reduceat(np.where(there, values, 0.0), cells.starts, axis=0) / count
        found = np.zeros((len(self.stages), values.shape[1]), np.bool_)
        for at, mine in self._cells_of(cells):
            some, rows = means[mine & golden], cells.lengths[mine & golden]
            usual = np.array(np.median(rows), np.int64)
            if np.ptp(rows) <= max(WAITS * int(usual), 1.0):
                moved = some - self._by_length(at, rows, usual)
                found[at] = _mean_distance(moved) < SETTLES * _mean_distance(some)
        return found

    def relation_broken(self, off: Floats, cells: StepCells) -> Floats:
        """(cells,) mean square of residuals made uncorrelated by the relation of their recipe step, in the direction
        that is farthest off: a broken relation shows in one. 0 where no relation is known.

        Args:
            off: (S, n) without NaN.
        """
        known = {name: number for number, name in enumerate(self.recipes)}
        names = np.array([known.get(_SEPARATOR.join(one.anywhere), -1) for one in cells.names], np.int64)
        number = names[cells.stage]
        found = np.zeros(len(cells))
        for one in np.unique(number[number >= 0]).tolist():
            mine = np.flatnonzero(number == one)
            lengths = cells.lengths[mine]
            starts = np.cumsum(lengths) - lengths
            rows = np.arange(int(lengths.sum())) + np.repeat(cells.starts[mine] - starts, lengths)
            square = np.square(self.whiten[one].T @ off.take(rows, axis=1))
            found[mine] = (np.add.reduceat(square, starts, axis=1) / lengths).max(axis=0)
        return found

    def spread_of_eighths(self, cells: StepCells) -> Floats | None:
        """(cells, EIGHTHS, S) of the stage of each cell, NaN where unknown; None in a model of before."""
        if self.eighths is None:
            return None
        known = {name: number for number, name in enumerate(self.stages)}
        stage = np.array([known.get(stage_key(one), -1) for one in cells.names], np.int64)[cells.stage]
        found = np.full((len(cells), *self.eighths.shape[1:]), np.nan)
        found[stage >= 0] = self.eighths[stage[stage >= 0]]
        return found

    def _eighths(self, bent: Floats, cells: StepCells, golden: NDArray[np.bool_]) -> Floats:
        names = [stage_key(one) for one in cells.names]
        means = means_of_eighths(bent, cells)
        found = [
            usual_spread(means[golden & (cells.stage == names.index(stage))], int(rows))
            for stage, rows in zip(self.stages, self.ticks, strict=True)
        ]
        return np.stack(found) if found else np.empty((0, EIGHTHS, len(bent)))

    def _relations(self, bent: Floats, cells: StepCells, golden: NDArray[np.bool_]) -> Floats:
        """From golden cells."""
        known = {name: number for number, name in enumerate(self.recipes)}
        names = np.array([known.get(_SEPARATOR.join(one.anywhere), -1) for one in cells.names], np.int64)
        used = np.repeat(golden, cells.lengths)
        recipe = np.where(used, np.repeat(names[cells.stage], cells.lengths), -1)
        found = [_whitening(bent[:, recipe == number].T) for number in range(len(self.recipes))]
        return np.stack(found) if found else np.empty((0, len(bent), len(bent)))


def stage_key(name: StageName) -> str:
    """A stage as text."""
    return _SEPARATOR.join((name.equipment, name.recipe, name.step))


def _mean_distance(values: Floats) -> Floats:
    """(S,) from the median over the first axis."""
    found: Floats = np.abs(values - np.median(values, axis=0)).mean(axis=0)
    return found


def _mean_of_first(trace: Floats, rows: Ints) -> Floats:
    """(..., S) mean of the first ``rows`` rows of a trace (ticks, S), which goes on at the level of its last row."""
    within = np.minimum(rows, len(trace))
    total = np.cumsum(trace, axis=0)[within - 1] + (rows - within)[..., None] * trace[-1]
    found: Floats = total / rows[..., None]
    return found


def _single(values: Floats) -> NDArray[np.float32]:
    """In single precision; what is too large for it, as the largest number of it."""
    most = float(np.finfo(np.float32).max)
    return np.clip(values, -most, most).astype(np.float32)


def centred(off: Floats, cells: StepCells) -> Floats:
    """(n,) residuals without the mean of their cell."""
    mean = np.add.reduceat(off, cells.starts) / cells.lengths
    found: Floats = off - np.repeat(mean, cells.lengths)
    return found


def quanta(values: Floats, most: int = 20_000) -> Floats:
    """(S,) half the smallest step between the values that each sensor takes: less than that cannot be seen."""
    some = values[:: max(1, len(values) // most)]
    return np.array([_quantum(one[~np.isnan(one)]) for one in some.T])


def _quantum(values: Floats) -> float:
    steps = np.diff(np.unique(values))
    scale = float(np.abs(values).max(initial=0.0))
    steps = steps[steps > 1e-9 * max(scale, 1e-300)]
    return float(steps.min()) / 2 if len(steps) else max(1e-3 * scale, 1e-9)


def _traces(values: Floats, cells: StepCells, mine: Ints) -> Floats:
    """(wafers, ticks, S) of some golden cells of one stage, NaN where one is shorter."""
    chosen = mine[np.unique(np.linspace(0, len(mine) - 1, min(len(mine), MOST_WAFERS)).astype(int))]
    lengths = np.minimum(cells.lengths[chosen], MOST_TICKS)
    longest = int(np.sort(lengths)[max(0, len(lengths) - FEWEST)])
    found = np.full((len(chosen), longest, values.shape[1]), np.nan)
    for number, (start, length) in enumerate(zip(cells.starts[chosen], lengths, strict=True)):
        kept = min(int(length), longest)
        found[number, :kept] = values[start : start + kept]
    return found


def _course(traces: Floats, quantum: Floats) -> tuple[Floats, Floats]:
    middle = _median(traces)
    spread = _ROBUST * _median(np.abs(traces - middle))
    with np.errstate(invalid="ignore"):
        usual = _median(spread[:, None, :])[0] if len(spread) else quantum
    spread = np.where(np.isnan(spread), usual, spread)
    least = np.maximum(_LEAST_SHARE * np.nan_to_num(usual), quantum)
    return middle, np.maximum(spread, least)


def _median(values: Floats) -> Floats:
    """Median over the first axis without NaN, which numpy's own is far slower at."""
    ordered = np.sort(values, axis=0)
    count = np.maximum((~np.isnan(ordered)).sum(axis=0, keepdims=True), 1)
    low = np.take_along_axis(ordered, (count - 1) // 2, axis=0)
    high = np.take_along_axis(ordered, count // 2, axis=0)
    found: Floats = (low[0] + high[0]) / 2
    return found


def _whitening(rows: Floats) -> Floats:
    """(S, S) by which residuals are uncorrelated and of spread 1."""
    sensors = rows.shape[1]
    spread = np.sqrt(np.square(rows).mean(axis=0)) if len(rows) else np.ones(sensors)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = rows / spread
    shrink = min(sensors / max(len(rows), 1), SHRINK)
    relation = (1 - shrink) * (scaled.T @ scaled) / max(len(rows), 1) + shrink * np.eye(sensors)
    lengths, axes = np.linalg.eigh(relation)
    found: Floats = (axes / np.sqrt(np.maximum(lengths, 1e-6))) / spread[:, None]
    return found
