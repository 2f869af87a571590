"""One scale for every detector: how rare a score is among normal rows.

A score of 1 is as high as one normal row in ten reaches, 2 one in a hundred, 3 one in a thousand. Beyond the highest
row of the reference nothing is known of rarity; there the scale goes on by distance: twice that row's score is twice as
far from the usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.state import storable

Floats = NDArray[np.float64]

KNOTS = 64
_LEAST = 1e-9


@storable
@dataclass(frozen=True)
class Rarity:
    """Raw scores of a detector to the common scale, strictly rising."""

    raw: Floats  # (K,) ascending
    score: Floats  # (K,) ascending, the first 0
    slope: float  # beyond the last knot
    rows: int  # left-out reference rows that it rests on

    @classmethod
    def learn(cls, left_out: Sequence[Floats]) -> Self:
        """From raw scores of reference rows left out of learning; NaN does not count."""
        every = np.concatenate(left_out) if left_out else np.empty(0)
        every = np.sort(every[np.isfinite(every)])
        if not len(every):
            return cls(np.zeros(1), np.zeros(1), 1.0, 0)
        share = np.geomspace(1.0, 1 / len(every), KNOTS)
        knots = every[np.clip(len(every) - np.ceil(share * len(every)), 0, len(every) - 1).astype(np.int64)]
        # Of equal raw scores the rarest share holds: a score says what is at least as high.
        rising = np.append(np.diff(knots) > _LEAST, True)
        raw, score = knots[rising], -np.log10(share[rising])
        if score[0] > 0:
            raw, score = np.append(raw[0] - max(_LEAST, 1e-6 * abs(raw[0])), raw), np.append(0.0, score)
        width = max(float(raw[-1] - np.median(every)), _LEAST)
        return cls(raw, score, max(float(score[-1]), 1.0) / width, len(every))

    def of(self, raw: Floats) -> Floats:
        """Scores of raw scores; NaN stays NaN."""
        inside = np.interp(raw, self.raw, self.score)
        beyond = np.maximum(raw - self.raw[-1], 0.0) * self.slope
        # Below the reference's lowest row scores still differ, if only a little: ranks are kept.
        below = np.where(raw < self.raw[0], -np.minimum(np.log1p(np.maximum(self.raw[0] - raw, 0)), 1e3) * 1e-6, 0.0)
        found: Floats = inside + beyond + below
        return found

    @property
    def highest(self) -> float:
        """The score of the highest left-out row: above it nothing is known of how rare a score is."""
        return float(self.score[-1])
