"""How good the values of one sensor are: missing, constant, stuck, far from the rest, counting.

What is usual for a sensor is taken from the sensor itself: a slow or coarse one repeats its values all the time, one
that is switched off rests at the same value again and again, and one whose level follows the recipe step is far from
its median in every other step. None of that is a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.series.quality.timing import TimeOrder
from waferwatch.series.quality.unit_change import UnitChange

FEW_VALUES = 10  # a sensor with so few different ones has levels, at which it may stay as long as it likes
_MANY_VALUES = 1000  # more different ones are not counted
_SAMPLE = 2000  # values, from which is seen whether there may be few different ones

_STUCK_ROWS = 20  # equal values in a row that are never stuck
_MEDIANS, _UNUSUAL = (
    10.0,
    3.0,
)  # a stuck run is longer than this many median runs, and this many of the longest usual ones
_EXCEPTIONS, _ALWAYS, _AT_MOST = 0.01, 3, 0.25  # which runs are not usual: see series/gaps.py
_RESTS = 2  # other long runs at the same value make it one at which the sensor rests
_STRETCHES_LISTED = 5

_FAR = 6.0  # robust standard deviations
_TAIL = 0.05  # on either side, that does not count for the spread
_RANGE_TO_SIGMA = 3.29  # range between these quantiles of a normal distribution
_MEAN_TO_SIGMA = 1.2533  # for the mean deviation, where nearly all values are equal (Iglewicz and Hoaglin 1993)
_LEVEL_SAMPLE = 50_000  # rows that the levels are measured on
_MOST_LEVELS = 300
_ROWS_PER_LEVEL = 30

_RISING_ROWS = 200
_REGULAR = 0.95  # of the distances between two values, for a sensor that is read every n rows


@dataclass(frozen=True)
class Stretch:
    """Rows below one another in the order of the series."""

    row: int  # position of the first in the table
    rows: int
    group: str
    at: int  # position of the first in the order of the series


@dataclass(frozen=True)
class SensorQuality:
    """What was found about one sensor. ``n`` rows have a time, or all have."""

    name: str
    rows: int
    missing: int
    longest_missing: Stretch | None
    every: int | None  # it has a value in every n-th row, by design; None when it has one in every row, or irregularly
    low: float | None
    median: float | None
    high: float | None
    distinct: int | None  # different values; None when there are more than 1,000
    usual_run: float | None  # median length of the runs of equal values
    longest_run: Stretch | None
    stuck: tuple[Stretch, ...]  # longest first, at most 5
    stuck_rows: int  # of all stuck stretches
    outliers: int  # beyond 6 robust standard deviations of the median of the same equipment, recipe and step
    farthest: int | None  # position in the table of the one farthest away
    rising: bool  # it never falls within a series: it counts something
    twin: str | None = None  # an earlier sensor with the very same values
    unit_change: UnitChange | None = None

    @property
    def missing_share(self) -> float:
        return self.missing / self.rows if self.rows else 0.0

    @property
    def constant(self) -> bool:
        return self.low is not None and self.low == self.high


@dataclass(frozen=True)
class Levels:
    """Which rows are comparable: same equipment, recipe and step."""

    code: NDArray[np.intp]  # (m,) in the order of the series
    sample: NDArray[np.intp]  # positions in that order on which the levels are measured
    count: int


def find_levels(table: Table, layout: TimeOrder) -> Levels:
    """The finest of equipment x recipe x step, recipe x step, equipment, none whose groups have enough rows."""
    equipment, recipe, step = (table.columns(role) for role in (Role.EQUIPMENT, Role.RECIPE, Role.STEP))
    sample = _evenly(len(layout.rows), _LEVEL_SAMPLE)
    for columns in ((*equipment, *recipe, *step), (*recipe, *step), tuple(equipment)):
        codes, keys = group_codes(table.frame, columns)
        code = codes[layout.rows]
        if len(keys) <= _MOST_LEVELS and len(sample) >= _ROWS_PER_LEVEL * len(keys):
            return Levels(code, sample, len(keys))
    return Levels(np.zeros(len(layout.rows), np.intp), sample, 1)


def examine_sensor(table: Table, name: str, layout: TimeOrder, levels: Levels) -> SensorQuality:
    """Measure one sensor. Its values are float64, NaN where missing; nothing is changed."""
    values = table.frame[name].to_numpy()[layout.rows]
    known = ~np.isnan(values)
    present = values[known]
    if not len(present):
        whole = Stretch(int(layout.rows[0]), len(values), "", 0) if len(values) else None
        return SensorQuality(
            name, len(values), len(values), whole, None, None, None, None, 0, None, None, (), 0, 0, None, False
        )
    distinct = _count_distinct(present)
    starts, lengths = _runs(values, known, layout.begins)
    stuck = _stuck(values[starts], lengths) if distinct is None or distinct > FEW_VALUES else np.empty(0, np.intp)
    far = _far(values, levels)
    longest = int(np.argmax(lengths))
    return SensorQuality(
        name=name,
        rows=len(values),
        missing=len(values) - len(present),
        longest_missing=_longest_missing(known, layout),
        every=_every(known, layout.begins),
        low=float(present.min()),
        median=float(np.median(present)),
        high=float(present.max()),
        distinct=distinct,
        usual_run=float(np.median(lengths)),
        longest_run=_stretch(layout, int(starts[longest]), int(lengths[longest])),
        stuck=tuple(_stretch(layout, int(starts[at]), int(lengths[at])) for at in stuck[:_STRETCHES_LISTED]),
        stuck_rows=int(lengths[stuck].sum()),
        outliers=int((far > _FAR).sum()),
        farthest=int(layout.rows[np.argmax(far)]) if (far > _FAR).any() else None,
        rising=_is_rising(values, layout.begins, distinct),
    )


def _evenly(count: int, most: int) -> NDArray[np.intp]:
    """At most ``most`` positions, spread over all. Drawn with a fixed seed: a stride could beat."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.random.default_rng(0).integers(0, count, most))


