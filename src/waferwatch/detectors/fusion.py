"""Heads of one sensor made into one score.

A head counts by its contrast: how far its highest values stand out from its usual ones in the series itself. A head
that is high nearly everywhere, or low everywhere, has nothing to point at. No label goes into it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.base import Scores
from waferwatch.detectors.heads import LOWEST, Heads
from waferwatch.detectors.sensors import carried

USUAL, HIGH, HIGHEST_SHARE = 0.5, 0.9, 0.999  # quantiles of a head over the series
MOST_LOOKED_AT = 50_000  # points, evenly spaced: quantiles of more say the same
_LEAST_CONTRAST = 1e-3

Floats = NDArray[np.float32]


class Fusion:
    """Adds up heads as they come, so that no more than those of one reader are held.

    Args:
        measured: (S, n) points that are to be judged.
    """

    def __init__(self, measured: NDArray[np.bool_]) -> None:
        self._measured = measured
        self._total = np.zeros(measured.shape, np.float32)
        self._weight = np.zeros(measured.shape, np.float32)

    def add(self, heads: Heads) -> None:
        """Count these heads in, each (S, n), NaN where it says nothing."""
        for values in heads.values():
            there = self._measured & ~np.isnan(values)
            for sensor, points in enumerate(there):
                if points.any():
                    said = slice(None) if points.all() else points  # a view, where all of it is there
                    column = values[sensor, said]
                    weight = contrast(column)
                    self._total[sensor, said] += weight * column
                    self._weight[sensor, said] += weight

    def scores(self) -> Floats:
        """(n, S) from 0 = far below usual, NaN where a sensor was not measured or no head said anything."""
        with np.errstate(invalid="ignore"):
            mean = self._total / np.where(self._weight > 0, self._weight, np.nan)
        scores: Floats = (np.maximum(mean.T, LOWEST) - LOWEST).astype(np.float32)
        return scores


def with_joint_heads(found: Scores, heads: Sequence[Floats]) -> Scores:
    """The combined sensors fused with heads of all sensors together, (n,) each; what each sensor carries stays."""
    judged = ~np.isnan(found.points)
    if not heads or not judged.any():
        return found
    every = np.stack([found.points + LOWEST, *heads])
    weights = np.array([contrast(one[judged]) for one in every])
    points = np.maximum(weights @ every / weights.sum(), LOWEST) - LOWEST
    return Scores(points, carried(points, found.contributions))


def contrast(values: NDArray[np.floating]) -> float:
    """How much the highest values of a head stand out, above 0.

    >>> contrast(np.zeros(100, np.float32)) < contrast(np.arange(100, dtype=np.float32))
    True
    """
    some = values[:: max(1, len(values) // MOST_LOOKED_AT)]
    usual, high, highest = np.quantile(some, [USUAL, HIGH, HIGHEST_SHARE])
    return _LEAST_CONTRAST + float(np.log1p((highest - high) / (high - usual + 1e-6)))
