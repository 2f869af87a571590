"""Which groups differ from the rest by more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, hypergeom

from waferwatch.grouping.groups import Groups
from waferwatch.scoring.result import Detection
from waferwatch.series.wafer_runs import WaferRuns

LEVEL = 0.05  # chance of calling even one group different when none is
_MOST_HIT = 0.8  # of the runs; where more are flagged somewhere, being flagged somewhere tells nothing


@dataclass(frozen=True)
class Difference:
    """One group against all others together."""

    units: int  # runs with rows in the group; or its rows
    hits: int  # of these runs, the ones flagged in the group; or the events that peak in the group
    p_value: float  # two-sided, after Holm's correction
    direction: Literal["higher", "lower"] | None  # None: within chance


@dataclass(frozen=True)
class Differences:
    """Every group against the rest."""

    unit: Literal["run", "event"]  # what was counted
    units: int
    hits: int
    groups: list[Difference]  # in the order of ``Groups.values``


def compare_groups(groups: Groups, found: Detection, runs: WaferRuns | None) -> Differences:
    """Test each group's share against that of all others.

    Rows that follow one another are alike, so that thousands of rows are far fewer independent observations. What is
    counted is therefore the run: flagged when any of its rows in the group is, by Fisher's exact test. A table
    without runs, or one in which more than 80 % of the runs are flagged, is judged by its events: their number
    against the group's share of the rows, by the exact binomial test. Both are two-sided (the smaller tail doubled)
    and corrected for the number of groups: Holm, "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6 (1979).
    """
    if runs is not None:
        units, hits = _count_runs(groups, found.flags, runs)
        if hits.sum() <= _MOST_HIT * units.sum():
            return _differences("run", units, hits, _fisher(units, hits))
    rows = np.bincount(groups.codes, minlength=len(groups))
    peaks = np.array([event.peak_row for event in found.events], dtype=np.int64)
    events = np.bincount(groups.codes[peaks], minlength=len(groups))
    return _differences("event", rows, events, _binomial(rows, events))


def _count_runs(
    groups: Groups, flags: NDArray[np.bool_], runs: WaferRuns
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each group the runs that have rows in it, and those of them with a flagged row there."""
    size = len(groups)
    pair = runs.numbers * size + groups.codes[runs.rows]
    pairs, place = np.unique(pair, return_inverse=True)
    hit = np.bincount(place, weights=flags[runs.rows], minlength=len(pairs)) > 0
    return np.bincount(pairs % size, minlength=size), np.bincount(pairs[hit] % size, minlength=size)


def _fisher(units: NDArray[np.int64], hits: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each distinct count is judged once: of many small groups most are alike."""
    total, all_hits = int(units.sum()), int(hits.sum())
    distinct, place = np.unique(np.stack([units, hits]), axis=1, return_inverse=True)
    tails = [hypergeom.cdf(distinct[1], total, all_hits, distinct[0])]
    tails.append(hypergeom.sf(distinct[1] - 1, total, all_hits, distinct[0]))
    return np.asarray(_two_sided(*tails)[place.ravel()])


def _binomial(rows: NDArray[np.int64], events: NDArray[np.int64]) -> NDArray[np.float64]:
    total, share = int(events.sum()), rows / max(1, int(rows.sum()))
    return _two_sided(binom.cdf(events, total, share), binom.sf(events - 1, total, share))


def _two_sided(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.minimum(1.0, 2 * np.minimum(low, high)))


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) p-values corrected for their number, in the order given."""
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * (len(p_values) - np.arange(len(p_values)))
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected


def _differences(
    unit: Literal["run", "event"], units: NDArray[np.int64], hits: NDArray[np.int64], p_values: NDArray[np.float64]
) -> Differences:
    corrected = holm(p_values)
    total, all_hits = int(units.sum()), int(hits.sum())
    above = hits * total > units * all_hits
    groups = [
        Difference(count, hit, p_value, None if p_value >= LEVEL else "higher" if more else "lower")
        for count, hit, p_value, more in zip(
            units.tolist(), hits.tolist(), corrected.tolist(), above.tolist(), strict=True
        )
    ]
    return Differences(unit, total, all_hits, groups)
