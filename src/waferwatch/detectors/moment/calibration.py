"""Heads made comparable: each is measured by how it behaves on the reference, then they can be averaged.

Standardising every head of every sensor on the reference before combining was worth more than any single head in trials
(docs/experiments.md); PAI (arXiv 2606.08935) combines its terms in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from waferwatch.detectors.moment.heads import FINE_HEADS, Heads
from waferwatch.detectors.moment.standard import HIGHEST, LOWEST, Standard, Values, learn
from waferwatch.series.smoothing import moving_mean

CLASSES = 8  # of activity, for the heads that see single points
STRETCH = 64  # points of the moving mean in which a long weak fault shows
NEAR = 33  # points in which the highest limits what the stretch may say
CLOSE = 9  # points in which the fine heads must support a score,
SUPPORTED = 2.0  # so many times as high as the highest of them at most
LASTING = 2.0  # a score that lasts counts so much more than one of the same height that does not
FINE_WEIGHT = 2.0  # of a head that sees single points, against 1 of the others


@dataclass(frozen=True)
class Reading:
    """What was read of one series."""

    heads: Heads
    activity: Values  # (n, S) how much each sensor moves


@dataclass(frozen=True)
class Calibration:
    """How every head behaves on the reference: at a point, and averaged over the stretch around it."""

    point: dict[str, Standard]
    stretch: dict[str, Standard]


def calibrate(reference: Sequence[Reading]) -> Calibration:
    """Measure heads on the reference; a head without any value there is left out."""
    point: dict[str, Standard] = {}
    stretch: dict[str, Standard] = {}
    for name in {name: None for reading in reference for name in reading.heads}:
        readings = [reading for reading in reference if name in reading.heads]
        activity = np.concatenate([reading.activity for reading in readings])
        values = np.concatenate([reading.heads[name] for reading in readings])
        of_point = learn(values, activity, CLASSES if name in FINE_HEADS else 1)
        if of_point is None:
            continue
        point[name] = of_point
        around = [_stretch(of_point.standardise(one.heads[name], one.activity)) for one in readings]
        of_stretch = learn(np.concatenate(around), activity, 1)
        if of_stretch is not None:
            stretch[name] = of_stretch
    return Calibration(point, stretch)


def sensor_scores(reading: Reading, calibration: Calibration) -> Values:
    """How far each sensor is from its reference, (n, S), from 0 = far below usual.

    Each head counts with the larger of what it says of the point and of the stretch around it, both standardised: a
    spike shows in the point, a long weak fault in the stretch. The mean of the heads is treated in the same way. A
    stretch counts no more than the highest point near by, and all of it no more than the fine heads support close by,
    or a fault would seem to begin before it does.
    """
    shape = reading.activity.shape
    total, of_points, weights = (np.zeros(shape, np.float32) for _ in range(3))
    support = np.full(shape, LOWEST, np.float32)
    for name in reading.heads:
        if name not in calibration.stretch:
            continue
        of_point = calibration.point[name].standardise(reading.heads[name], reading.activity)
        of_stretch = calibration.stretch[name].standardise(_stretch(of_point), reading.activity)
        weight = np.where(np.isnan(of_point), 0, FINE_WEIGHT if name in FINE_HEADS else 1).astype(np.float32)
        total += weight * np.where(weight > 0, _larger(of_point, of_stretch), 0)
        of_points += weight * np.where(weight > 0, of_point, 0)
        weights += weight
        if name in FINE_HEADS:
            support = np.fmax(support, of_point)
    with np.errstate(invalid="ignore"):
        mean = np.where(weights > 0, total / weights, np.nan).astype(np.float32)
        mean_of_points = np.where(weights > 0, of_points / weights, np.nan).astype(np.float32)
    lasting = _larger(mean, LASTING * _stretch(mean))
    supported = np.fmax(SUPPORTED * maximum_filter1d(support, CLOSE, axis=0), mean_of_points)
    scores: Values = np.clip(np.minimum(lasting, supported), LOWEST, HIGHEST) - np.float32(LOWEST)
    return scores


def _stretch(values: Values) -> Values:
    """Mean of the stretch around each point; a point that was not measured stays so."""
    return np.where(np.isnan(values), np.nan, moving_mean(values, STRETCH)).astype(np.float32)


def _larger(point: Values, stretch: Values) -> Values:
    near = maximum_filter1d(np.where(np.isnan(point), -np.inf, point), NEAR, axis=0)
    larger: Values = np.fmax(point, np.minimum(stretch, near)).astype(np.float32)
    return larger
