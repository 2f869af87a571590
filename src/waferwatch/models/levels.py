"""The usual level of each sensor in each recipe step, and level shifts after a maintenance.

A detector keeps levels inside its features, each in its own way. What a maintenance changes is learnt outside of them:
readings after it are brought back to the level before it, and the detector's shapes and relations stay as they were.

Shapes: S sensors, K stages (recipe and step), m stays of a run in a stage. Everything is in the units of the
sensors; of those that are judged by their logarithm, in decades.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.decades import Decades, by_decades
from waferwatch.models.ensemble.features.course import Course
from waferwatch.models.ensemble.preparation.chain import Chain, chain_of
from waferwatch.models.ensemble.preparation.normal import Normal, measure
from waferwatch.models.ensemble.preparation.stays import absolute, bounds
from waferwatch.models.fitted import EVERY_SCOPE, key_of
from waferwatch.models.state import SINCE, storable
from waferwatch.series.clock import clock_numbers
from waferwatch.series.series import Series, steps_of
from waferwatch.series.steps import Steps, joined

BLOCK = 64  # rows of a stream without steps that count as one stay
FEWEST_STAYS = 3  # in a stage, to know how its level varies
LEAST_SPREAD = 1e-3  # of a stage, in spreads of the sensor: rounding of equal values is no spread

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LevelStays:
    """Stays of successive series, in their order."""

    piece: NDArray[np.int64]  # (m,) number of the series
    row: NDArray[np.int64]  # (m,) first row in the table
    stage: NDArray[np.int64]  # (m,)
    off: Floats  # (S, m) mean distance from the normal course; NaN where the sensor was not measured


@storable
@dataclass(frozen=True)
class UsualLevels:
    """Of one equipment."""

    normal: Normal
    course: Course | None  # None where steps say nothing: the course is then one level
    stages: NDArray[np.int64]  # (K,) sorted
    stays: NDArray[np.int64]  # (K,) of the reference
    level: Floats  # (S, K) mean reading; NaN where the sensor was never measured
    off: Floats  # (S, K) mean distance from the course, about 0
    spread: Floats  # (S, K) standard deviation of single readings around the course, above 0
    run_spread: Floats  # (S, K) of the means of stays, above 0
    decades: Decades | None = field(default=None, metadata={SINCE: "0.7.0"})

    @classmethod
    def learn(cls, series: Sequence[Series], decades: Decades | None = None) -> Self:
        """From normal series of one equipment, at least one."""
        units = by_decades(decades, units_of(series))
        normal, steps = measure(units), joined([steps_of(one) for one in units])
        chain = chain_of(units, normal)
        in_course = any(one.steps is not None or one.is_run for one in series)
        course = Course.learn(chain.values, steps) if in_course else None
        off = _distance(chain, steps, normal, course)
        stays = _stays(units, chain, steps, off)
        stages, counts = np.unique(stays.stage, return_counts=True)
        stages, counts = stages[counts >= FEWEST_STAYS], counts[counts >= FEWEST_STAYS]
        readings = np.concatenate([one.values for one in units]).T
        floor = normal.spread * np.where(normal.values == 1, 1.0, LEAST_SPREAD)
        columns = [_of_stage(readings, off, stays, steps.stage == one, stays.stage == one, floor) for one in stages]
        level, mean_off, spread, run_spread = _table(columns, len(floor))
        return cls(normal, course, stages, counts, level, mean_off, spread, run_spread, decades)

    def stays_of(self, series: Sequence[Series]) -> LevelStays:
        """Stays of successive series of the equipment, by their distance from the course."""
        units = by_decades(self.decades, units_of(series))
        chain, steps = chain_of(units, self.normal), joined([steps_of(one) for one in units])
        return _stays(units, chain, steps, _distance(chain, steps, self.normal, self.course))

    def column(self, stage: int) -> int | None:
        """Where a stage stands; None for one that the reference hardly has."""
        at = int(np.searchsorted(self.stages, stage))
        return at if at < len(self.stages) and self.stages[at] == stage else None


@storable
@dataclass(frozen=True)
class LevelShift:
    """What readings of one equipment have beyond their level before a maintenance."""

    scope: str
    since: int | None  # nanoseconds since 1970; None: of all rows, since their times are no dates
    stages: NDArray[np.int64]  # (K,) sorted
    offset: Floats  # (S, K), 0 where nothing was learnt
    # (S,) whose offset is in decades
    decades: NDArray[np.bool_] | None = field(default=None, metadata={SINCE: "0.7.0"})

    def before(self, readings: Floats, stages: NDArray[np.int64]) -> Floats:
        """Readings (n, S) as they would have been before the maintenance, by the stage of each row."""
        offset = _offsets(self, stages).T
        found: Floats = readings - offset
        if self.decades is not None:
            found[:, self.decades] = readings[:, self.decades] * 10.0 ** -offset[:, self.decades]
        return found


def units_of(series: Sequence[Series]) -> list[Series]:
    """Runs and series with steps as they are; streams without steps in blocks that lie on the absolute grid."""
    return [unit for one in series for unit in _units(one)]


def as_before(series: Sequence[Series], shifts: Sequence[LevelShift]) -> list[Series]:
    """Series with readings as before any maintenance; of each row the last maintenance before it counts."""
    return [_as_before(one, shifts) for one in series] if shifts else list(series)


def offsets_at(
    shifts: Sequence[LevelShift], scope: str, since: int | None, stages: NDArray[np.int64], sensors: int
) -> Floats:
    """(S, K) what is taken away in these stages at a time; 0 before the first maintenance."""
    mine = [one for one in _of_scope(shifts, scope) if since is None or (one.since or 0) <= since]
    return _offsets(mine[-1], stages) if mine else np.zeros((sensors, len(stages)))


def _of_scope(shifts: Sequence[LevelShift], scope: str) -> list[LevelShift]:
    """Those of an equipment, oldest maintenance first, whichever was learnt first."""
    mine = [one for one in shifts if one.scope in (scope, EVERY_SCOPE)]
    return sorted(mine, key=lambda one: one.since or 0)


def _as_before(series: Series, shifts: Sequence[LevelShift]) -> Series:
    values: Floats | None = None
    for one in _of_scope(shifts, key_of(series.scope)):
        after = _is_after(series, one.since)
        if after.any():
            values = series.values.copy() if values is None else values
            values[after] = one.before(series.values[after], steps_of(series).stage[after])
    return series if values is None else replace(series, values=values)


def _is_after(series: Series, since: int | None) -> NDArray[np.bool_]:
    if since is None or series.time is None or series.time.dtype.kind != "M":
        return np.ones(len(series), np.bool_)
    return np.asarray(clock_numbers(series.time) >= since)


def _offsets(shift: LevelShift, stages: NDArray[np.int64]) -> Floats:
    at = np.minimum(np.searchsorted(shift.stages, stages), max(len(shift.stages) - 1, 0))
    if not len(shift.stages):
        return np.zeros((len(shift.offset), len(stages)))
    return np.where(shift.stages[at] == stages, shift.offset[:, at], 0.0)


def _units(series: Series) -> list[Series]:
    if series.steps is not None or series.is_run:
        return [series]
    first = -series.offset % BLOCK
    borders = [0, *range(first or BLOCK, len(series), BLOCK), len(series)]
    return [series.at(slice(start, stop)) for start, stop in pairwise(borders) if stop > start]


def _distance(chain: Chain, steps: Steps, normal: Normal, course: Course | None) -> Floats:
    """(S, n) readings less their normal course; NaN where they were not measured."""
    far = chain.values if course is None else course.distance(chain.values, steps)
    return np.where(chain.measured, far * normal.spread[:, None], np.nan)


def _stays(units: Sequence[Series], chain: Chain, steps: Steps, off: Floats) -> LevelStays:
    starts = bounds(steps, absolute(chain.starts, chain.offsets, len(chain)), chain.starts)
    known = ~np.isnan(off)
    points = np.add.reduceat(known, starts, axis=1, dtype=np.int64)
    total = np.add.reduceat(np.where(known, off, 0.0), starts, axis=1)
    mean = np.where(points > 0, total / np.maximum(points, 1), np.nan)
    rows = np.concatenate([one.rows for one in units])
    return LevelStays(chain.owner[starts], rows[starts], steps.stage[starts], mean)


def _of_stage(
    readings: Floats,
    off: Floats,
    stays: LevelStays,
    points: NDArray[np.bool_],
    some: NDArray[np.bool_],
    floor: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean reading, mean distance from the course, spread of readings and of stays, (S,) each."""
    means = stays.off[:, some]
    single = np.maximum(_spread(off[:, points]), floor)
    stay = np.maximum(_spread(means), single / np.sqrt(max(1.0, points.sum() / some.sum())))
    return _mean(readings[:, points]), _mean(means), single, stay


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _spread(values: Floats) -> Floats:
    """(S,) standard deviation of what is measured; 0 where nothing is."""
    known = ~np.isnan(values)
    squares = np.where(known, np.square(values - _mean(values)[:, None]), 0.0).sum(axis=1)
    found: Floats = np.sqrt(squares / np.maximum(known.sum(axis=1) - 1, 1))
    return found


def _table(columns: Sequence[tuple[Floats, ...]], sensors: int) -> list[Floats]:
    if not columns:
        return [np.empty((sensors, 0)) for _ in range(4)]
    return [np.stack(kind, axis=1) for kind in zip(*columns, strict=True)]
