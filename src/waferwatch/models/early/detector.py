"""The detector ``early``: distances of a row from what is usual at its place, by at most 32 rows up to it.

It sees what stands out at once; shapes that only a longer stretch shows are left to the others. Live monitoring raises
alarms by it, since its score of a row is there with the row and never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.baselines.scaling import ReferenceScales, robust_deviation
from waferwatch.models.blocks import BLOCKS, Folds, contiguous, of_runs, pieces_of
from waferwatch.models.contract import Detector, Learnt, ModelInfo, Part, Progress, Scores, no_progress
from waferwatch.models.early.features import WINDOWS, EarlyFeatures, combined
from waferwatch.models.state import storable
from waferwatch.series.series import Series
from waferwatch.series.steps import NO_STEP, Steps

Floats = NDArray[np.float64]

CONTEXT = max(WINDOWS) - 1


@storable
@dataclass(frozen=True)
class EarlyPart(Part):
    """What was learnt for one equipment."""

    features: EarlyFeatures
    stages: NDArray[np.int64]  # (K,) sorted: recipes and steps of the reference
    in_steps: bool
    context: int = CONTEXT
    delay: int = 0

    @property
    def reads_steps(self) -> bool:
        return self.in_steps

    def score(self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress) -> list[Scores]:
        return [self._score(one) for one in series]

    def rows(self, values: Floats, steps: Steps, before: Floats) -> EarlyRows:
        """Raw scores of rows as they come; the same however they are cut into blocks.

        Args:
            values: (n, S) of rows of one series.
            steps: of these rows.
            before: (m, S) distances of the last rows before them in their series, at most ``CONTEXT``.
        """
        far = self.features.distances(values, steps)
        far[~self.knows(steps)] = np.nan
        most, side = self.features.of(far, before)
        points, shares = combined(most)
        unknown = np.isnan(far).all(axis=1)
        points[unknown], shares[unknown] = np.nan, np.nan
        return EarlyRows(points, shares, side, np.concatenate([before, far])[-CONTEXT:])

    def shifted(self, first: Sequence[Series]) -> Self:
        """By the median distance of its first rows."""
        far = np.concatenate([self.features.distances(one.values, _steps(one)) for one in first])
        off = np.array([float(np.median(one[~np.isnan(one)])) if (~np.isnan(one)).any() else 0.0 for one in far.T])
        centre = self.features.centre + off * self.features.spread
        return replace(self, features=replace(self.features, centre=centre))

    def _score(self, series: Series) -> Scores:
        found = self.rows(series.values, _steps(series), np.empty((0, series.sensors)))
        return Scores(found.points, found.shares)

    def knows(self, steps: Steps) -> NDArray[np.bool_]:
        at = np.minimum(np.searchsorted(self.stages, steps.stage), len(self.stages) - 1)
        found: NDArray[np.bool_] = self.stages[at] == steps.stage
        return found


@dataclass(frozen=True)
class EarlyRows:
    """What is said of rows as they come."""

    points: Floats  # (n,) raw, NaN = not judged
    shares: NDArray[np.float32]  # (n, S) add up to 1
    sides: NDArray[np.int8]  # (n, S) above (+1) or below (-1) what is usual, or neither
    last: Floats  # (at most CONTEXT, S) distances that the next rows rest on


class EarlyDetector(Detector):
    """See the module."""

    name: ClassVar[str] = "early"

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(f"distances by {max(WINDOWS)} rows", None, f"cpu (numpy {np.__version__})")

    def learn(self, reference: Sequence[Series], progress: Progress = no_progress) -> Learnt:
        stepped = [replace(one, steps=_steps(one)) for one in reference]
        folds = _folds(stepped)
        left = [np.full(len(one), np.nan) for one in reference]
        for block in range(BLOCKS):
            progress(block / BLOCKS)
            mine, rest = pieces_of(stepped, folds, block, True), pieces_of(stepped, folds, block, False)
            if mine and rest:
                part = _learn([one for _, one in rest])
                for number, one in mine:
                    left[number][folds[number] == block] = part.score([one], self)[0].points
        return Learnt(_learn(stepped), left)


def _learn(reference: Sequence[Series]) -> EarlyPart:
    scale = ReferenceScales(reference, robust_deviation).of(reference[0])
    steps = [_steps(one) for one in reference]
    in_course = any(one.is_run for one in reference) or any((one.tick > 0).any() for one in steps)
    features = EarlyFeatures.learn(
        [one.values for one in reference], steps, scale.centre, scale.spread, course=in_course
    )
    stages = np.unique(np.concatenate([one.stage for one in steps]))
    return EarlyPart(features, stages, bool((stages != NO_STEP).any()))


def _folds(reference: Sequence[Series]) -> list[Folds]:
    lengths = [len(one) for one in reference]
    if len(reference) < 2 * BLOCKS or not all(one.is_run for one in reference):
        return contiguous(lengths)
    return [np.full(n, block) for n, block in zip(lengths, of_runs([""] * len(lengths)), strict=True)]


def _steps(series: Series) -> Steps:
    """Of a run without steps, how long it has run; of a stream without steps nothing."""
    if series.steps is not None:
        return series.steps
    count = len(series)
    tick = np.arange(count, dtype=np.int64) if series.is_run else np.zeros(count, np.int64)
    return Steps(np.full(count, NO_STEP, np.int64), tick)
