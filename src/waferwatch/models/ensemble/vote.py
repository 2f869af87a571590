"""Distances of a feature made into a vote, by what reference rows have that were left out of learning.

A vote is 0 where normal rows are on average and 1 three of their standard deviations above. One vote a feature and
their plain mean were better than weights, tail probabilities, maxima and medians (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.state import storable

Floats = NDArray[np.float64]

LOWEST = -1.0  # a feature that is low says no more than this
LEAST_SHARE = 0.05  # of the mean distance: a smaller spread of it is chance of the reference
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
        found = np.subtract(distances, self.level, dtype=np.float64)
        found /= self.spread
        return soft(np.maximum(found, LOWEST, out=found), self.high)


def learn_votes(left_out: Mapping[str, Floats], high: float) -> dict[str, Vote]:
    """Those of features that have a distance of any left-out row. Without one nothing says what is usual of a feature:
    the reference is too short for it, and it has no vote.
    """
    return {name: Vote.learn(values, high) for name, values in left_out.items() if np.isfinite(values).any()}


def soft(votes: Floats, high: float) -> Floats:
    """Votes above ``high`` grow by their logarithm only: one feature cannot drown the others, and more stays more."""
    above = votes / high
    far = above > 1
    if not far.any():
        return votes
    found = votes.copy()
    found[far] = high + np.log(above[far])
    return found


def over_sensors(votes: Sequence[Floats], measured: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Mean by the power of 4 over the sensors that were measured: one faulty sensor among many still shows, and several
    that agree show more.

    Args:
        votes: (n,) of each sensor.
        measured: (S, n).

    Returns:
        (n,) mean, NaN where no sensor was measured, and (S, n) what each sensor adds to it, 0 to 1.
    """
    powers = np.stack(votes)
    np.maximum(powers, LOWEST, out=powers)
    powers -= LOWEST
    powers = fourth(powers)
    unknown = ~measured | np.isnan(powers)
    if unknown.any():
        powers[unknown] = 0.0
    total, count = powers.sum(axis=0), measured.sum(axis=0)
    mean = fourth_root(total / np.maximum(count, 1)) + LOWEST
    mean[count == 0] = np.nan
    nothing = total <= 0
    powers /= np.where(nothing, 1.0, total)
    if nothing.any():
        powers[:, nothing] = measured[:, nothing] / np.maximum(count[nothing], 1)
    return mean, powers


def fourth(values: Floats) -> Floats:
    """Values to the power of 4, several times as fast as ``**``."""
    square = np.square(values)
    return np.square(square, out=square)


def fourth_root(values: Floats) -> Floats:
    """The inverse of :func:`fourth`, of values of at least 0."""
    root = np.sqrt(values)
    return np.sqrt(root, out=root)


def filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows that no model could be learnt without take the values of their neighbours."""
    there = ~np.isnan(values)
    if there.all() or not there.any():
        return values
    return np.interp(np.arange(len(values)), np.flatnonzero(there), values[there])
