"""Short descriptors of every sensor at places four points apart, all sensors in one row.

At each place a sensor has the mean, the slope and the range of the 8 points around it (4 to each side), in spreads of
the reference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.columns import Columns

STRIDE = 4  # points between places
PER_SENSOR = 3  # mean, slope, range
_RAMP = (np.arange(2 * STRIDE) - (2 * STRIDE - 1) / 2).astype(np.float32)
_SLOPE = (_RAMP / np.square(_RAMP).sum()).astype(np.float32)

Floats = NDArray[np.float32]


def places_of(columns: Columns, phase: int = 0) -> tuple[NDArray[np.int64], int]:
    """Places on the series, (m,) in points, and how many points before its start the first block of four begins.

    Args:
        phase: shifts the places against the absolute grid, 0 to 3.
    """
    before = (columns.offset - phase) % STRIDE
    blocks = -(-(before + len(columns)) // STRIDE)
    return np.arange(blocks + 1, dtype=np.int64) * STRIDE - before, before


def describe(columns: Columns, phase: int = 0) -> Floats:
    """(m, S, 3) descriptors at the places; series are continued by their first and last value."""
    places, before = places_of(columns, phase)
    after = len(places) * STRIDE + STRIDE - before - STRIDE - len(columns)
    values = np.pad(columns.values, ((0, 0), (before + STRIDE, after)), mode="edge")
    blocks = values.reshape(len(values), -1, STRIDE)
    sums, highest, lowest = blocks.sum(axis=2), blocks.max(axis=2), blocks.min(axis=2)
    found = np.empty((len(places), len(values), PER_SENSOR), np.float32)
    found[:, :, 0] = ((sums[:, :-1] + sums[:, 1:]) / (2 * STRIDE)).T
    found[:, :, 1] = (blocks[:, :-1] @ _SLOPE[:STRIDE] + blocks[:, 1:] @ _SLOPE[STRIDE:]).T
    found[:, :, 2] = (np.maximum(highest[:, :-1], highest[:, 1:]) - np.minimum(lowest[:, :-1], lowest[:, 1:])).T
    return found


def measured_share(columns: Columns, phase: int = 0) -> Floats:
    """(m, S) share of the 8 points around each place that was measured, of those within the series."""
    places, before = places_of(columns, phase)
    after = len(places) * STRIDE - before - len(columns)
    inside = np.ones((1, len(columns)), np.bool_)
    counts = []
    for one in (columns.measured, inside):
        blocks = np.pad(one, ((0, 0), (before + STRIDE, after))).reshape(len(one), -1, STRIDE).sum(axis=2)
        counts.append(blocks[:, :-1] + blocks[:, 1:])
    return np.asarray((counts[0] / np.maximum(counts[1], 1)).T, np.float32)


def averaged(descriptors: Floats, count: int) -> Floats:
    """Means of (m, S, d) over ``count`` places around each, an even number; at the ends over those that there are.

    Places of a sensor that are NaN do not count; NaN where all are.
    """
    if count <= 1:
        return descriptors
    unknown = np.isnan(descriptors[:, :, :1])
    if not unknown.any():
        return _averaged(descriptors, count)
    known = _averaged((~unknown).astype(np.float32), count)
    total = _averaged(np.where(unknown, 0, descriptors).astype(np.float32), count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known > 1e-3, total / known, np.nan).astype(np.float32)


def _averaged(descriptors: Floats, count: int) -> Floats:
    half = count // 2
    sums = np.concatenate([np.zeros((1, *descriptors.shape[1:])), np.cumsum(descriptors, axis=0, dtype=np.float64)])
    place = np.arange(len(descriptors))
    # The outermost two count half, so that the mean is centred on its place.
    first, after = np.maximum(place - half, 0), np.minimum(place + half + 1, len(descriptors))
    inner_first, inner_after = np.maximum(place - half + 1, 0), np.minimum(place + half, len(descriptors))
    total = (sums[after] - sums[first] + sums[inner_after] - sums[inner_first]) / 2
    number = ((after - first) + (inner_after - inner_first)) / 2
    found: Floats = (total / number[:, None, None]).astype(np.float32)
    return found
