"""One head's usual values over the reference, apart for calm and for moving stretches.

Where a sensor ramps or steps, the network cannot know to the point when, and its errors there are large and normal;
while a recipe step holds, a far smaller error is a fault. So usual is what was usual while the sensor moved as much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from waferwatch.series.smoothing import moving_mean

LOWEST, HIGHEST = -3.0, 30.0  # standardised values beyond are clipped, so that one head cannot drown the others
TRIM = 0.99  # the highest hundredth of the reference does not count for the spread: a reference is rarely spotless
ROUNDING = 1e-3  # head values are of order 1: less spread than this is rounding
LEAST_SHARE = 0.02  # of the spread over the whole reference, that a part of it has at least
FEWEST_VALUES = 20  # of the reference with this activity; with fewer, the whole reference speaks
ACTIVITY_POINTS = 17  # over which a sensor's movement is measured

Values = NDArray[np.float32]  # (n, S), NaN where the sensor was not measured


@dataclass(frozen=True)
class Standard:
    """Level and spread of one head; B classes of activity, S sensors."""

    edges: NDArray[np.float32]  # (B - 1, S) activities between the classes
    level: NDArray[np.float32]  # (B, S)
    spread: NDArray[np.float32]  # (B, S) above 0

    def standardise(self, values: Values, activity: Values) -> Values:
        """Distance from the usual in spreads, clipped."""
        which = np.zeros(values.shape, np.intp)
        for edge in self.edges:
            which += activity > edge
        level = np.take_along_axis(self.level, which, axis=0)
        spread = np.take_along_axis(self.spread, which, axis=0)
        standard: Values = np.clip((values - level) / spread, LOWEST, HIGHEST).astype(np.float32)
        return standard


def learn(values: Values, activity: Values, classes: int) -> Standard | None:
    """Measure a head on the reference, in equally frequent classes of activity; None where it has no value at all."""
    measured = ~np.isnan(values)
    if not measured.any():
        return None
    sensors = values.shape[1]
    edges = np.zeros((classes - 1, sensors), np.float32)
    level, spread = np.zeros((classes, sensors), np.float32), np.ones((classes, sensors), np.float32)
    for sensor in np.flatnonzero(measured.any(axis=0)):
        known = measured[:, sensor]
        head, moves = values[known, sensor], activity[known, sensor]
        edges[:, sensor] = np.quantile(moves, np.linspace(0, 1, classes + 1)[1:-1])
        which = np.searchsorted(edges[:, sensor], moves)
        level[:, sensor], spread[:, sensor] = _usual(head)
        for one in range(classes):
            part = head[which == one]
            if classes > 1 and len(part) >= FEWEST_VALUES:
                least = LEAST_SHARE * spread[one, sensor]
                level[one, sensor], spread[one, sensor] = _usual(part)
                spread[one, sensor] += least
    return Standard(edges, level, spread)


def movement(values: NDArray[np.float64]) -> Values:
    """How much each sensor moves around each point: range of its moving mean; 0 where nothing was measured."""
    smooth = moving_mean(values, ACTIVITY_POINTS)
    missing = np.isnan(smooth)
    high = maximum_filter1d(np.where(missing, -np.inf, smooth), ACTIVITY_POINTS, axis=0)
    low = minimum_filter1d(np.where(missing, np.inf, smooth), ACTIVITY_POINTS, axis=0)
    moves: Values = np.maximum(high - low, 0).astype(np.float32)
    return moves


def _usual(values: NDArray[np.float32]) -> tuple[float, float]:
    usual = np.minimum(values, np.quantile(values, TRIM))
    return float(usual.mean()), float(usual.std()) + ROUNDING
