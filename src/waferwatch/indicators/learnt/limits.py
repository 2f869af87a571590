"""Limits of indicators, learnt robustly from golden wafers for every equipment, recipe and step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from waferwatch.indicators.cells import StepCells
from waferwatch.indicators.indicators import BEND, LENGTH, MISSING, SHAPE, SPE, T2, IndicatorColumn
from waferwatch.indicators.learnt.first_wafers import beyond_usual, medians, usual_offsets
from waferwatch.indicators.learnt.normal_course import stage_key
from waferwatch.indicators.statistics import MEAN, SETTLE, SLOPE, SPREAD
from waferwatch.models.state import SINCE, storable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_WAFERS = 8  # golden ones of a stage; with fewer there is no limit
ENOUGH_WAFERS = 25  # with fewer a limit is provisional
MOST_APART = 0.25  # share of them that may lie far off the others; with more, these are normal too
MOST_LACKING = 0.1  # share of them that may lack a value; more, and a wafer without it is nothing unusual
SPREADS = 4.75  # normal spreads from the middle to a limit, of a spread known exactly
SISTERS = 10.0  # wafers that the spread of the same step on sister equipment counts for
UPPER_ONLY = frozenset({SHAPE, BEND, SPE, T2, MISSING})
LOGARITHMIC = frozenset({SPE, T2})
_ROBUST = 1.4826  # median absolute deviation to standard deviation
_TRIM = 3.0  # robust spreads from the middle; what lies farther off says nothing of how wide normal is
_APART = float(norm.ppf(1 - MOST_APART / 2))  # of normal values, robust spreads that 1 - MOST_APART lie within
_KEPT = 1 - 2 * _TRIM * float(norm.pdf(_TRIM)) / (2 * float(norm.cdf(_TRIM)) - 1)  # variance of a normal value within
_FREEDOM, _FREEDOM_FEW = 0.7, 0.5  # of such a spread and of a median distance, in those of a standard deviation
_LEAST = 1e-12
LEAST_BEND = 0.28  # what chance alone spreads it: golden wafers that happen to bend less are few, not better
# Shares of a step's usual length: the statistics of a longer or shorter one cannot be compared.
OTHER_LENGTH = {SLOPE: 0.05, SPREAD: 0.05, SHAPE: 0.1, BEND: 0.1, SPE: 0.1}
OTHER_MEAN = 0.25  # the same for means: a gas that decays as a chamber waits has another one over a longer wait
TIGHT = 2.0  # farthest golden length, in mean distances: a step that a controller ends has no tail beyond it,
TIGHT_SHARE = 0.25  # nor differs by more than this share of its usual length
BEYOND_TIGHT = 2.0  # times the farthest golden length of such a step,
BEYOND_FEW = 3.0  # where golden wafers are few
_RARE_LENGTH = 1e-4  # share of normal steps that are longer than the limit, where lengths have a tail
_LEAST_FREEDOM = 6.0  # with fewer wafers limits would lie beyond everything


@storable
@dataclass(frozen=True)
class IndicatorLimits:
    """Of G stages and K columns."""

    stages: list[str]
    wafers: Ints  # (G,) golden ones that they rest on
    centre: Floats  # (G, K) median of golden wafers, logarithms of t2 and spe; NaN where none is known
    spread: Floats  # (G, K) robust, above 0
    reach: Floats  # (G, K) spreads from centre to limit
    factor: Floats  # (K,) how much of that is because the statistic has heavy tails
    other_length: float | None = field(default=None, metadata={SINCE: "0.7.0"})  # OTHER_MEAN; None: means always count
    offsets: Floats | None = field(default=None, metadata={SINCE: "0.7.0"})  # (P, G, K) of first wafers, in spreads

    @classmethod
    def learn(
        cls,
        values: Floats,
        cells: StepCells,
        golden: NDArray[np.bool_],
        columns: list[IndicatorColumn],
        least: Floats,
        known: NDArray[np.bool_] | None = None,
    ) -> Self:
        """From golden cells.

        Args:
            values: (cells, K).
            golden: (cells,) whether to learn from it.
            least: (K,) the least that a spread can be.
            known: (cells,) whose lengths are learnt from: those of golden wafers that were set aside as well, since a
                rare but normal wait is what sets a wafer aside; None takes ``golden``.
        """
        timed = golden if known is None else known
        scaled = on_scale(values, columns)
        every = {number: np.flatnonzero(golden & (cells.stage == number)) for number in range(len(cells.names))}
        mine = {number: some for number, some in every.items() if len(some)}
        centre, spread, sisters = _normal(scaled, mine, cells, least)
        count = np.array([len(some) for some in mine.values()], np.int64)
        reach = np.repeat(_reach(count, sisters)[:, None], len(columns), axis=1)
        for column in [at for at, one in enumerate(columns) if one.statistic == LENGTH]:
            for row, number in enumerate(mine):
                far = farthest_length(scaled[timed & (cells.stage == number), column], 2 * float(least[column]))
                reach[row, column] = far / spread[row, column]
        comparable = [one.statistic not in (LENGTH, MISSING) for one in columns]
        off = [
            np.where(comparable, (scaled[some] - centre[row]) / spread[row], 0.0)
            for row, some in enumerate(mine.values())
        ]
        return cls(
            [stage_key(cells.names[number]) for number in mine],
            count,
            centre,
            spread,
            reach,
            np.ones(len(columns)),
            OTHER_MEAN,
            usual_offsets(off, list(mine.values()), cells),
        )

    def widened(self, tails: dict[str, float], columns: Sequence[IndicatorColumn]) -> IndicatorLimits:
        """The same with limits that lie farther out by these factors of their statistics."""
        factor = np.array([1.0 if one.statistic == LENGTH else tails.get(one.statistic, 1.0) for one in columns])
        return replace(self, reach=self.reach * factor, factor=factor)

    @property
    def usual_reach(self) -> float:
        """Spreads from centre to limit, of the median column: the limit of a trend."""
        return float(np.nanmedian(self.reach)) if self.reach.size else 1.0

    def places(self, cells: StepCells) -> Ints:
        """(cells,) which stage each cell is of; -1 where there is none."""
        known = {name: number for number, name in enumerate(self.stages)}
        found = np.array([known.get(stage_key(one), -1) for one in cells.names], np.int64)
        return found[cells.stage]

    def off(
        self, values: Floats, cells: StepCells, columns: list[IndicatorColumn], *, first_wafers: bool = True
    ) -> Floats:
        """(cells, K) signed distance from the middle as a multiple of that of the limit; NaN without a limit.

        Args:
            first_wafers: whether the first wafers after a change of recipe may lie where such wafers usually do.
        """
        at = self.places(cells)
        if not len(self.stages):
            return np.full(values.shape, np.nan)
        found = (on_scale(values, columns) - self.centre[at]) / self.spread[at]
        if self.offsets is not None and first_wafers:
            found = beyond_usual(found, self.offsets, at, cells)
        found /= self.reach[at]
        found[at < 0] = np.nan
        found[self._of_another_length(values, at, columns)] = np.nan
        upper = np.array([one.statistic in UPPER_ONLY for one in columns])
        found[:, upper] = np.maximum(found[:, upper], 0.0)
        return found

    def _of_another_length(self, values: Floats, at: Ints, columns: Sequence[IndicatorColumn]) -> NDArray[np.bool_]:
        """(cells, K) whether a step lasted so much longer or shorter than usual that a statistic cannot be compared."""
        known = OTHER_LENGTH if self.other_length is None else {**OTHER_LENGTH, MEAN: self.other_length}
        most = np.array([known.get(one.statistic, np.inf) for one in columns])
        found = np.zeros(values.shape, np.bool_)
        for column in [number for number, one in enumerate(columns) if one.statistic == LENGTH]:
            usual = self.centre[at, column]
            off = np.abs(values[:, column] - usual) / np.maximum(usual, _LEAST)
            found |= off[:, None] > most  # NaN compares as False
        return found

    def usual_offset(self, stage: int, column: int, wafer: int) -> float:
        """How far a wafer usually lies off the middle, in units of the column (of its logarithm, of t2 and spe).

        Args:
            wafer: its number after a change of recipe, from 0.
        """
        if self.offsets is None or wafer >= len(self.offsets):
            return 0.0
        return float(self.offsets[wafer, stage, column] * self.spread[stage, column])

    def spreads(self, off: Floats, cells: StepCells) -> Floats:
        """(cells, K) what :meth:`off` gave, in spreads."""
        at = self.places(cells)
        found: Floats = off * self.reach[at] if len(self.stages) else off
        return found


def on_scale(values: Floats, columns: Sequence[IndicatorColumn]) -> Floats:
    """Values on the scale that limits are learnt on: logarithms of t2 and spe."""
    some = np.array([one.statistic in LOGARITHMIC for one in columns])
    found = values.copy()
    found[:, some] = np.log(np.maximum(values[:, some], _LEAST))
    return found


def least_spreads(
    columns: Sequence[IndicatorColumn], sensors: Sequence[str], quantum: Floats, row: float, usual: float
) -> Floats:
    """(K,) the least that the spread of a column can be: what the resolution of sensor and clock lets one see.

    Args:
        quantum: (S,) least step of each sensor.
        row: seconds from row to row.
        usual: rows of a step.
    """
    step: dict[str, float] = dict(zip(sensors, quantum.tolist(), strict=True))
    root = max(usual, 1.0) ** 0.5

    def least(one: IndicatorColumn) -> float:
        if one.statistic in (SETTLE, LENGTH):
            return row / 2
        if one.sensor not in step:
            return 0.02
        if one.statistic in (SHAPE, BEND):
            return LEAST_BEND if one.statistic == BEND else 0.02
        if one.statistic == SLOPE:
            return float(step[one.sensor] / max(usual * row, _LEAST) / root)
        found: float = step[one.sensor] / root if one.statistic in (MEAN, SPREAD) else step[one.sensor]
        return found

    return np.array([least(one) for one in columns])


def _normal(scaled: Floats, golden: dict[int, Ints], cells: StepCells, least: Floats) -> tuple[Floats, Floats, Floats]:
    """(G, K) centre, NaN with too few golden cells, and spread, together with that of sisters; (G,) wafers that these
    count for.

    Args:
        golden: stage -> its golden cells.
    """
    own = [_robust(scaled[some], least) for some in golden.values()]
    count = np.array([len(some) for some in golden.values()], np.int64)
    shape = (len(golden), scaled.shape[1])
    centre = np.stack([one[0] for one in own]) if own else np.empty(shape)
    spread = np.stack([one[1] for one in own]) if own else np.empty(shape)
    pooled, sisters = _pooled(spread, [cells.names[number].anywhere for number in golden])
    weight = np.where(sisters > 1, SISTERS, 0.0)
    whole = count[:, None] * spread**2 + weight[:, None] * pooled**2
    centre[count < FEWEST_WAFERS] = np.nan
    return centre, np.sqrt(whole / (count + weight)[:, None]), weight


def _robust(values: Floats, least: Floats) -> tuple[Floats, Floats]:
    """(K,) centre and spread of golden wafers' values (wafers, K).

    A wafer that lacks a value says nothing of that column; NaN where more than a few wafers lack it.
    """
    centre, spread = _centre_and_spread(values, least)
    for column in np.flatnonzero(np.isnan(values).any(axis=0)).tolist():
        known = values[~np.isnan(values[:, column]), column]
        if len(known) >= max(FEWEST_WAFERS, (1 - MOST_LACKING) * len(values)):
            own = _centre_and_spread(known[:, None], least[column : column + 1])
            centre[column], spread[column] = own[0][0], own[1][0]
    return centre, spread


def _centre_and_spread(values: Floats, least: Floats) -> tuple[Floats, Floats]:
    """Median, and spread by the median distance; where that is 0 but values differ, by the mean distance.

    Where more than a quarter lie far off by that, as values that half of the wafers share leave the others, by the
    distance that three quarters keep.
    """
    with np.errstate(invalid="ignore"):
        centre = medians(values)
        off = np.abs(values - centre)
        middle, mean = _ROBUST * medians(off), 1.2533 * off.mean(axis=0)
    spread = np.where(middle > 0, middle, mean)
    with np.errstate(invalid="ignore"):
        apart = (off > _TRIM * spread).mean(axis=0) > MOST_APART
    if apart.any():
        spread[apart] = np.quantile(off[:, apart], 1 - MOST_APART, axis=0) / _APART
    spread = spread * len(values) / max(len(values) - 0.8, 0.2)
    if len(values) >= ENOUGH_WAFERS:
        spread = np.where(middle > 0, _reweighted(values, off, spread), spread)
    return centre, np.where(np.isnan(spread), np.nan, np.maximum(spread, least))


def _reweighted(values: Floats, off: Floats, spread: Floats) -> Floats:
    """(K,) standard deviation of what lies within ``_TRIM`` robust spreads, as of whole normal values.

    The median distance alone uses a third of what the wafers say, so limits would have to lie far out (Rousseeuw and
    Leroy 1987, reweighted estimates).
    """
    near = off <= _TRIM * spread
    count = near.sum(axis=0)
    mean = np.where(near, values, 0.0).sum(axis=0) / np.maximum(count, 1)
    square = np.where(near, np.square(values - mean), 0.0).sum(axis=0) / np.maximum(count - 1, 1)
    found: Floats = np.sqrt(square / _KEPT)
    return found


def farthest_length(lengths: Floats, row: float) -> float:
    """Seconds from the usual length of a step to its limit.

    A step that a controller ends is never much longer than the longest golden one; one that waits for something has a
    tail, taken to be exponential.

    Args:
        lengths: of golden cells, seconds.
        row: seconds from row to row.
    """
    if not len(lengths):
        return float("inf")
    usual = float(medians(lengths))
    off = np.abs(lengths - usual)
    farthest, mean = max(float(off.max()), row), max(_mean(off[off > 0]), row)
    if farthest <= TIGHT * mean and farthest <= max(TIGHT_SHARE * usual, row):
        return (BEYOND_TIGHT if len(lengths) >= ENOUGH_WAFERS else BEYOND_FEW) * farthest
    longer = lengths > usual
    return max(BEYOND_TIGHT * farthest, _mean(off[longer]) * float(np.log(max(longer.mean() / _RARE_LENGTH, 1.0))))


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 0.0


def _pooled(spread: Floats, recipes: list[tuple[str, str]]) -> tuple[Floats, Ints]:
    """(G, K) usual spread of the same step of the same recipe over the equipment that has one, NaN without any; and
    (G,) how many equipment there are.
    """
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, name in enumerate(recipes):
        members[name].append(number)
    found, count = spread.copy(), np.ones(len(recipes), np.int64)
    for mine in members.values():
        found[mine] = np.sqrt(_median_of_known(np.square(spread[mine])))
        count[mine] = len(mine)
    return found, count


def _median_of_known(values: Floats) -> Floats:
    """(K,) median of what is known of each column; NaN without any."""
    found = medians(values)
    for column in np.flatnonzero(np.isnan(values).any(axis=0) & ~np.isnan(values).all(axis=0)).tolist():
        found[column] = np.nanmedian(values[:, column])
    return found


def _reach(wafers: Ints, sisters: Floats) -> Floats:
    """Spreads to the limit, where a spread is known from few wafers: as rare as SPREADS of one known exactly."""
    known = wafers + sisters
    freedom = np.where(wafers >= ENOUGH_WAFERS, _FREEDOM, _FREEDOM_FEW) * (known - 1)
    rare = float(norm.sf(SPREADS))
    found: Floats = t.isf(rare, np.maximum(freedom, _LEAST_FREEDOM)) * np.sqrt(1 + 1 / np.maximum(known, 1))
    return found
