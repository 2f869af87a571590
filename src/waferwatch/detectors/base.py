"""The contract that every detector keeps, and what a detector says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.series import Series

Progress = Callable[[float], None]  # called with the share done, 0 to 1; may raise errors.Cancelled to stop the work


def no_progress(_share: float) -> None:
    """Report to nobody."""


def part_of(progress: Progress, before: float, share: float) -> Progress:
    """The progress of a part of the work that begins at ``before`` and is so large a share of it."""
    return lambda done: progress(before + share * done)


@dataclass(frozen=True)
class Scores:
    """What a detector says of one series."""

    points: NDArray[np.float64]  # (n,) at least 0, high = anomalous, NaN = cannot be judged
    contributions: NDArray[np.float32]  # (n, sensors) at least 0; each judged row adds up to its score; NaN rows: NaN


@dataclass(frozen=True)
class ModelInfo:
    """Which model really ran."""

    name: str  # checkpoint or algorithm, with the version of the library that holds it
    sha256: str | None  # hash of the checkpoint's weights; None for a detector without weights
    device: str  # "cpu" or "cuda", with the runtime in brackets


class Detector(ABC):
    """Fits on rows taken to be normal, then scores series of the same sensors.

    ``fit`` must come first; ``score`` neither changes its input nor the detector, and gives the same answer each time.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def model(self) -> ModelInfo:
        """Which model really runs."""

    @abstractmethod
    def fit(self, reference: Sequence[Series], progress: Progress = no_progress) -> Self:
        """Learn what is normal from series of the same sensors. Returns the detector.

        Where learning takes long, ``progress`` is told again and again, so that it can stop the work.
        """

    @abstractmethod
    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        """Score each series, in order, none of them touching another."""
