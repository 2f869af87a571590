"""Heads made comparable: each is measured by how it behaves on the reference, then they can be averaged.

Standardising every head of every sensor on the reference before combining was worth more than any single head in trials
(docs/experiments.md); PAI (arXiv 2606.08935) combines its terms in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from waferwatch.detectors.moment.heads import Heads
from waferwatch.series.smoothing import moving_mean

LOWEST, HIGHEST = -3.0, 30.0  # standardised values beyond are clipped, so that one head cannot drown the others
TRIM = 0.99  # the highest hundredth of the reference does not count for the spread: a reference is rarely spotless
STRETCH = 64  # points of the moving mean in which a long weak fault shows
NEAR = 33  # points in which the highest limits what the stretch may say
LASTING = 1.3  # a score that lasts counts so much more than one of the same height that does not
STRETCHED = " (stretch)"
SHARPNESS = 4.0  # of the power mean over sensors: 1 would be the mean, infinity the highest sensor alone


@dataclass(frozen=True)
class Calibration:
    """Level and spread of every head over the reference; S sensors."""

    level: dict[str, NDArray[np.float64]]  # head -> (S,)
    spread: dict[str, NDArray[np.float64]]  # head -> (S,) above 0


def calibrate(reference: Sequence[Heads]) -> Calibration:
    """Measure heads on the reference; a head without any value there is left out."""
    level, spread = {}, {}
    widened = [_with_stretches(heads) for heads in reference]
    for name in {name: None for heads in widened for name in heads}:
        values = np.concatenate([heads[name] for heads in widened if name in heads]).astype(float)
        missing = np.isnan(values).all(axis=0)
        if missing.all():
            continue
        values[:, missing] = 0
        usual = np.minimum(values, np.nanquantile(values, TRIM, axis=0))
        level[name] = np.nanmean(usual, axis=0)
        spread[name] = np.nanstd(usual, axis=0) + 1e-3  # head values are of order 1: less spread than this is rounding
    return Calibration(level, spread)


def sensor_scores(heads: Heads, calibration: Calibration) -> NDArray[np.float32]:
    """How far each sensor is from its reference, (n, S), from 0 = far below usual.

    Each head counts with the larger of what it says of the point and of the stretch around it, both standardised: a
    spike shows in the point, a long weak fault in the stretch. The mean of the heads is treated in the same way. A
    stretch counts no more than the highest point near by, or a fault would seem to begin before it does.
    """
    total = np.zeros(next(iter(heads.values())).shape, np.float32)
    count = np.zeros(total.shape, np.int32)
    for name in heads:
        of_point = _standardise(heads[name], name, calibration)
        of_stretch = _standardise(_stretch(heads[name]), name + STRETCHED, calibration)
        larger = _larger(of_point, of_stretch)
        known = ~np.isnan(larger)
        total += np.where(known, larger, 0)
        count += known
    with np.errstate(invalid="ignore"):
        mean = np.where(count > 0, total / count, np.nan).astype(np.float32)
    return np.clip(_larger(mean, LASTING * _stretch(mean)), LOWEST, HIGHEST) - np.float32(LOWEST)


def _with_stretches(heads: Heads) -> Heads:
    return heads | {name + STRETCHED: _stretch(values) for name, values in heads.items()}


def _stretch(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the stretch around each point; a point that was not measured stays so."""
    return np.where(np.isnan(values), np.nan, moving_mean(values, STRETCH)).astype(np.float32)


def _larger(point: NDArray[np.float32], stretch: NDArray[np.float32]) -> NDArray[np.float32]:
    near = maximum_filter1d(np.where(np.isnan(point), -np.inf, point), NEAR, axis=0)
    larger: NDArray[np.float32] = np.fmax(point, np.minimum(stretch, near)).astype(np.float32)
    return larger


def _standardise(values: NDArray[np.float32], name: str, calibration: Calibration) -> NDArray[np.float32]:
    """NaN for a head that the reference did not have."""
    if name not in calibration.level:
        return np.full(values.shape, np.nan, np.float32)
    standard = (values - calibration.level[name]) / calibration.spread[name]
    return np.clip(standard, LOWEST, HIGHEST).astype(np.float32)


def combine(sensors: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Sensor scores to one score a point, and what each sensor carries of it.

    The power mean lets one faulty sensor among many still show, and rewards several that agree.

    Args:
        sensors: (n, S) at least 0, NaN where not measured.

    Returns:
        (n,) scores, NaN where no sensor was measured, and (n, S) contributions that add up to them.
    """
    known: NDArray[np.bool_] = ~np.isnan(sensors)
    powers = np.where(known, sensors, 0).astype(np.float64) ** SHARPNESS
    total = powers.sum(axis=1)
    judged: NDArray[np.bool_] = np.asarray(known.any(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        points = np.where(judged, (total / known.sum(axis=1)) ** (1 / SHARPNESS), np.nan)
        share = np.where(total[:, None] > 0, powers / total[:, None], known / known.sum(axis=1, keepdims=True))
    return points, np.where(judged[:, None], points[:, None] * share, np.nan).astype(np.float32)
