"""A stream of one scope judged point by point: heads are fused sensor by sensor, then the sensors are combined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.base import Progress, Scores, no_progress, part_of
from waferwatch.detectors.columns import Columns, columns_of
from waferwatch.detectors.fusion import Fusion, with_joint_heads
from waferwatch.detectors.heads import LOWEST, JointReader, Reader
from waferwatch.detectors.normal import Normal
from waferwatch.detectors.sensors import carried, combine
from waferwatch.detectors.side_by_side import side_by_side
from waferwatch.detectors.step_head import StepHead
from waferwatch.detectors.stretches import in_stretches
from waferwatch.series.series import Series

FEWEST_POINTS = 16  # a shorter series, or a reference of fewer, says too little


@dataclass(frozen=True)
class StreamHeads:
    """What a detector looks at in a stream.

    Unless it is to be as published, the steps of a recipe count where the series have them; where they have none,
    points of a single sensor that belong together carry one score.
    """

    readers: list[Reader]  # fresh ones
    joint: list[JointReader]  # fresh ones, for all sensors together
    as_published: bool


class StreamJudge:
    """Judges series by the normal series of one scope.

    Where the steps of a recipe are known, all heads read what a series has beside its normal course, step by step, and
    half of the score is how far the point itself is off that course: a spike of one point is lost in every window.

    Args:
        reference: normal series. Too short ones leave everything unjudged.
        normal: level and spread of each sensor over them.
        heads: what is looked at.
        threads: readers that read side by side, at most.

    Attributes:
        steps: the normal course and how far points are off it; None where the steps do not count.
    """

    def __init__(
        self,
        reference: Sequence[Series],
        normal: Normal,
        heads: StreamHeads,
        threads: int = 1,
        progress: Progress = no_progress,
    ) -> None:
        self._normal = normal
        self._threads = threads
        self._as_published = heads.as_published
        long_enough = [one for one in reference if len(one) >= FEWEST_POINTS]
        columns = [columns_of(one, normal) for one in long_enough]
        self._known = np.zeros(reference[0].sensors, bool)
        for one in columns:
            self._known |= one.measured.any(axis=1)
        steps = [one.steps for one in long_enough if one.steps is not None]
        in_steps = not heads.as_published and columns and len(steps) == len(columns)
        self.steps = StepHead.learn(columns, steps) if in_steps else None
        if self.steps is not None:
            columns = [self.steps.beside(*both) for both in zip(columns, steps, strict=True)]
        self._readers = heads.readers if columns else []
        self._joint = heads.joint if columns else []
        # How far it is would be a guess.
        side_by_side([partial(one.fit, columns) for one in self._every], threads, lambda _done: progress(0.0))

    @property
    def _every(self) -> list[Reader | JointReader]:
        return [*self._readers, *self._joint]

    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        """Judge each series on its own."""
        total = max(1, sum(len(one) for one in series))
        found, done = [], 0
        for one in series:
            found.append(self._score(one, part_of(progress, done / total, len(one) / total)))
            done += len(one)
            progress(done / total)
        return found

    def _score(self, series: Series, progress: Progress) -> Scores:
        columns = columns_of(series, self._normal)
        if len(columns) < FEWEST_POINTS:
            return Scores(*combine(np.full(series.values.shape, np.nan, np.float32)))
        steps = self.steps if series.steps is not None else None
        if steps is not None and series.steps is not None:
            columns = steps.beside(columns, series.steps)
        fusion = Fusion(self._judged(columns))
        read = side_by_side([partial(one.read, columns) for one in self._every], self._threads, progress)
        for heads in read[: len(self._readers)]:
            fusion.add(heads)
        found = Scores(*combine(fusion.scores()))
        found = with_joint_heads(found, [values for heads in read[len(self._readers) :] for values in heads.values()])
        if steps is not None:
            return _half_and_half(found, self._off_course(steps, columns))
        return found if self._as_published or columns.sensors > 1 else _in_stretches(found, columns)

    def _off_course(self, steps: StepHead, beside: Columns) -> Scores:
        off = np.where(self._judged(beside), np.maximum(steps.off(beside), LOWEST) - LOWEST, np.nan)
        return Scores(*combine(off.T.astype(np.float32)))

    def _judged(self, columns: Columns) -> NDArray[np.bool_]:
        """(S, n) where a sensor was measured and something is known of it."""
        return columns.measured & self._known[:, None]


def _in_stretches(found: Scores, columns: Columns) -> Scores:
    points = in_stretches(found.points, columns.values[0])
    return Scores(points, carried(points, found.contributions))


def _half_and_half(one: Scores, other: Scores) -> Scores:
    return Scores((one.points + other.points) / 2, (one.contributions + other.contributions) / np.float32(2))
