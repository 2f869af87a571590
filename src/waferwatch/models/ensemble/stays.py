"""Stays of a run in a stage (one step of one recipe), and their statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.columns import Columns
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


def stays_of(columns: Sequence[Columns], steps: Sequence[Steps]) -> Stays:
    """The stays of series in their order, and the mean of each sensor over each."""
    pieces, stages, lengths, means = [], [], [], []
    for number, (one, where) in enumerate(zip(columns, steps, strict=True)):
        starts = bounds(where, one.offset)
        points = np.diff(np.append(starts, len(where)))
        pieces.append(np.full(len(starts), number))
        stages.append(where.stage[starts])
        lengths.append(points)
        means.append(np.add.reduceat(one.values.astype(np.float64), starts, axis=1) / points)
    return Stays(np.concatenate(pieces), np.concatenate(stages), np.concatenate(lengths), np.concatenate(means, axis=1))


def bounds(steps: Steps, offset: int) -> NDArray[np.int64]:
    """First points of the stays of one series that begins at absolute number ``offset``.

    The rest of a long stay is cut on the absolute grid: where a file begins inside it, its later parts are the same.
    """
    long = (steps.tick >= LONGEST) & ((offset + np.arange(len(steps))) % LONGEST == 0)
    begins = np.ones(len(steps), np.bool_)
    begins[1:] = (np.diff(steps.stage) != 0) | (np.diff(steps.tick) != 1) | (steps.tick[1:] == LONGEST) | long[1:]
    return np.flatnonzero(begins).astype(np.int64)
