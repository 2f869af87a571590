"""Heads: what is said of every point of every sensor, in spreads of the reference, and the readers that say it.

A reader learns from the reference and then reads series; one reader may give several heads. Every head is standardised
by how it behaves on the reference, since only so can heads be averaged: that was worth more than any single head
(docs/experiments.md), and PAI (arXiv 2606.08935) combines its terms in the same way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.columns import Columns

Floats = NDArray[np.float32]
Heads = dict[str, Floats]  # name of a head -> (S, n), NaN where it has nothing to say

LOWEST, HIGHEST = -3.0, 30.0  # standardised values beyond are clipped, so that one head cannot drown the others
ROUNDING = 1e-3  # share of the usual value: less spread than this is rounding
_LEAST_SPREAD = 1e-6


class Reader(ABC):
    """Reads heads off sensors. ``fit`` comes first; ``read`` changes nothing and gives the same answer each time."""

    @abstractmethod
    def fit(self, reference: Sequence[Columns]) -> Self:
        """Learn what is normal. The sensors of all of them are the same."""

    @abstractmethod
    def read(self, columns: Columns) -> Heads:
        """The heads of one series. Too short a series may lack heads."""


@dataclass(frozen=True)
class Usual:
    """How a head behaves on the reference."""

    level: float
    spread: float  # above 0; both are NaN where the reference says nothing

    def standardise(self, values: NDArray[np.floating]) -> Floats:
        """Distance from the usual level in spreads, clipped; of any shape."""
        standard: Floats = np.clip((values - self.level) / self.spread, LOWEST, HIGHEST).astype(np.float32)
        return standard


def usual(values: NDArray[np.floating]) -> Usual:
    """Measure what a head says of normal points; values that are not finite do not count."""
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        return Usual(float("nan"), float("nan"))
    level = float(known.mean())
    return Usual(level, float(known.std()) + ROUNDING * abs(level) + _LEAST_SPREAD)
