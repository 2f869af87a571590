"""How far the local mean of a sensor is from the reference's: regimes, drifts, shifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from waferwatch.detectors.columns import Columns
from waferwatch.detectors.heads import Heads, Reader, Step, Usual, keep_on, usual

POINTS = (9, 65)  # of the local means
_LEAST_SPREAD = 1e-3  # of the distances, in spreads of the sensor

Floats = NDArray[np.float32]


class LevelReader(Reader):
    """Distance of the local mean from the reference's median, in spreads of that distance (PAI, arXiv 2606.08935)."""

    def __init__(self) -> None:
        self._levels: dict[int, list[_Level]] = {}  # points of the mean -> each sensor's

    def fit(self, reference: Sequence[Columns], step: Step = keep_on) -> Self:
        self._levels = {
            points: [
                _learn(np.concatenate([_mean(one.values[sensor], points) for one in reference]))
                for sensor in range(reference[0].sensors)
            ]
            for points in POINTS
        }
        return self

    def read(self, columns: Columns, step: Step = keep_on) -> Heads:
        return {
            f"level {points}": np.stack(
                [
                    level.usual.standardise(np.abs(_mean(column, points) - level.median))
                    for level, column in zip(levels, columns.values, strict=True)
                ]
            )
            for points, levels in self._levels.items()
        }


@dataclass(frozen=True)
class _Level:
    """What is usual of one sensor's local means."""

    median: float
    usual: Usual  # of the distances from the median


def _learn(means: Floats) -> _Level:
    median = float(np.median(means))
    off = np.abs(means - median)
    found = usual(off)
    return _Level(median, Usual(found.level, max(found.spread, _LEAST_SPREAD)))


def _mean(column: Floats, points: int) -> Floats:
    mean: Floats = uniform_filter1d(column, points, mode="nearest")
    return mean
