"""Detectors for comparison: fitted on rows taken to be normal, each scores series on a scale of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.blocks import BLOCKS, contiguous, of_runs, pieces_of
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
    shift: NDArray[np.float64]  # (S,) how far the level of what is scored lies above the reference's
    context: int
    delay: int

    def score(self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress) -> list[Scores]:
        if not isinstance(detector, BaselineDetector):
            raise TypeError(f"{type(detector).__name__} cannot score what a baseline has learnt")
        level = [replace(one, values=one.values - self.shift) for one in series] if self.shift.any() else series
        return [_shares(one) for one in detector.scorer_of(self).score(level, progress)]

    def shifted(self, first: Sequence[Series]) -> Self:
        """By the difference of the medians."""
        medians = [_medians([one.values for one in first]), _medians(self.reference)]
        return replace(self, shift=np.nan_to_num(medians[0] - medians[1]))


class BaselineDetector(Detector):
    """Any scorer as a detector: its scores are calibrated on blocks of the reference left out of learning."""

    scorer: ClassVar[type[Scorer]]

    def __init__(self) -> None:
        self._fitted: dict[int, tuple[BaselinePart, Scorer]] = {}  # by the identity of a part's reference

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
            mine, rest = pieces_of(reference, folds, block, True), pieces_of(reference, folds, block, False)
            if mine and rest:
                scored = self.strangers([one for _, one in rest], [one for _, one in mine])
                for (number, _), scores in zip(mine, scored, strict=True):
                    left[number][folds[number] == block] = scores.points
        return Learnt(self.part(reference), left)

    def strangers(self, rest: Sequence[Series], mine: Sequence[Series]) -> list[Scores]:
        """Raw scores of some pieces of the reference by what the rest of it teaches."""
        return self.scorer().fit(rest).score(mine)

    def part(self, reference: Sequence[Series]) -> BaselinePart:
        """What is kept of the whole reference."""
        values = [one.values for one in reference]
        return BaselinePart(values, np.zeros(values[0].shape[1]), self.scorer.context, self.scorer.delay)

    def scorer_of(self, part: BaselinePart) -> Scorer:
        """The scorer fitted on a part's reference."""
        found = self._fitted.get(id(part.reference))
        if found is None:
            reference = [Series(values, np.arange(len(values)), None) for values in part.reference]
            found = self._fitted[id(part.reference)] = (part, self.scorer().fit(reference))
        return found[1]


def _medians(pieces: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(S,) median of each sensor; NaN where it has no value."""
    values = np.concatenate(pieces)
    found = np.full(values.shape[1], np.nan)
    known = ~np.isnan(values).all(axis=0)
    found[known] = np.nanmedian(values[:, known], axis=0)
    return found


def _shares(scores: Scores) -> Scores:
    """Contributions as shares that add up to 1."""
    total = scores.contributions.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.where(total > 0, scores.contributions / total, 1 / max(1, scores.contributions.shape[1]))
    unknown = np.isnan(scores.points)[:, None]
    return Scores(scores.points, np.where(unknown, np.nan, shares).astype(np.float32))
