"""What golden wafers show of wafers: limits of their indicators, and how rare a wafer's deviations are among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells
from waferwatch.indicators.indicators import (
    BEND,
    LENGTH,
    MISSING,
    SHAPE,
    SPE,
    T2,
    IndicatorColumn,
    Indicators,
    Values,
    against,
    columns_of,
    indicators_of,
)
from waferwatch.indicators.learnt.left_out import LeftOutCells, heavy_tails, left_out, turns
from waferwatch.indicators.learnt.limits import FEWEST_WAFERS, IndicatorLimits, least_spreads
from waferwatch.indicators.learnt.normal_course import NormalCourse, quanta
from waferwatch.indicators.learnt.relation import MeanRelation, left_out_t2, trend
from waferwatch.indicators.learnt.step_relation import CONTRAST, StepRelation
from waferwatch.indicators.statistics import HIGHEST, LOWEST, MEAN, SETTLE
from waferwatch.models.decades import Decades
from waferwatch.models.rarity import Rarity
from waferwatch.models.state import SINCE, storable
from waferwatch.series.wafer_runs import WaferRuns

Floats = NDArray[np.float64]

TREND = "trend"  # of a sensor's step means over successive wafers
LEAST_ASIDE = 1.5  # distances of a limit,
ASIDE = 8.0  # robust spreads of golden wafers' scores above their median: such a wafer is not learnt from
_ROBUST = 1.4826
SEEN = 0.01  # spreads of a row: a mean that is the same but for rounding has no finer limits
BEYOND = 1.1  # times the farthest golden wafer, where that one lies beyond a limit
MOST_BEYOND = 1.5  # but no farther: a fault among the golden wafers must not hide those to come
ROWS_BEYOND = 1.25  # times the highest row score of a golden wafer, which rows of a normal wafer may reach
# Missing rows and the length of a step are hard rules; single rows have scores of their own; when a sensor settles
# hangs on single rows too.
# A contrast is to look at: where chambers wander or recipes take turns, steps of good wafers go apart as well.
NO_VERDICT = (LENGTH, MISSING, SETTLE, LOWEST, HIGHEST, CONTRAST)
# A bend leaves a golden wafer among the others: set aside for it, wafers that wander a little made limits of other
# statistics too tight.
NEVER_ASIDE = (*NO_VERDICT, BEND)
_QUANTILES = 33
_LEAST_ROW = 2.0  # row score that one normal row in a hundred reaches
_ROUNDS = 3
_LEAST_WIDTH = 1.0
TRACE_FOLDS = 3
_LEAST_SPREAD = 0.1  # of golden wafers' largest deviations, as a share of the usual one


@dataclass(frozen=True)
class Deviations:
    """How far cells are off, of all columns: those of the indicators, T2, the trend and the contrast of each sensor."""

    columns: list[IndicatorColumn]
    off: Floats  # (cells, K) signed, in multiples of the limit's distance; NaN without a limit
    spreads: Floats  # (cells, K) in spreads
    t2: Floats  # (cells,)
    trend_limit: float  # spreads at which a trend or a contrast is beyond its limit


@storable
@dataclass(frozen=True)
class WaferModel:
    """Learnt from golden wafers, unchanged afterwards."""

    sensors: list[str]
    course: NormalCourse
    limits: IndicatorLimits
    relation: MeanRelation
    t2_limits: IndicatorLimits
    row_limit: float  # of a wafer's row score
    row_knots: Floats  # (2, Q) row scores, and multiples of a limit that are as rare among golden wafers
    rarity: Rarity  # how rare a wafer's farthest deviation, as a multiple of its limit, is among golden wafers
    farthest: float  # a wafer is abnormal beyond this multiple of a limit: 1, or more where golden ones lie beyond
    wafers: int  # golden ones
    steps: StepRelation | None = field(default=None, metadata={SINCE: "0.7.0"})

    @property
    def columns(self) -> list[IndicatorColumn]:
        """What its limits are of."""
        return columns_of(self.sensors, self.course)

    def deviations(self, found: Indicators) -> Deviations:
        """How far the cells of a table are off."""
        off = self.limits.off(found.values, found.cells, found.columns)
        return _deviations(off, found, self.limits, self.relation, self.t2_limits, self.steps)

    @property
    def threshold(self) -> float:
        """A wafer is abnormal above this score."""
        return float(self.rarity.of(np.array([self.farthest]))[0])

    def ratios(self, found: Deviations, rows: Floats, cells: StepCells) -> Floats:
        """(runs,) the farthest deviation of each as a multiple of its limit; NaN where nothing of a wafer is judged.

        Args:
            rows: (runs,) row scores of the runs.
        """
        of_rows = _as_multiples(rows, self.row_limit, self.row_knots)
        return np.asarray(np.fmax(farthest(found, cells), of_rows) / self.farthest)

    def scores(self, ratios: Floats) -> Floats:
        """(runs,) what :meth:`ratios` gave, on the common scale."""
        return self.rarity.of(ratios * self.farthest)


def learn_wafers(
    values: Values,
    cells: StepCells,
    sensors: Sequence[str],
    golden: NDArray[np.bool_],
    rows: Floats,
    row_seconds: float,
    decades: Decades | None = None,
) -> WaferModel | None:
    """Learn from golden wafers; None where no stage has enough of them.

    Args:
        golden: (runs,) whether a run is known, or taken, to be normal.
        rows: (runs,) row scores of the runs, golden ones left out of learning; NaN where there are none.
        row_seconds: usual time from row to row.
        decades: sensors that run over several decades.
    """
    every = values(cells.rows)
    quantum = quanta(every)
    usual = float(np.median(cells.lengths))
    kept = golden.copy()
    for _ in range(_ROUNDS):
        if not _enough(kept, cells):
            return None
        course = NormalCourse.learn(every, cells, kept[cells.run], quantum)
        measured = _left_out_traces(indicators_of(values, cells, sensors, course), every, kept, quantum)
        seen = np.maximum(quantum, SEEN * _fineness(course, decades))
        least = least_spreads(measured.columns, sensors, seen, row_seconds, usual)
        found = left_out(measured.values, cells, kept[cells.run], measured.columns, least)
        for off in (found.off, found.plain):
            off[cells.of_unknown_start] = np.nan
        unlike = kept & _unlike(found, measured.columns, cells, kept)
        if not unlike.any():
            break
        kept = kept & ~unlike
    if not _enough(kept, cells):
        return None
    return _learn(course, measured, list(sensors), kept, rows, least, golden)


def _fineness(course: NormalCourse, decades: Decades | None) -> Floats:
    """(S,) the spread of a row, where a sensor that runs over several decades is at its lowest."""
    usual = course.usual_spread
    return usual if decades is None else np.where(decades.sensors, course.least_spread, usual)


def _left_out_traces(found: Indicators, every: Floats, golden: NDArray[np.bool_], quantum: Floats) -> Indicators:
    """Shape, bend and relation of golden cells by a course learnt without them: else they look better than they are.

    Args:
        every: (n, S) in the order of the cells' rows.
    """
    cells = found.cells
    used = golden[cells.run]
    fold = turns(cells, TRACE_FOLDS)
    traces = np.array([one.statistic in (SHAPE, BEND, SPE) for one in found.columns])
    values = found.values.copy()
    for number in range(TRACE_FOLDS):
        mine = np.flatnonzero(used & (fold == number))
        course = NormalCourse.learn(every, cells, used & (fold != number), quantum)
        values[np.ix_(mine, traces)] = against(every, cells, course)[mine]
    return replace(found, values=values)


def _enough(golden: NDArray[np.bool_], cells: StepCells) -> bool:
    return bool(np.bincount(cells.stage, golden[cells.run].astype(float)).max(initial=0) >= FEWEST_WAFERS)


def farthest(found: Deviations, cells: StepCells) -> Floats:
    """(runs,) the farthest deviation of any indicator that a verdict rests on; NaN where none is known."""
    counts = np.array([one.statistic not in NO_VERDICT for one in found.columns])
    return highest(np.abs(found.off[:, counts]), cells)


def highest(rare: Floats, cells: StepCells) -> Floats:
    """(runs,) the highest of all columns and cells of each run; NaN where none is known."""
    best = np.max(np.where(np.isnan(rare), -np.inf, rare), axis=1)
    found = np.full(len(cells.runs), -np.inf)
    np.maximum.at(found, cells.run, best)
    return np.where(np.isfinite(found), found, np.nan)


def _learn(
    course: NormalCourse,
    found: Indicators,
    sensors: list[str],
    golden: NDArray[np.bool_],
    rows: Floats,
    least: Floats,
    every_golden: NDArray[np.bool_],
) -> WaferModel:
    """From the golden runs that are kept; ``every_golden`` are those set aside, too."""
    cells, used = found.cells, golden[found.cells.run] & ~found.cells.of_unknown_start
    seen = left_out(found.values, cells, used, found.columns, least)
    timed = every_golden[cells.run] & ~cells.of_unknown_start & ~cells.of_unknown_end
    limits = IndicatorLimits.learn(found.values, cells, used, found.columns, least, timed).widened(
        heavy_tails(seen.plain[used], cells.run[used], found.columns), found.columns
    )
    off = seen.off / limits.factor
    mean = [one.statistic == MEAN for one in found.columns]
    relation = MeanRelation.learn(limits.spreads(off, cells)[:, mean], cells, used)
    t2 = left_out_t2(limits.spreads(off, cells)[:, mean], cells, used)[:, None]
    t2_limits = IndicatorLimits.learn(t2, cells, used, [IndicatorColumn("_t2", T2)], np.array([0.02]))
    steps = StepRelation.learn(limits.spreads(off, cells)[:, mean], np.abs(off[:, mean]) > 1, cells, used)
    every = _deviations(off, found, limits, relation, t2_limits, steps)
    worst = farthest(every, cells)[golden]
    row_limit = _row_limit(rows[golden], cells.runs)
    row_knots = _knots(rows[golden], worst, row_limit)
    reached = np.fmax(worst, _as_multiples(rows[golden], row_limit, row_knots))
    rarity = Rarity.learn([reached])
    rarity = replace(rarity, slope=min(rarity.slope, max(rarity.highest, 1.0) / _LEAST_WIDTH))
    beyond = min(max(1.0, BEYOND * float(np.nanmax(reached, initial=0.0))), MOST_BEYOND)
    wafers = int(golden.sum())
    return WaferModel(sensors, course, limits, relation, t2_limits, row_limit, row_knots, rarity, beyond, wafers, steps)


def _knots(rows: Floats, worst: Floats, row_limit: float) -> Floats:
    """(2, Q) row scores and the deviations of indicators that golden wafers reach as rarely; the limit is 1.

    So the larger of the two says how rare a wafer is, whichever of them its fault shows in.
    """
    if not (np.isfinite(rows).any() and np.isfinite(worst).any() and np.isfinite(row_limit)):
        return np.empty((2, 0))
    share = np.linspace(0, 1, _QUANTILES)
    known = np.quantile(rows[np.isfinite(rows)], share), np.quantile(worst[np.isfinite(worst)], share)
    multiples = np.minimum(known[1], 1.0)
    return np.stack([np.append(known[0], row_limit), np.append(multiples, 1.0)])


def _as_multiples(rows: Floats, row_limit: float, knots: Floats) -> Floats:
    """Row scores as multiples of their limit."""
    plain = rows / row_limit
    if not knots.shape[1]:
        return plain
    return np.where(plain > 1, plain, np.interp(rows, knots[0], knots[1], left=0.0)) + 0.0 * rows


def _row_limit(rows: Floats, runs: WaferRuns) -> float:
    """Eight robust spreads above the usual row score of golden wafers, and beyond the highest of them.

    None where a wafer is a row or a few: their scores are those of its neighbours as well, which say nothing of it.
    """
    known = rows[np.isfinite(rows)]
    if not len(known) or not runs.have_a_course:
        return float("inf")
    median = float(np.median(known))
    spread = _ROBUST * float(np.median(np.abs(known - median)))
    return max(median + ASIDE * max(spread, _LEAST_SPREAD * median), ROWS_BEYOND * float(known.max()), _LEAST_ROW)


def _deviations(
    off: Floats,
    found: Indicators,
    limits: IndicatorLimits,
    relation: MeanRelation,
    t2_limits: IndicatorLimits,
    steps: StepRelation | None,
) -> Deviations:
    cells = found.cells
    off = np.where(cells.of_unknown_start[:, None], np.nan, off)
    mean = np.array([one.statistic == MEAN for one in found.columns])
    spreads = limits.spreads(off, cells)
    t2 = relation.t2(spreads[:, mean], cells)
    t2_column = [IndicatorColumn("_t2", T2)]
    far = t2_limits.off(t2[:, None], cells, t2_column)
    beyond = np.abs(off[:, mean]) > 1
    reach = limits.usual_reach
    sensors = [one.sensor for one in found.columns if one.statistic == MEAN]
    derived = {TREND: trend(spreads[:, mean], beyond, cells) / reach}
    if steps is not None:
        derived[CONTRAST] = steps.off(spreads[:, mean], beyond, cells)
    columns = [IndicatorColumn(sensor, statistic) for statistic in derived for sensor in sensors]
    more = np.concatenate(list(derived.values()), axis=1)
    return Deviations(
        [*found.columns, *t2_column, *columns],
        np.concatenate([off, far, more], axis=1),
        np.concatenate([spreads, t2_limits.spreads(far, cells), more * reach], axis=1),
        t2,
        reach,
    )


def _unlike(
    found: LeftOutCells, columns: Sequence[IndicatorColumn], cells: StepCells, golden: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(runs,) whether any statistic of a run lies beyond its limit, and farther off than golden wafers ever do."""
    unlike = np.zeros(len(cells.runs), np.bool_)
    off, plain = np.abs(found.off), np.abs(found.plain)
    for statistic in dict.fromkeys(one.statistic for one in columns if one.statistic not in NEVER_ASIDE):
        mine = [one.statistic == statistic for one in columns]
        unlike |= highest(off[:, mine], cells) > max(LEAST_ASIDE, _far(highest(plain[:, mine], cells)[golden]))
    return unlike


def _far(worst: Floats) -> float:
    known = worst[np.isfinite(worst)]
    if not len(known):
        return float("inf")
    median = float(np.median(known))
    spread = _ROBUST * float(np.median(np.abs(known - median)))
    return median + ASIDE * max(spread, _LEAST_SPREAD * median)
