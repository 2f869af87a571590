"""Runs of the reference that are unlike the others: named and set aside, so that a fault in it is not learnt as normal.

Distances by what was learnt from the other runs cannot name them, since faults that come more than once are near one
another. Robust statistics of each step can (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.columns import Columns, bridged
from waferwatch.models.ensemble.preparation.stays import LONGEST, absolute, bounds
from waferwatch.series.steps import Steps, joined

FEWEST = 8  # stays in a stage that can say what is usual there
LIMITS = (6.0, 8.0, 8.0, 8.0)  # robust spreads of a stay's mean, standard deviation, highest and lowest value
MOST_OF_ALL = (
    4.0  # robust spreads, of the runs' own logarithms: where all runs differ widely, none is unlike the others
)
_ROBUST = 1.4826  # median absolute deviation to standard deviation
_LEAST = 1e-3  # in spreads of the reference

Floats = NDArray[np.float64]


def outlying(columns: Sequence[Columns], steps: Sequence[Steps]) -> NDArray[np.float64]:
    """How far each run is off the others; above 1 it is unlike them.

    Args:
        columns: of each run, in spreads of the reference.
        steps: of each run.
    """
    off = np.log(np.maximum(_deviations(columns, steps), _LEAST))
    usual = float(np.median(off))
    limit = max(0.0, usual + MOST_OF_ALL * _ROBUST * float(np.median(np.abs(off - usual))))
    return np.exp(off - limit)


def _deviations(columns: Sequence[Columns], steps: Sequence[Steps]) -> NDArray[np.float64]:
    """The largest deviation of each run in any statistic of any sensor in any stage, as a share of its limit."""
    lengths = [len(one) for one in columns]
    run = np.repeat(np.arange(len(lengths)), lengths)
    values = _off_median(np.concatenate([one.values for one in columns], axis=1).astype(np.float64), steps)
    measured = np.concatenate([one.measured for one in columns], axis=1)
    for sensor in np.flatnonzero(~measured.all(axis=1)):
        values[sensor] = bridged(np.where(measured[sensor], values[sensor], np.nan), measured[sensor])
    starts, whole = np.cumsum([0, *lengths[:-1]]), joined(steps)
    at = bounds(whole, absolute(starts, np.array([one.offset for one in columns]), len(run)), starts)
    return _largest(values, at, whole.stage, run, len(lengths))


def _off_median(values: Floats, steps: Sequence[Steps]) -> Floats:
    """Values off the median course: else a stay of another length looks unlike."""
    stage = np.concatenate([one.stage for one in steps])
    tick = np.concatenate([one.tick for one in steps])
    place = np.unique(np.stack([stage, tick]), axis=1, return_inverse=True)[1].ravel()
    order = np.argsort(place, kind="stable")
    for at in np.split(order, np.flatnonzero(np.diff(place[order])) + 1):
        values[:, at] -= np.median(values[:, at], axis=1, keepdims=True)
    return values


def _largest(
    values: Floats, starts: NDArray[np.int64], stage: NDArray[np.int64], run: NDArray[np.int64], runs: int
) -> NDArray[np.float64]:
    points = np.diff(np.append(starts, values.shape[1]))
    mean = np.add.reduceat(values, starts, axis=1) / points
    spread = np.sqrt(np.maximum(np.add.reduceat(np.square(values), starts, axis=1) / points - np.square(mean), 0))
    high, low = (kind.reduceat(values, starts, axis=1) for kind in (np.maximum, np.minimum))
    statistics = np.stack([mean, spread, high, low])
    limits = np.array(LIMITS)[:, None, None]
    found, owner = np.zeros(runs), run[starts]
    for one in np.unique(stage[starts]):
        at = np.flatnonzero(stage[starts] == one)
        if len(at) < FEWEST:
            continue
        at = at[_comparable(points[at])]
        some = statistics[:, :, at]
        centre = np.median(some, axis=2, keepdims=True)
        robust = _ROBUST * np.median(np.abs(some - centre), axis=2, keepdims=True)
        # A statistic of n noisy rows is no better known than their noise allows.
        noise = _ROBUST * np.median(np.abs(values[:, stage == one]), axis=1) / np.sqrt(np.median(points[at]))
        off = np.abs(some - centre) / np.maximum(robust, np.maximum(noise, _LEAST)[None, :, None]) / limits
        np.maximum.at(found, owner[at], off.max(axis=(0, 1)))
    return found


def _comparable(points: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which stays of a stage, of so many points, can be unlike the others.

    Where most are of one length, the spread is theirs alone: a ramp that takes a second longer is far outside it at
    every second, and normal.
    """
    lengths, count = np.unique(points, return_counts=True)
    most = int(count.argmax())
    if 2 * count[most] <= len(points) or lengths[most] >= LONGEST:
        return np.ones(len(points), np.bool_)
    return np.asarray(points == lengths[most])
