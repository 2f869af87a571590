"""Series whose recipe steps are known: every feature reads what a series has beyond its normal course.

Four parts carry the score: whole stays in a step, how far a row is off its course, how much it jumps, and two banks of
joint descriptors. A sensor that stands still adds to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.blocks import BLOCKS, Folds
from waferwatch.models.ensemble.features.course import Course, jumps, rates
from waferwatch.models.ensemble.features.several_sensors import SeveralSensors, SeveralSensorsLearning
from waferwatch.models.ensemble.features.states import with_excess
from waferwatch.models.ensemble.features.still import Still
from waferwatch.models.ensemble.features.wander import Wander
from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.models.ensemble.preparation.stays import Stays, stays_of
from waferwatch.models.ensemble.vote import HIGH_SENSOR, LOWEST, Vote, fourth, fourth_root, over_sensors
from waferwatch.models.moment.encoder import Step
from waferwatch.models.state import SINCE, storable
from waferwatch.series.steps import Steps

HIGH = 10.0  # above which a vote grows by its logarithm only
FEWEST_STAYS = 5  # in a stage, to know its spread
FEWEST_LEFT = 3  # the same, of those that a block leaves
SHARED = 4  # stays that the usual spread of a sensor counts as, when that of a stage is taken from few
LEAST_SPREAD = 0.3  # of a stay's mean, in spreads of the course: what is smaller is drift, not a fault
HIGH_JUMP = 50.0  # above which the vote of one sensor's jumps grows by its logarithm only
STAY, OFF, JUMP, JOINT = "stay", "off course", "jump", "joint"

Floats = NDArray[np.float64]
Votes = dict[str, Floats]


@storable
@dataclass(frozen=True)
class StayMeans:
    """What is usual of the mean of a stay, for each of K stages and S sensors."""

    stages: NDArray[np.int64]  # (K,) sorted
    level: Floats  # (S, K)
    spread: Floats  # (S, K) above 0

    @classmethod
    def learn(cls, stays: Stays, chosen: NDArray[np.bool_], least: Floats, fewest: int) -> Self:
        """From the chosen stays (m,).

        Args:
            least: (S,) no spread is smaller.
            fewest: stays of a stage that say something of it.
        """
        stages, counts = np.unique(stays.stage[chosen], return_counts=True)
        level, spread = np.zeros((len(stays.mean), len(stages))), np.ones((len(stays.mean), len(stages)))
        known = np.flatnonzero(counts >= fewest)
        variance = np.zeros((len(stays.mean), len(stages)))
        for number in known:
            some = stays.mean[:, chosen & (stays.stage == stages[number])]
            level[:, number], variance[:, number] = some.mean(axis=1), some.var(axis=1, ddof=1)
        if len(known):
            usual = np.median(variance[:, known], axis=1)[:, None]
            freedom = counts[known] - 1
            shared = (freedom * variance[:, known] + SHARED * usual) / (freedom + SHARED)
            spread[:, known] = np.maximum(np.sqrt(shared * (1 + 1 / counts[known])), least[:, None])
        return cls(stages, level, spread)

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
    rates: Course | None = field(default=None, metadata={SINCE: "0.6.0"})  # of changes from row to row
    jump: list[Vote] | None = field(default=None, metadata={SINCE: "0.6.0"})  # of each sensor
    still: Still | None = field(default=None, metadata={SINCE: "0.6.0"})

    def beyond(self, chain: Chain, steps: Steps) -> Chain:
        """What successive runs of one equipment have beyond their normal course."""
        return unwandered(self.wander, self.course.residual(chain, steps), steps)

    def scores_and_shares(self, chain: Chain, steps: Steps, step: Step) -> tuple[Floats, NDArray[np.float32]]:
        """The score of each point of successive runs, (n,), and what each sensor adds to it, (S, n)."""
        votes, shares = self._votes_and_shares(chain, steps, step)
        if self.still is None:
            return fused(votes), shares
        return with_excess(fused(votes), shares, self.still.excess(chain, steps))

    def _votes_and_shares(self, chain: Chain, steps: Steps, step: Step) -> tuple[Votes, NDArray[np.float32]]:
        """The vote of each feature at each point, (n,), and what each sensor adds to their mean, (S, n)."""
        beyond = self.beyond(chain, steps)
        stays = stays_of(beyond, steps)
        deviation = self.means.deviation(stays)
        off, shares_off = over_each(np.abs(beyond.values), self.off, beyond)
        votes = {
            OFF: self.votes[OFF].of(off),
            STAY: self.votes[STAY].of(stays.on_points(stay_distance(deviation))),
        }
        powers = fourth(deviation)
        each: dict[str, NDArray[np.floating]] = {
            OFF: shares_off,
            STAY: stays.on_points(powers / np.maximum(powers.sum(axis=0), 1e-30)),
        }
        if self.rates is not None and self.jump is not None:
            changes = _from_their_start(self.rates.residual(rates(chain), steps))
            jump, each[JUMP] = over_each(jumps(changes), self.jump, changes)
            votes[JUMP] = self.votes[JUMP].of(jump)
        joint, shares = self.joint.votes_and_shares(beyond, None, step)
        parts = votes.copy()
        if joint:
            parts[JOINT], each[JOINT] = np.nanmean(list(joint.values()), axis=0), shares
        # Height counts as in the power mean: the part that is highest says whose fault it is.
        total = sum(
            fourth(np.maximum(np.nan_to_num(parts[name], nan=LOWEST) - LOWEST, 1e-6)) * one
            for name, one in each.items()
        )
        return votes | joint, np.asarray(total / np.maximum(np.sum(total, axis=0), 1e-30), np.float32)


def unwandered(wander: Wander, beyond: Chain, steps: Steps) -> Chain:
    """Successive runs less what the runs before them say that sensors have wandered."""
    if not wander.share.any():
        return beyond
    off = wander.before(stays_of(beyond, steps), len(beyond.starts)).astype(np.float32)
    return replace(beyond, values=beyond.values - off.take(beyond.owner, axis=1))


class StepwiseLearning:
    """Learns from the reference; ``left_out`` then holds its scores, (n,), by a model without a point's block.

    Args:
        reference: pieces in spreads of the reference, end to end.
        folds: (n,) block of each point; NOT_LEARNT for runs that are set aside, which are scored like later ones.
        known: (n,) points whose past is known; others say nothing of how far normal points are off.
        course: that of :meth:`Course.learn` over what is not set aside.
    """

    def __init__(
        self,
        reference: Chain,
        steps: Steps,
        folds: Folds,
        course: Course,
        step: Step,
        known: NDArray[np.bool_] | None = None,
    ) -> None:
        self._steps, self._folds = steps, folds
        self._used = (folds >= 0) & (True if known is None else known)
        beyond = self._strange(course, reference)
        wander = Wander.learn(stays_of(beyond, steps), len(beyond.starts))
        beyond = unwandered(wander, beyond, steps)
        self._left: Votes = {}
        off = self._each(OFF, np.abs(beyond.values), HIGH_SENSOR, beyond)
        changing, jump = self._jumps(rates(reference))
        self._stays(beyond, wander)
        joint = SeveralSensorsLearning(beyond, folds, None, high=HIGH, step=step)
        votes = {name: Vote.learn(values[self._used], HIGH) for name, values in self._left.items()}
        still = Still.learn(reference, steps, folds >= 0)
        self.model = Stepwise(course, wander, off, self._means, votes, joint.model, changing, jump, still)
        left = fused({name: votes[name].of(values) for name, values in self._left.items()} | joint.left_out)
        self.left_out = left + still.excess(reference, steps).max(axis=0)

    def _strange(self, course: Course, reference: Chain) -> Chain:
        """Each block beyond the course of the others: what is learnt from these is learnt from strangers."""
        found = course.residual(reference, self._steps)
        for block in range(BLOCKS):
            mine, rest = self._folds == block, (self._folds != block) & (self._folds >= 0)
            other = Course.learn(reference.values[:, rest], self._steps.at(rest)) if mine.any() else None
            if other is not None:
                found.values[:, mine] = other.residual(reference, self._steps).values[:, mine]
        return found

    def _jumps(self, changes: Chain) -> tuple[Course | None, list[Vote] | None]:
        """The normal course of changes from row to row, and how far normal rows are off it."""
        learnt = self._folds >= 0
        course = Course.learn(changes.values[:, learnt], self._steps.at(learnt))
        if course is None:
            return None, None
        beyond = _from_their_start(self._strange(course, changes))
        return course, self._each(JUMP, jumps(beyond), HIGH_JUMP, beyond)

    def _each(self, name: str, distances: NDArray[np.floating], high: float, beyond: Chain) -> list[Vote]:
        """What is usual of a feature of each sensor (S, n), whose mean over sensors is a feature of its own."""
        found = [Vote.learn(one[self._used].astype(np.float64), high) for one in distances]
        self._left[name] = over_each(distances, found, beyond)[0]
        return found

    def _stays(self, beyond: Chain, wander: Wander) -> None:
        stays = stays_of(beyond, self._steps)
        block = self._folds[np.cumsum(stays.points) - stays.points]
        least = np.maximum(wander.reach, LEAST_SPREAD)
        self._means = StayMeans.learn(stays, block >= 0, least, FEWEST_STAYS)
        deviation = self._means.deviation(stays)
        for number in range(BLOCKS):  # a mean that a stay had its share in lies nearer to it than to any later one
            mine = block == number
            if mine.any():
                others = StayMeans.learn(stays, (block >= 0) & ~mine, least, FEWEST_LEFT)
                deviation[:, mine] = others.deviation(stays)[:, mine]
        self._left[STAY] = stays.on_points(stay_distance(deviation))


def _from_their_start(changes: Chain) -> Chain:
    """Changes beyond their normal course, where nothing is known of how a series came to its first row."""
    changes.values[:, changes.starts] = 0.0
    return changes


def over_each(distances: NDArray[np.floating], votes: Sequence[Vote], beyond: Chain) -> tuple[Floats, Floats]:
    """(n,) mean over the sensors of what each is off, (S, n), and (S, n) what each adds to it."""
    each = [vote.of(one) for vote, one in zip(votes, distances, strict=True)]
    return over_sensors(each, beyond.measured)


def stay_distance(deviation: Floats) -> Floats:
    """(m,) power mean of the sensors' deviations (S, m)."""
    return fourth_root(fourth(deviation).mean(axis=0))


def fused(votes: Votes) -> Floats:
    """Power mean of the parts. A spike shows in the jumps and off the course, a shift in the stays."""
    single = [votes[name] for name in (OFF, STAY, JUMP) if name in votes]
    banks = [values for name, values in votes.items() if name not in (OFF, STAY, JUMP)]
    if banks:
        known = np.count_nonzero(~np.isnan(banks), axis=0)
        single.append(np.where(known, np.nansum(banks, axis=0) / np.maximum(known, 1), LOWEST))
    parts = np.stack(single)
    return fourth_root(fourth(np.maximum(parts, LOWEST) - LOWEST).mean(axis=0)) + LOWEST
