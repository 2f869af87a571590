"""Distances of a feature made into a vote, by what reference rows have that were left out of learning.

A vote is 0 where normal rows are on average and 1 three of their standard deviations above. One vote a feature and
their plain mean were better than weights, tail probabilities, maxima and medians (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.state import storable

Floats = NDArray[np.float64]

LOWEST = -1.0  # a feature that is low says no more than this
LEAST_SHARE = 0.05  # of the mean distance: a smaller spread of it is chance of the reference
POWER = 4  # of the mean over sensors: one faulty sensor among many still shows, and several that agree show more
HIGH_SENSOR = 5.0  # above which a sensor's vote grows by its logarithm only, before sensors are combined
_ROUNDING = 1e-6


@storable
@dataclass(frozen=True)
class Vote:
    """How a feature behaves on reference rows left out of learning."""

    level: float
    spread: float  # three standard deviations, above 0
    high: float  # above which a vote grows by its logarithm only

    @classmethod
    def learn(cls, left_out: Floats, high: float) -> Self:
        """From distances of left-out rows; those that are NaN do not count."""
        known = left_out[np.isfinite(left_out)]
        if not len(known):
            return cls(0.0, 1.0, high)
        level = float(known.mean())
        return cls(level, max(3 * float(known.std()), LEAST_SHARE * abs(level), _ROUNDING), high)

    def of(self, distances: NDArray[np.floating]) -> Floats:
        """Votes, of any shape; NaN stays NaN."""
        return soft(np.maximum((distances - self.level) / self.spread, LOWEST), self.high)


def soft(votes: Floats, high: float) -> Floats:
    """Votes above ``high`` grow by their logarithm only: one feature cannot drown the others, and more stays more."""
    above = np.maximum(votes / high, 1.0)
    return np.where(above > 1, high + np.log(above), votes)


def over_sensors(votes: Sequence[Floats], measured: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Power mean over the sensors that were measured.

    Args:
        votes: (n,) of each sensor.
        measured: (S, n).

    Returns:
        (n,) mean, NaN where no sensor was measured, and (S, n) what each sensor adds to it, 0 to 1.
    """
    powers = np.stack([np.square(np.square(np.maximum(one, LOWEST) - LOWEST)) for one in votes])
    powers = np.where(measured & ~np.isnan(powers), powers, 0.0)
    total, count = powers.sum(axis=0), measured.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, (total / count) ** (1 / POWER) + LOWEST, np.nan)
        share = np.where(total > 0, powers / total, measured / np.maximum(count, 1))
    return mean, share


def filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows that no model could be learnt without take the values of their neighbours."""
    there = ~np.isnan(values)
    if there.all() or not there.any():
        return values
    return np.interp(np.arange(len(values)), np.flatnonzero(there), values[there])
