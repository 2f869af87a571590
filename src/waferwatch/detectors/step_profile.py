"""The normal course of each sensor through the steps of a recipe, and what a series has beside it.

A fault inside a recipe hides among step changes that are far larger than it. Set beside the normal runs, second by
second of each step ("golden trace"), what is usual there goes away: on the virtual fab, at one false event per chamber
and week, 8 % of all faults were found without it and more than 90 % with it (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.columns import Columns
from waferwatch.detectors.normal import fill
from waferwatch.series.steps import Steps

LAST_TICK = 2000  # a step that goes on for longer is taken to stand still
FEWEST = 3  # runs that must have been at a place of the recipe for it to be known
LEAST_KNOWN = 0.5  # share of the reference that lies at known places; with less the steps say nothing
PRIOR_RUNS = 3  # the spread at a place counts as if so many more runs had been there,
PRIOR_SPREAD = 0.3  # with this share of the sensor's spread over all places
LEAST_SPREAD = 1e-3  # in spreads of the reference
NEIGHBOURS = 6  # runs before and after that tell how far a sensor has wandered
MOST_WANDERED = 3.0  # spreads that a sensor may wander, or jump at a maintenance, without its being a fault

Floats = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class StepProfile:
    """Level and spread of S sensors at each of K known places of the recipe. The last place stands for all others."""

    stages: Places  # (stages,) known ones, sorted
    places: Places  # (K,) sorted
    level: Floats  # (S, K + 1)
    spread: Floats  # (S, K + 1) above 0

    @classmethod
    def learn(cls, reference: Sequence[Columns], steps: Sequence[Steps]) -> Self | None:
        """From normal series and their steps; None when most of their places are visited too rarely."""
        stages = np.unique(np.concatenate([one.stage for one in steps]))
        every = np.concatenate([_place(one, stages) for one in steps])
        values = np.concatenate([one.values for one in reference], axis=1)
        places, which, visits = np.unique(every, return_inverse=True, return_counts=True)
        # A step that goes on and on is at its last place for long, but has come there once.
        known = np.bincount(which, np.concatenate([one.tick for one in steps]) <= LAST_TICK) >= FEWEST
        if visits[known].sum() < LEAST_KNOWN * len(every):
            return None
        level, spread = _levels(values, which, visits)
        unknown = np.zeros((len(values), 1), np.float32), np.ones((len(values), 1), np.float32)
        return cls(
            stages,
            places[known],
            np.concatenate([level[:, known], unknown[0]], axis=1),
            np.concatenate([spread[:, known], unknown[1]], axis=1),
        )

    def residual(self, columns: Columns, steps: Steps, *, wanders: bool = True) -> Columns:
        """What the series has beside its normal course, in spreads at each place.

        Args:
            wanders: whether what the runs next to each run have too is taken away, up to MOST_WANDERED. Drift and
                maintenance are no faults.
        """
        at = self._known_place(_place(steps, self.stages))
        beside = (columns.values - self.level[:, at]) / self.spread[:, at]
        beside = fill(beside.T, columns.measured.T).T  # a line across a gap takes no account of steps
        if wanders:
            beside -= _wandered(beside, steps)
        return Columns(np.ascontiguousarray(beside), columns.measured)

    def _known_place(self, place: Places) -> NDArray[np.intp]:
        """Index of each place; a step that lasts longer than ever stays where it was last known."""
        before = np.searchsorted(self.places, place, side="right") - 1
        same_stage = (before >= 0) & (self.places[before] // (LAST_TICK + 1) == place // (LAST_TICK + 1))
        found: NDArray[np.intp] = np.where(same_stage, before, len(self.places))
        return found


def _place(steps: Steps, stages: Places) -> Places:
    """One number for stage and tick; stages that are not known lie behind all others."""
    number = np.searchsorted(stages, steps.stage)
    known = stages[np.minimum(number, len(stages) - 1)] == steps.stage
    place: Places = np.where(known, number, len(stages)) * (LAST_TICK + 1) + np.minimum(steps.tick, LAST_TICK)
    return place


def _levels(values: Floats, which: NDArray[np.intp], visits: NDArray[np.intp]) -> tuple[Floats, Floats]:
    level = np.stack([np.bincount(which, one) / visits for one in values])
    off = np.square(values - level[:, which])
    variance = np.stack([np.bincount(which, one) for one in off]) / np.maximum(visits - 1, 1)
    prior = PRIOR_SPREAD**2 * off.mean(axis=1, keepdims=True)
    spread = np.sqrt((variance * visits + prior * PRIOR_RUNS) / (visits + PRIOR_RUNS))
    return level.astype(np.float32), np.maximum(spread, LEAST_SPREAD).astype(np.float32)


def _wandered(beside: Floats, steps: Steps) -> Floats:
    """(S, n) how far the runs next to each run lie off, step by step: those before or those after, which is nearer."""
    begins = np.flatnonzero(steps.tick == 0)
    begins = begins if len(begins) and begins[0] == 0 else np.append(0, begins)
    lengths = np.diff(np.append(begins, len(steps)))
    means: Floats = (np.add.reduceat(beside, begins, axis=1) / lengths).astype(np.float32)
    by_stage = np.argsort(steps.stage[begins], kind="stable")
    stage, in_order = steps.stage[begins][by_stage], means[:, by_stage]
    before, after = (_neighbours(in_order, stage, np.arange(1, NEIGHBOURS + 1) * side) for side in (-1, 1))
    wandered = np.empty_like(means)
    wandered[:, by_stage] = np.where(np.abs(before - in_order) <= np.abs(after - in_order), before, after)
    return np.repeat(np.clip(wandered, -MOST_WANDERED, MOST_WANDERED).astype(np.float32), lengths, axis=1)


def _neighbours(means: Floats, stage: Places, away: NDArray[np.intp]) -> Floats:
    """Means (S, m), run by run of each stage -> medians of those so far away of the same stage; 0 where none is."""
    at = np.arange(len(stage))[:, None] + away
    inside = np.clip(at, 0, len(stage) - 1)
    there = (at == inside) & (stage[inside] == stage[:, None])
    return np.stack([_median(np.where(there, one[inside], np.nan), there.sum(axis=1)) for one in means])


def _median(values: Floats, count: NDArray[np.intp]) -> Floats:
    """Median of so many values of each row (m, N), NaN for the others; 0 of none."""
    rows, ordered = np.arange(len(values)), np.sort(values, axis=1)
    lower, upper = (ordered[rows, np.maximum(middle, 0)] for middle in ((count - 1) // 2, count // 2))
    median: Floats = np.where(count > 0, (lower + upper) / 2, 0).astype(np.float32)
    return median
