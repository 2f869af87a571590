"""Baselines on what rows have beyond the normal course of their recipe step.

The default detector reads rows that way where the table has recipe steps. A baseline on plain rows is then compared
with a better view of the data as much as with a better method, so both kinds can be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.baselines.isolation_forest import IsolationForestScorer
from waferwatch.models.baselines.one_liners import MovingVarianceScorer, SquaredDifferenceScorer
from waferwatch.models.baselines.pca import PcaScorer
from waferwatch.models.baselines.scorer import BaselineDetector, BaselinePart
from waferwatch.models.contract import Detector, ModelInfo, Progress, Scores, no_progress
from waferwatch.models.ensemble.features.course import LAST_TICK, Course
from waferwatch.models.ensemble.preparation.chain import chain_of
from waferwatch.models.ensemble.preparation.normal import Normal, measure
from waferwatch.models.state import storable
from waferwatch.series.series import Series, steps_of
from waferwatch.series.steps import Steps, joined


@storable
@dataclass(frozen=True)
class StepView:
    """How rows are read: as distances from the normal course of their step, in its spreads."""

    normal: Normal
    course: Course

    @classmethod
    def learn(cls, reference: Sequence[Series]) -> Self | None:
        """From normal series; None without steps, and where steps come again too rarely to say anything."""
        if not reference or any(one.steps is None for one in reference):
            return None
        steps = joined([steps_of(one) for one in reference])
        if len(np.unique(steps.stage)) < 2:
            return None
        normal = measure(reference)
        course = Course.learn(chain_of(reference, normal).values, steps)
        return None if course is None else cls(normal, course)

    def of(self, series: Sequence[Series]) -> list[Series]:
        """Series as they are read. A missing value stays missing; in a step that was never seen every value is."""
        if not series:
            return []
        chain, steps = chain_of(series, self.normal), joined([steps_of(one) for one in series])
        known = chain.measured & self.course.knows(steps)
        off = np.where(known, self.course.residual(chain, steps).values, np.nan).T.astype(np.float64)
        return [
            replace(one, values=values)
            for one, values in zip(series, np.split(off, chain.starts[1:].tolist()), strict=True)
        ]

    def shifted(self, first: Sequence[Series]) -> Self:
        """The same for equipment at another level, by the median distance of its first rows from the course."""
        if not first:
            return self
        chain, steps = chain_of(first, self.normal), joined([steps_of(one) for one in first])
        median = np.median(self.course.distance(chain.values, steps), axis=1)
        return replace(self, normal=replace(self.normal, level=self.normal.level + median * self.normal.spread))


@storable
@dataclass(frozen=True)
class StepBaselinePart(BaselinePart):
    """What a baseline learns from the reference as :class:`StepView` reads it."""

    view: StepView

    @property
    def reads_steps(self) -> bool:
        return True

    def score(self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress) -> list[Scores]:
        return super().score(self.view.of(series), detector, progress)

    def knows(self, steps: Steps) -> NDArray[np.bool_]:
        return self.view.course.knows(steps)

    def shifted(self, first: Sequence[Series]) -> Self:
        return replace(self, view=self.view.shifted(first))


class StepBaselineDetector(BaselineDetector):
    """A baseline that reads rows by their steps; where the reference has none it is the plain baseline."""

    @property
    def info(self) -> ModelInfo:
        plain = super().info
        return replace(plain, name=f"{plain.name}, step-normalised")

    def strangers(self, rest: Sequence[Series], mine: Sequence[Series]) -> list[Scores]:
        view = StepView.learn(rest)
        if view is None:
            return super().strangers(rest, mine)
        return super().strangers(view.of(rest), view.of(mine))

    def part(self, reference: Sequence[Series]) -> BaselinePart:
        view = StepView.learn(reference)
        if view is None:
            return super().part(reference)
        plain = super().part(view.of(reference))
        # A row's place in its step is known only from the beginning of the step on.
        return StepBaselinePart(plain.reference, plain.shift, plain.context + LAST_TICK, plain.delay, view)


class IsolationForestInSteps(StepBaselineDetector):
    """scikit-learn's IsolationForest on rows read by their steps."""

    name: ClassVar[str] = "isolation_forest_steps"
    scorer = IsolationForestScorer


class PcaInSteps(StepBaselineDetector):
    """T2 and SPE of rows read by their steps."""

    name: ClassVar[str] = "pca_steps"
    scorer = PcaScorer


class MovingVarianceInSteps(StepBaselineDetector):
    """Moving variance of rows read by their steps."""

    name: ClassVar[str] = "moving_variance_steps"
    scorer = MovingVarianceScorer


class SquaredDifferenceInSteps(StepBaselineDetector):
    """Squared difference of rows read by their steps."""

    name: ClassVar[str] = "squared_difference_steps"
    scorer = SquaredDifferenceScorer
