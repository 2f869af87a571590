"""What a detector is: it learns once from a reference, and what it has learnt scores series without ever changing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.series import Series
from waferwatch.series.steps import Steps

Progress = Callable[[float], None]  # called with the share done, 0 to 1; may raise errors.Cancelled to stop the work


def no_progress(_share: float) -> None:
    """Report to nobody."""


def part_of(progress: Progress, before: float, share: float) -> Progress:
    """The progress of a part of the work that begins at ``before`` and is ``share`` of it."""
    return lambda done: progress(before + share * done)


@dataclass(frozen=True)
class Scores:
    """What a model says of one series."""

    points: NDArray[np.float64]  # (n,) high = anomalous, NaN = not judged
    contributions: NDArray[np.float32]  # (n, sensors) at least 0; each judged row adds up to 1; NaN rows: NaN


@dataclass(frozen=True)
class ModelInfo:
    """Which algorithm or checkpoint really ran."""

    name: str  # checkpoint or algorithm, with the version of the library that holds it
    sha256: str | None  # hash of the checkpoint's weights; None for a detector without weights
    device: str  # "cpu" or "cuda", with the runtime in brackets


class Part(ABC):
    """What was learnt for one scope (equipment): a frozen dataclass that can be stored."""

    context: int  # points before a row that its score rests on
    delay: int  # points behind it

    @property
    def reads_steps(self) -> bool:
        """Whether its scores rest on which recipe step a row belongs to."""
        return False

    @property
    def widths(self) -> Mapping[str, float]:
        """Of each feature, the spread of normal distances that raw scores are in units of; none where they are not."""
        return {}

    def magnified(self, times: float) -> Self:
        """The same with raw scores so many times as high, for a part that has ``widths``."""
        raise NotImplementedError

    @abstractmethod
    def score(self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress) -> list[Scores]:
        """Raw scores of successive series of one scope; inputs are not changed."""

    def knows(self, steps: Steps) -> NDArray[np.bool_]:
        """(n,) whether the reference was ever in the recipe step that each row is in."""
        return np.ones(len(steps), np.bool_)

    def shifted(self, first: Sequence[Series]) -> Self:
        """The same for another equipment, at the level that its first rows have. Without levels nothing changes."""
        return self


@dataclass(frozen=True)
class Learnt:
    """What fitting one scope gives."""

    part: Part
    left_out: list[NDArray[np.float64]]  # raw scores of each piece, each row by what was learnt without its block
    set_aside: list[int] = field(default_factory=list)  # pieces that are unlike the others and were not learnt from


class Detector(ABC):
    """A method and its options."""

    name: ClassVar[str]
    threads: int = 1  # of the processor that learning and scoring may use

    @property
    @abstractmethod
    def info(self) -> ModelInfo:
        """Which algorithm or checkpoint really runs."""

    @abstractmethod
    def learn(self, reference: Sequence[Series], progress: Progress = no_progress) -> Learnt:
        """Learn what is normal from series of one scope and the same sensors.

        Where that takes long, ``progress`` is called again and again, so that it can stop the work.
        """

    def uses_network(self, part: Part) -> bool:
        """Whether what was learnt reads with a network; False for a detector without one."""
        return False
