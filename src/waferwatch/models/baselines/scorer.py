"""Detectors for comparison: fitted on rows taken to be normal, each scores series on a scale of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.blocks import BLOCKS, contiguous, of_runs
from waferwatch.models.contract import Detector, Learnt, ModelInfo, Part, Progress, Scores, no_progress
from waferwatch.models.state import storable
from waferwatch.series.series import Series


class Scorer(ABC):
    """``fit`` comes first; ``score`` changes nothing and gives the same answer each time."""

    info: ModelInfo
    context: ClassVar[int] = 0  # points before a row that its score rests on
    delay: ClassVar[int] = 0  # points behind it

    @abstractmethod
    def fit(self, reference: Sequence[Series]) -> Self:
        """Learn what is normal from series of the same sensors."""

    @abstractmethod
    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        """Score each series, in order, none of them touching another. Contributions add up to the score."""


@storable
@dataclass(frozen=True)
class BaselinePart(Part):
    """A baseline is fitted anew from its reference where it is loaded: the same rows give the same scorer."""

    reference: list[NDArray[np.float64]]  # (n, S) values of each piece
    context: int
    delay: int

    def score(self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress) -> list[Scores]:
        if not isinstance(detector, BaselineDetector):
            raise TypeError(f"{type(detector).__name__} cannot score what a baseline has learnt")
        return [_shares(one) for one in detector.scorer_of(self).score(series, progress)]


class BaselineDetector(Detector):
    """Any scorer as a detector: its scores are calibrated on blocks of the reference left out of learning."""

    scorer: ClassVar[type[Scorer]]

    def __init__(self) -> None:
        self._fitted: tuple[BaselinePart, Scorer] | None = None

    @property
    def info(self) -> ModelInfo:
        return self.scorer().info

    def learn(self, reference: Sequence[Series], progress: Progress = no_progress) -> Learnt:
        lengths = [len(one) for one in reference]
        runs = len(reference) >= 2 * BLOCKS and all(one.is_run for one in reference)
        folds = contiguous(lengths)
        if runs:
            folds = [np.full(n, block) for n, block in zip(lengths, of_runs([""] * len(lengths)), strict=True)]
        left = [np.full(n, np.nan) for n in lengths]
        for block in range(BLOCKS):
            progress(block / BLOCKS)
            mine, rest = _pieces(reference, folds, block, True), _pieces(reference, folds, block, False)
            if mine and rest:
                scored = self.scorer().fit([one for _, one in rest]).score([one for _, one in mine])
                for (number, _), scores in zip(mine, scored, strict=True):
                    left[number][folds[number] == block] = scores.points
        part = BaselinePart([one.values for one in reference], self.scorer.context, self.scorer.delay)
        return Learnt(part, left)

    def scorer_of(self, part: BaselinePart) -> Scorer:
        """The scorer fitted on a part's reference."""
        if self._fitted is None or self._fitted[0] is not part:
            reference = [Series(values, np.arange(len(values)), None) for values in part.reference]
            self._fitted = (part, self.scorer().fit(reference))
        return self._fitted[1]


def _pieces(
    reference: Sequence[Series], folds: Sequence[NDArray[np.int64]], block: int, mine: bool
) -> list[tuple[int, Series]]:
    """Parts of pieces that are in a block, or not; those not in it are cut where it lies."""
    found = []
    for number, (one, fold) in enumerate(zip(reference, folds, strict=True)):
        chosen = (fold == block) == mine
        edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(np.int8), [0]])))
        pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        found += [(number, one.at(slice(first, after))) for first, after in pairs]
    return found


def _shares(scores: Scores) -> Scores:
    """Contributions as shares that add up to 1."""
    total = scores.contributions.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.where(total > 0, scores.contributions / total, 1 / max(1, scores.contributions.shape[1]))
    unknown = np.isnan(scores.points)[:, None]
    return Scores(scores.points, np.where(unknown, np.nan, shares).astype(np.float32))
