"""The scores of a point's sensors, made into one score and what each sensor carries of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DOUBLINGS = 3
SHARPNESS = 2**DOUBLINGS  # of the power mean over sensors: 1 would be the mean, infinity the highest sensor alone


def combine(sensors: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Sensor scores to one score a point, and what each sensor carries of it.

    The power mean lets one faulty sensor among many still show, and rewards several that agree.

    Args:
        sensors: (n, S) at least 0, NaN where not measured.

    Returns:
        (n,) scores, NaN where no sensor was measured, and (n, S) contributions that add up to them.
    """
    known: NDArray[np.bool_] = ~np.isnan(sensors)
    powers = np.where(known, sensors, 0).astype(np.float64)
    for _ in range(DOUBLINGS):
        powers *= powers  # ten times as fast as a power
    total = powers.sum(axis=1)
    judged: NDArray[np.bool_] = np.asarray(known.any(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        points = np.where(judged, (total / known.sum(axis=1)) ** (1 / SHARPNESS), np.nan)
        share = np.where(total[:, None] > 0, powers / total[:, None], known / known.sum(axis=1, keepdims=True))
    return points, np.where(judged[:, None], points[:, None] * share, np.nan).astype(np.float32)


def carried(points: NDArray[np.float64], contributions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Contributions (n, S) in the same proportions that add up to other scores (n,); in equal parts where all are 0."""
    known = ~np.isnan(contributions)
    total = np.nansum(contributions, axis=1, keepdims=True, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total > 0, contributions / total, known / known.sum(axis=1, keepdims=True))
    found: NDArray[np.float32] = np.where(np.isnan(points)[:, None], np.nan, points[:, None] * share).astype(np.float32)
    return found
