"""The paired bootstrap over blocks: what another sample of the same faults and the same fault-free time would show.

Rows next to each other are alike, so whole blocks are drawn: a run, or a fault with its surroundings. Every detector
gets the same draws, so that what is hard for all of them does not blur their difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

DRAWS = 2_000
SEED = 0

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, draws: Floats) -> Self | None:
        """From draws (D,) of the value; None where it or most draws could not be computed (NaN)."""
        finite = draws[np.isfinite(draws)]
        if not np.isfinite(value) or len(finite) < 0.5 * len(draws):
            return None
        low, high = np.percentile(finite, [2.5, 97.5])
        return cls(value, float(min(low, value)), float(max(high, value)))

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def block_weights(faulty: Mask, draws: int = DRAWS, seed: int = SEED) -> Floats:
    """How often each block is in each draw, (draws, B).

    Blocks with a fault and blocks without are drawn separately, so that every draw has as many faulty blocks as the
    data.

    Args:
        faulty: (B,) whether a block holds a fault.
    """
    rng = np.random.default_rng(seed)
    weights = np.zeros((draws, len(faulty)))
    for kind in (faulty, ~faulty):
        count = int(kind.sum())
        if count:
            weights[:, kind] = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    return weights


def resampled(values: Floats, draws: int = DRAWS, seed: int = SEED) -> Floats:
    """(draws, n) values (n,) drawn with replacement."""
    return np.asarray(values[np.random.default_rng(seed).integers(max(1, len(values)), size=(draws, len(values)))])
