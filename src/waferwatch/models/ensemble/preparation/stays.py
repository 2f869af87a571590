"""Stays of a run in a stage (one step of one recipe), and their statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.series.steps import Steps

LONGEST = 512  # points; a longer stay counts as several, so that a score never waits longer for its end

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stays:
    """The m stays of several series, below one another."""

    piece: NDArray[np.int64]  # (m,) number of the series
    stage: NDArray[np.int64]  # (m,)
    points: NDArray[np.int64]  # (m,)
    mean: Floats  # (S, m)

    def on_points(self, values: Floats) -> Floats:
        """Values of the stays (..., m) on every point of the series, below one another."""
        return np.repeat(values, self.points, axis=-1)


def stays_of(chain: Chain, steps: Steps) -> Stays:
    """The stays of series in their order, and the mean of each sensor over each; ``steps`` of all points."""
    starts = bounds(steps, absolute(chain.starts, chain.offsets, len(chain)), chain.starts)
    points = np.diff(np.append(starts, len(steps)))
    mean = np.add.reduceat(chain.values.astype(np.float64), starts, axis=1) / points
    return Stays(chain.owner[starts], steps.stage[starts], points, mean)


def absolute(starts: NDArray[np.int64], offsets: NDArray[np.int64], points: int) -> NDArray[np.int64]:
    """(n,) absolute numbers of the points of series that begin at these points and numbers."""
    lengths = np.diff(np.append(starts, points))
    return np.arange(points) + np.repeat(offsets - starts, lengths)


def bounds(steps: Steps, number: NDArray[np.int64], series: NDArray[np.int64]) -> NDArray[np.int64]:
    """First points of the stays of series.

    The rest of a long stay is cut on the absolute grid: where a file begins inside it, its later parts are the same.

    Args:
        number: (n,) absolute numbers of the points.
        series: first point of each series.
    """
    long = steps.tick >= LONGEST
    long[long] = number[long] % LONGEST == 0
    begins = np.ones(len(steps), np.bool_)
    begins[1:] = (np.diff(steps.stage) != 0) | (np.diff(steps.tick) != 1) | (steps.tick[1:] == LONGEST) | long[1:]
    begins[series] = True
    return np.flatnonzero(begins).astype(np.int64)
