"""Heads: what is said of every point of every sensor, in spreads of the reference, and the readers that say it.

A reader learns from the reference and then reads series; one reader may give several heads. Every head is standardised
by how it behaves on the reference, since only so can heads be averaged: that was worth more than any single head
(docs/experiments.md), and PAI (arXiv 2606.08935) combines its terms in the same way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.columns import Columns

Floats = NDArray[np.float32]
Step = Callable[[], None]
Heads = dict[str, Floats]  # name of a head -> (S, n), or (n,) of all sensors together; NaN where it has nothing to say

# Standardised values below are clipped and those above all but clipped: one head cannot drown the others, and what is
# higher still stays higher.
LOWEST, HIGHEST = -3.0, 30.0
ROUNDING = 0.05  # share of the usual value: less spread than this is chance of the reference
_LEAST_SPREAD = 1e-6


def keep_on() -> None:
    """Nobody wants to stop the work."""


class Reader(ABC):
    """Reads heads off sensors. ``fit`` comes first; ``read`` changes nothing and gives the same answer each time.

    Both call ``step`` often where they take long, and let pass what it raises.
    """

    @abstractmethod
    def fit(self, reference: Sequence[Columns], step: Step = keep_on) -> Self:
        """Learn what is normal. The sensors of all of them are the same."""

    @abstractmethod
    def read(self, columns: Columns, step: Step = keep_on) -> Heads:
        """The heads of one series. Too short a series may lack heads."""


class JointReader(ABC):
    """Reads heads off all sensors together, one value for each point: what no sensor shows alone."""

    @abstractmethod
    def fit(self, reference: Sequence[Columns], step: Step = keep_on) -> Self:
        """Learn what is normal. The sensors of all of them are the same."""

    @abstractmethod
    def read(self, columns: Columns, step: Step = keep_on) -> Heads:
        """The heads of one series, (n,) each. Too short a series may lack heads."""


@dataclass(frozen=True)
class Usual:
    """How a head behaves on the reference."""

    level: float
    spread: float  # above 0; both are NaN where the reference says nothing

    def standardise(self, values: NDArray[np.floating]) -> Floats:
        """Distance from the usual level in spreads, of any shape."""
        standard = np.maximum((values - self.level) / self.spread, LOWEST)
        above = np.maximum(standard / HIGHEST, 1.0)
        standard = np.where(above > 1, HIGHEST + np.log(above), standard)
        found: Floats = standard.astype(np.float32)
        return found


def usual(values: NDArray[np.floating]) -> Usual:
    """Measure what a head says of normal points; values that are not finite do not count."""
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        return Usual(float("nan"), float("nan"))
    level = float(known.mean())
    return Usual(level, float(known.std()) + ROUNDING * abs(level) + _LEAST_SPREAD)
