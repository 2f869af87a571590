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
from waferwatch.models.ensemble.features.course import Course
from waferwatch.models.ensemble.features.several_sensors import SeveralSensors, SeveralSensorsLearning
from waferwatch.models.ensemble.features.wander import Wander
from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.models.ensemble.preparation.stays import Stays, stays_of
from waferwatch.models.ensemble.vote import HIGH_SENSOR, LOWEST, POWER, Vote, over_sensors
from waferwatch.models.moment.encoder import Step
from waferwatch.models.state import storable
from waferwatch.series.steps import Steps

HIGH = 10.0  # above which a vote grows by its logarithm only
FEWEST_STAYS = 5  # in a stage, to know its spread
LEAST_SPREAD = 0.3  # of a stay's mean, in spreads of the course: what is smaller is drift, not a fault
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

    def beyond(self, chain: Chain, steps: Steps) -> Chain:
        """What successive runs of one equipment have beyond their normal course."""
        return unwandered(self.wander, self.course.residual(chain, steps), steps)

    def votes_and_shares(self, beyond: Chain, steps: Steps, step: Step) -> tuple[Votes, NDArray[np.float32]]:
        """The vote of each feature at each point, (n,), and what each sensor adds to their mean, (S, n)."""
        stays = stays_of(beyond, steps)
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
        each = {OFF: shares_off, STAY: stay, "joint": shares}
        total = sum(np.maximum(parts[name] - LOWEST, 1e-6) ** POWER * one for name, one in each.items())
        return votes | joint, np.asarray(total / np.maximum(np.sum(total, axis=0), 1e-30), np.float32)


def unwandered(wander: Wander, beyond: Chain, steps: Steps) -> Chain:
    """Successive runs less what the runs before them say that sensors have wandered."""
    if not wander.share.any():
        return beyond
    off = wander.before(stays_of(beyond, steps), len(beyond.starts)).astype(np.float32)
    return replace(beyond, values=beyond.values - off[:, beyond.owner])


class StepwiseLearning:
    """Learns from the reference; ``left_out`` then holds its votes, (n,) each, by a model without a point's block.

    Args:
        reference: pieces in spreads of the reference, end to end.
        folds: (n,) block of each point; NOT_LEARNT for runs that are set aside, which are scored like later ones.
        course: that of :meth:`Course.learn` over what is not set aside.
    """

    def __init__(self, reference: Chain, steps: Steps, folds: Folds, course: Course, step: Step) -> None:
        self._steps, self._folds = steps, folds
        beyond = self._strange(course, reference)
        wander = Wander.learn(stays_of(beyond, steps), len(beyond.starts))
        beyond = unwandered(wander, beyond, steps)
        self._off(beyond)
        self._stays(beyond, wander)
        joint = SeveralSensorsLearning(beyond, folds, None, high=HIGH, step=step)
        votes = {name: Vote.learn(values[folds >= 0], HIGH) for name, values in self._left.items()}
        self.model = Stepwise(course, wander, self._each, self._means, votes, joint.model)
        self.left_out = {name: votes[name].of(values) for name, values in self._left.items()} | joint.left_out

    def _strange(self, course: Course, reference: Chain) -> Chain:
        """Each block beyond the course of the others: what is learnt from these is learnt from strangers."""
        found = course.residual(reference, self._steps)
        for block in range(BLOCKS):
            mine, rest = self._folds == block, (self._folds != block) & (self._folds >= 0)
            other = Course.learn(reference.values[:, rest], self._steps.at(rest)) if mine.any() else None
            if other is not None:
                found.values[:, mine] = other.residual(reference, self._steps).values[:, mine]
        return found

    def _off(self, beyond: Chain) -> None:
        distance = np.abs(beyond.values[:, self._folds >= 0]).astype(np.float64)
        self._each = [Vote.learn(one, HIGH_SENSOR) for one in distance]
        self._left = {OFF: off_course(beyond, self._each)[0]}

    def _stays(self, beyond: Chain, wander: Wander) -> None:
        stays = stays_of(beyond, self._steps)
        known = self._folds[np.cumsum(stays.points) - stays.points] >= 0
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


def off_course(beyond: Chain, each: Sequence[Vote]) -> tuple[Floats, Floats]:
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
