"""The normal course of each sensor through the steps of a recipe ("golden trace"), and what a series has beyond it.

A fault inside a recipe hides among step changes that are far larger than it. Measured from the normal course, second by
second of each step, what is usual there goes away (docs/experiments.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.models.ensemble.preparation.columns import bridged
from waferwatch.models.state import storable
from waferwatch.series.steps import Steps

LAST_TICK = 2000  # a step that goes on for longer is taken to stand still
FEWEST = 3  # runs that must have been at a place of the recipe for it to be known
LEAST_KNOWN = 0.5  # share of the reference that lies at known places; with less the steps say nothing
PRIOR_RUNS = 3  # the spread at a place counts as if this many more runs had been there,
PRIOR_SPREAD = 0.3  # with this share of the sensor's spread over all places
LEAST_SPREAD = 1e-3  # in spreads of the reference
JUMP_REACH = 2  # points to each side over which jumps are averaged

Floats = NDArray[np.float32]
Places = NDArray[np.int64]


@storable
@dataclass(frozen=True)
class Course:
    """Level and spread of S sensors at each of K known places of the recipe. The last place stands for all others."""

    stages: Places  # (stages,) known ones, sorted
    places: Places  # (K,) sorted
    level: Floats  # (S, K + 1)
    spread: Floats  # (S, K + 1) above 0

    @classmethod
    def learn(cls, values: Floats, steps: Steps) -> Self | None:
        """From normal points (S, n) and their steps; None when most of their places are visited too rarely."""
        stages = np.unique(steps.stage)
        places, which, visits, known = _visited(steps, stages)
        if not _are_enough(visits, known):
            return None
        level, spread = _levels(values, which, visits)
        # A stage none of whose places is known says nothing of rows in it.
        number, tick = np.divmod(places[known], LAST_TICK + 1)
        some = np.unique(number)
        places = np.searchsorted(some, number) * (LAST_TICK + 1) + tick
        unknown = np.zeros((len(values), 1), np.float32), np.ones((len(values), 1), np.float32)
        return cls(
            stages[some],
            places,
            np.concatenate([level[:, known], unknown[0]], axis=1),
            np.concatenate([spread[:, known], unknown[1]], axis=1),
        )

    def residual(self, chain: Chain, steps: Steps) -> Chain:
        """How far series are off their normal course, in spreads at each place."""
        off = self.off(chain.values, steps)
        if chain.complete:
            return replace(chain, values=off)
        for sensor in np.flatnonzero(~chain.measured.all(axis=1)):  # a line across a gap takes no account of steps
            known = chain.measured[sensor]
            for start, stop in zip(chain.starts.tolist(), chain.stops.tolist(), strict=True):
                if not known[start:stop].all():
                    off[sensor, start:stop] = bridged(off[sensor, start:stop].astype(np.float64), known[start:stop])
        return replace(chain, values=off)

    def off(self, values: NDArray[Any], steps: Steps) -> NDArray[Any]:
        """(S, n) how far points are off their normal course, in spreads at each place; NaN where they are NaN."""
        at = self._known_place(_place(steps, self.stages))
        found: NDArray[Any] = values - self.level.take(at, axis=1)
        found /= self.spread.take(at, axis=1)
        return found

    def distance(self, values: Floats, steps: Steps) -> Floats:
        """(S, n) how far points are off their normal course, in spreads of the reference."""
        found: Floats = values - self.level[:, self._known_place(_place(steps, self.stages))]
        return found

    def knows(self, steps: Steps) -> NDArray[np.bool_]:
        """(n,) whether the reference was ever in a point's stage (recipe and step)."""
        number = np.searchsorted(self.stages, steps.stage)
        found: NDArray[np.bool_] = self.stages[np.minimum(number, len(self.stages) - 1)] == steps.stage
        return found

    def _known_place(self, place: Places) -> NDArray[np.intp]:
        """Index of each place; a step that lasts longer than ever stays where it was last known."""
        before = np.searchsorted(self.places, place, side="right") - 1
        same_stage = (before >= 0) & (self.places[before] // (LAST_TICK + 1) == place // (LAST_TICK + 1))
        found: NDArray[np.intp] = np.where(same_stage, before, len(self.places))
        return found


def rates(chain: Chain) -> Chain:
    """How much series change from each row to the next, which has a normal course of its own.

    A sensor that has wandered off its level changes no more than before, and one that hunts around its level lies on it
    in the mean: changes tell the two apart. The first row of a series has changed by nothing; a change from or to a row
    that was not measured is none that was.
    """
    measured = chain.measured
    if not chain.complete:
        measured = measured.copy()
        measured[:, 1:] &= chain.measured[:, :-1]
        measured[:, chain.starts] = chain.measured[:, chain.starts]
    found = np.empty_like(chain.values)
    np.subtract(chain.values[:, 1:], chain.values[:, :-1], out=found[:, 1:])
    found[:, chain.starts] = 0.0
    return replace(chain, values=found, measured=measured)


def jumps(beyond: Chain) -> NDArray[np.float64]:
    """(S, n) root of the mean square, around each point of its own series, of changes beyond their normal course."""
    points = len(beyond)
    squares = np.square(beyond.values, dtype=np.float64)
    found = squares.copy()
    for shift in range(1, min(JUMP_REACH, points - 1) + 1):
        found[:, shift:] += squares[:, :-shift]
        found[:, :-shift] += squares[:, shift:]
    found /= 2 * JUMP_REACH + 1
    # Near the ends of a series others have come in.
    near = np.append(beyond.starts, points)[:, None] + np.arange(-JUMP_REACH, JUMP_REACH)
    near = near[(near >= 0) & (near < points)]
    total, count = np.zeros((len(squares), len(near))), np.zeros(len(near))
    for shift in range(-JUMP_REACH, JUMP_REACH + 1):
        at = np.clip(near + shift, 0, points - 1)
        same = (at == near + shift) & (beyond.owner[at] == beyond.owner[near])
        total += np.where(same, squares.take(at, axis=1), 0.0)
        count += same
    found[:, near] = total / count
    return np.sqrt(found, out=found)


def _place(steps: Steps, stages: Places) -> Places:
    """One number for stage and tick; stages that are not known lie behind all others."""
    number = np.searchsorted(stages, steps.stage)
    known = stages[np.minimum(number, len(stages) - 1)] == steps.stage
    place: Places = np.where(known, number, len(stages)) * (LAST_TICK + 1) + np.minimum(steps.tick, LAST_TICK)
    return place


def may_be_learnt(steps: Steps) -> bool:
    """Whether most places of these points are visited often enough to know what is normal there."""
    _, _, visits, known = _visited(steps, np.unique(steps.stage))
    return _are_enough(visits, known)


def _visited(steps: Steps, stages: Places) -> tuple[Places, NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """The places, which of them each point is at, how many points are at each, and which are come to often enough."""
    every = _place(steps, stages) if len(steps) else np.empty(0, np.int64)
    places, which, visits = np.unique(every, return_inverse=True, return_counts=True)
    # A step that goes on and on is at its last place for long, but has come there once.
    return places, which, visits, np.bincount(which, steps.tick <= LAST_TICK, len(places)) >= FEWEST


def _are_enough(visits: NDArray[np.intp], known: NDArray[np.bool_]) -> bool:
    return len(visits) > 0 and bool(visits[known].sum() >= LEAST_KNOWN * visits.sum())


def _levels(values: Floats, which: NDArray[np.intp], visits: NDArray[np.intp]) -> tuple[Floats, Floats]:
    level = np.stack([np.bincount(which, one) / visits for one in values])
    off = np.square(values - level[:, which])
    variance = np.stack([np.bincount(which, one) for one in off]) / np.maximum(visits - 1, 1)
    prior = PRIOR_SPREAD**2 * off.mean(axis=1, keepdims=True)
    spread = np.sqrt((variance * visits + prior * PRIOR_RUNS) / (visits + PRIOR_RUNS))
    return level.astype(np.float32), np.maximum(spread, LEAST_SPREAD).astype(np.float32)
