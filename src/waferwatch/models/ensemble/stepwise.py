"""Series whose recipe steps are known: every feature reads what a series has beyond its normal course.

Half of the score is carried by whole stays in a step, half by three features of rows: how far a row is off its course,
and two banks of joint descriptors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.blocks import BLOCKS, Folds
from waferwatch.models.ensemble.columns import Columns
from waferwatch.models.ensemble.course import Course
from waferwatch.models.ensemble.several_sensors import SeveralSensors, SeveralSensorsLearning, weighted
from waferwatch.models.ensemble.stays import Stays, stays_of
from waferwatch.models.ensemble.vote import HIGH_SENSOR, LOWEST, POWER, Vote, over_sensors
from waferwatch.models.ensemble.wander import Wander, less
from waferwatch.models.moment.encoder import Step
from waferwatch.models.state import storable
from waferwatch.series.steps import Steps

HIGH = 10.0  # above which a vote grows by its logarithm only
FEWEST_STAYS = 5  # in a stage, to know its spread
LEAST_SPREAD = 0.05  # of a stay's mean, in spreads of the course
STAY, OFF = "stay", "off course"

Floats = NDArray[np.float64]
Votes = dict[str, Floats]


@storable
@dataclass(frozen=True)
class StayMeans:
    """What is usual of the mean of a stay, for each of K stages and S sensors."""

    stages: NDArray[np.int64]  # (K,) sorted
    level: Floats  # (S, K)
    spread: Floats  # (S, K) above 0

    def deviation(self, stays: Stays) -> Floats:
        """(S, m) distance of stays from what is usual in their stage, in its spreads; as it is in unknown stages."""
        number = np.minimum(np.searchsorted(self.stages, stays.stage), max(len(self.stages) - 1, 0))
        if not len(self.stages):
            return stays.mean
        known = self.stages[number] == stays.stage
        return np.where(known, (stays.mean - self.level[:, number]) / self.spread[:, number], stays.mean)


@storable
@dataclass(frozen=True)
class Stepwise:
    """What was learnt from a reference whose steps are known."""

    course: Course
    wander: Wander
    off: list[Vote]  # of each sensor
    means: StayMeans
    votes: dict[str, Vote]
    joint: SeveralSensors

    def beyond(self, columns: Sequence[Columns], steps: Sequence[Steps]) -> list[Columns]:
        """What successive runs of one equipment have beyond their normal course."""
        return unwandered(
            self.wander, [self.course.residual(*both) for both in zip(columns, steps, strict=True)], steps
        )

    def votes_and_shares(self, beyond: Columns, steps: Steps, step: Step) -> tuple[Votes, NDArray[np.float32]]:
        """The vote of each feature at each point of a run, (n,), and what each sensor adds to their mean, (S, n)."""
        stays = stays_of([beyond], [steps])
        deviation = self.means.deviation(stays)
        off, shares_off = off_course(beyond, self.off)
        votes = {
            OFF: self.votes[OFF].of(off),
            STAY: self.votes[STAY].of(stays.on_points(stay_distance(deviation))),
        }
        powers = np.abs(deviation) ** POWER
        stay = stays.on_points(powers / np.maximum(powers.sum(axis=0), 1e-30))
        joint, shares = self.joint.votes_and_shares(beyond, None, step)
        banks = np.nanmean(list(joint.values()), axis=0)
        parts = {OFF: np.nan_to_num(votes[OFF], nan=LOWEST), STAY: votes[STAY], "joint": banks}
        # Height counts as in the power mean: the part that is highest says whose fault it is.
        heights = {name: (np.maximum(one, LOWEST) - LOWEST) ** POWER + LOWEST for name, one in parts.items()}
        each = {OFF: shares_off.astype(np.float32), STAY: stay.astype(np.float32), "joint": shares}
        return votes | joint, weighted(heights, each)


def unwandered(wander: Wander, beyond: list[Columns], steps: Sequence[Steps]) -> list[Columns]:
    """Successive runs less what the runs before them say that sensors have wandered."""
    if not wander.share.any():
        return beyond
    values = less([one.values for one in beyond], wander.before(stays_of(beyond, steps), len(beyond)))
    return [replace(one, values=some) for one, some in zip(beyond, values, strict=True)]


class StepwiseLearning:
    """Learns from the reference; ``left_out`` then holds its votes, each by a model without its block.

    Args:
        reference: pieces in spreads of the reference.
        folds: block of each point; NOT_LEARNT for runs that are set aside, which are scored like later ones.
        course: that of :meth:`Course.learn` over what is not set aside.
    """

    def __init__(
        self,
        reference: Sequence[Columns],
        steps: Sequence[Steps],
        folds: Sequence[Folds],
        course: Course,
        step: Step,
    ) -> None:
        self._steps, self._folds = steps, folds
        beyond = [self._strange(course, number, reference) for number in range(len(reference))]
        learnt = np.concatenate(folds) >= 0
        wander = Wander.learn(stays_of(beyond, steps), len(beyond))
        beyond = unwandered(wander, beyond, steps)
        self._off(beyond, learnt)
        self._stays(beyond, learnt, wander)
        joint = SeveralSensorsLearning(beyond, folds, None, high=HIGH, step=step)
        votes = {name: Vote.learn(values[learnt], HIGH) for name, values in self._left.items()}
        self.model = Stepwise(course, wander, self._each, self._means, votes, joint.model)
        borders = np.cumsum([len(one) for one in reference])[:-1]
        own = {name: np.split(votes[name].of(values), borders) for name, values in self._left.items()}
        self.left_out = [
            {name: values[piece] for name, values in own.items()} | joint.left_out[piece]
            for piece in range(len(reference))
        ]

    def _strange(self, course: Course, number: int, reference: Sequence[Columns]) -> Columns:
        """A piece beyond the course of the other blocks: what is learnt from these is learnt from strangers."""
        if number == 0:
            self._others = [self._without(block, reference) or course for block in range(BLOCKS)]
        found = course.residual(reference[number], self._steps[number])
        values = found.values.copy()
        for block in range(BLOCKS):
            mine = self._folds[number] == block
            if mine.any():
                values[:, mine] = self._others[block].residual(reference[number], self._steps[number]).values[:, mine]
        return replace(found, values=values)

    def _without(self, block: int, reference: Sequence[Columns]) -> Course | None:
        columns, steps = [], []
        for one, where, folds in zip(reference, self._steps, self._folds, strict=True):
            kept = (folds != block) & (folds >= 0)
            edges = np.flatnonzero(np.diff(np.concatenate([[0], kept.astype(np.int8), [0]])))
            for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
                columns.append(one.at(slice(first, after)))
                steps.append(where.at(slice(first, after)))
        return Course.learn(columns, steps) if columns else None

    def _off(self, beyond: Sequence[Columns], learnt: NDArray[np.bool_]) -> None:
        distance = np.concatenate([np.abs(one.values) for one in beyond], axis=1)
        self._each = [Vote.learn(one[learnt].astype(np.float64), HIGH_SENSOR) for one in distance]
        self._left = {OFF: np.concatenate([off_course(one, self._each)[0] for one in beyond])}

    def _stays(self, beyond: Sequence[Columns], learnt: NDArray[np.bool_], wander: Wander) -> None:
        stays = stays_of(beyond, self._steps)
        known = learnt[np.cumsum(stays.points) - stays.points]
        stages = np.unique(stays.stage[known])
        level, spread = np.zeros((len(stays.mean), len(stages))), np.ones((len(stays.mean), len(stages)))
        least = np.maximum(wander.reach, LEAST_SPREAD)
        for number, stage in enumerate(stages):
            some = stays.mean[:, known & (stays.stage == stage)]
            if some.shape[1] >= FEWEST_STAYS:
                level[:, number] = some.mean(axis=1)
                spread[:, number] = np.maximum(some.std(axis=1), least)
        self._means = StayMeans(stages, level, spread)
        self._left[STAY] = stays.on_points(stay_distance(self._means.deviation(stays)))


def off_course(beyond: Columns, each: Sequence[Vote]) -> tuple[Floats, Floats]:
    """(n,) how far rows are off their course, over all sensors, and (S, n) what each adds to it."""
    votes = [vote.of(np.abs(one).astype(np.float64)) for vote, one in zip(each, beyond.values, strict=True)]
    return over_sensors(votes, beyond.measured)


def stay_distance(deviation: Floats) -> Floats:
    """(m,) power mean of the sensors' deviations (S, m)."""
    found: Floats = np.mean(np.abs(deviation) ** POWER, axis=0) ** (1 / POWER)
    return found


def fused(votes: Votes) -> Floats:
    """Power mean of three: off the course, the banks, whole stays. A spike shows in the first, a shift in the last."""
    banks = np.nanmean([values for name, values in votes.items() if name not in (OFF, STAY)], axis=0)
    parts = np.stack([votes[OFF], np.where(np.isnan(banks), LOWEST, banks), votes[STAY]])
    powers = (np.maximum(parts, LOWEST) - LOWEST) ** POWER
    found: Floats = powers.mean(axis=0) ** (1 / POWER) + LOWEST
    return found