def _stretch(layout: TimeOrder, at: int, rows: int) -> Stretch:
    return Stretch(int(layout.rows[at]), rows, layout.name(at), at)


def _count_distinct(present: NDArray[np.float64]) -> int | None:
    sample = present[_evenly(len(present), _SAMPLE)]
    if len(pd.unique(sample)) > _MANY_VALUES:
        return None
    count = len(pd.unique(present))
    return count if count <= _MANY_VALUES else None


def _runs(
    values: NDArray[np.float64], known: NDArray[np.bool_], starts: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where runs of equal values begin, and how long they are. No run crosses a series border or a missing value."""
    new = starts.copy()
    new[1:] |= values[1:] != values[:-1]  # NaN differs from everything, itself too
    first = np.flatnonzero(new)
    lengths = np.diff(first, append=len(values))
    real = known[first]
    return first[real], lengths[real]


def _stuck(values: NDArray[np.float64], lengths: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which runs, longest first, are stuck: far longer than is usual for the sensor, at a value where it does not rest.

    Args:
        values, lengths: (k,) of the runs.
    """
    count = len(lengths)
    counts = np.cumsum(np.bincount(lengths))
    exceptions = int(min(max(_ALWAYS, count * _EXCEPTIONS), count * _AT_MOST))
    median = int(np.searchsorted(counts, (count - 1) // 2 + 1))
    longest_usual = int(np.searchsorted(counts, count - exceptions))
    limit = max(_STUCK_ROWS, _MEDIANS * median, _UNUSUAL * longest_usual)
    found = np.flatnonzero(lengths > limit)
    if not len(found):
        return found
    long = np.flatnonzero(lengths > max(_STUCK_ROWS / 2, limit / 4))
    level, times = np.unique(values[long], return_counts=True)
    rests = times[np.searchsorted(level, values[found])] > _RESTS
    found = found[~rests]
    return found[np.argsort(-lengths[found], kind="stable")]


def _far(values: NDArray[np.float64], levels: Levels) -> NDArray[np.float64]:
    """(m,) how many robust standard deviations each value lies from the median of its level; 0 where it is unknown.

    The deviation is that of a normal distribution with the same middle nine tenths: it stays calm over the moments
    after each step change, which the median deviation would call far.
    """
    code, sample = levels.code[levels.sample], values[levels.sample]
    known = ~np.isnan(sample)
    code, sample = code[known], sample[known]
    ordered = sample[np.lexsort((sample, code))]
    rows = np.bincount(code, minlength=levels.count)
    low, centre, high = (_quantile(ordered, rows, share) for share in (_TAIL, 0.5, 1 - _TAIL))
    mean = np.bincount(code, np.abs(sample - centre[code]), minlength=levels.count) / np.maximum(rows, 1)
    spread = np.where(high > low, (high - low) / _RANGE_TO_SIGMA, _MEAN_TO_SIGMA * mean)
    with np.errstate(invalid="ignore", divide="ignore"):
        far = np.abs(values - centre[levels.code]) / spread[levels.code]
    return np.where(np.isfinite(far), far, 0.0)


def _quantile(ordered: NDArray[np.float64], rows: NDArray[np.intp], share: float) -> NDArray[np.float64]:
    """(levels,) the value at so large a share of each level's values, which lie sorted one level after the other."""
    found = np.full(len(rows), np.nan)
    some = rows > 0
    place = (np.cumsum(rows) - rows)[some] + np.floor(share * (rows[some] - 1) + 0.5).astype(np.intp)
    found[some] = ordered[place]
    return found


def _longest_missing(known: NDArray[np.bool_], layout: TimeOrder) -> Stretch | None:
    if known.all():
        return None
    new = layout.begins.copy()
    new[1:] |= known[1:] != known[:-1]
    first = np.flatnonzero(new)
    lengths = np.where(known[first], 0, np.diff(first, append=len(known)))
    longest = int(np.argmax(lengths))
    return _stretch(layout, int(first[longest]), int(lengths[longest]))


def _every(known: NDArray[np.bool_], starts: NDArray[np.bool_]) -> int | None:
    """How many rows apart the values of a sensor are that is sampled more slowly than the others."""
    if known.all():
        return None
    at = np.flatnonzero(known)
    series = np.cumsum(starts)[at]
    apart = np.diff(at)[np.diff(series) == 0]
    if len(apart) < 3:
        return None
    usual = int(np.median(apart))
    return usual if usual > 1 and np.mean(apart == usual) >= _REGULAR else None


def _is_rising(values: NDArray[np.float64], starts: NDArray[np.bool_], distinct: int | None) -> bool:
    if len(values) < _RISING_ROWS or (distinct is not None and distinct <= FEW_VALUES):
        return False
    rise = np.diff(values)[~starts[1:]]
    return not (rise < 0).any() and bool((rise > 0).sum() > FEW_VALUES)


def find_twins(table: Table, sensors: Sequence[str]) -> dict[str, str]:
    """Sensors with the very same values in every row as an earlier one: sensor -> the earlier one."""
    seen: dict[int, list[str]] = {}
    twins: dict[str, str] = {}
    for name in sensors:
        column = table.frame[name].to_numpy()
        earlier = seen.setdefault(_print(column), [])
        twin = next((one for one in earlier if _equal(table.frame[one].to_numpy(), column)), None)
        if twin is None:
            earlier.append(name)
        else:
            twins[name] = twin
    return twins


def _equal(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _print(column: NDArray[np.float64]) -> int:
    """A number that equal columns share and others hardly: made of a few of their values."""
    few = column[_evenly(len(column), 64)]
    return hash(np.where(np.isnan(few), np.inf, few + 0.0).tobytes())
