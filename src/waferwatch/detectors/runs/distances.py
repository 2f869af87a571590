"""How far whole runs lie from the normal ones.

Two distances: ``spread``, the sum of a run's principal components in their own spreads with what is left (as in Sub-PCA
of TSB-AD), and ``near``, that to the nearest normal runs. Both are set beside what normal runs have that were left out
of the learning: with few runs, those learnt from lie far too close.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.heads import Floats, Usual, usual
from waferwatch.detectors.neighbours import Bank, Place

FOLDS = 5
LEAST_SHARE = 1e-3  # of the widest component's spread; what is narrower is rest
LEAST_SPREAD = 1e-6  # of a component: normal runs may all be the same

Distance = Callable[[Floats], Floats]


@dataclass(frozen=True)
class RunDistances:
    """Both distances of one sensor, learnt from normal runs."""

    spread: Distance
    near: Distance
    usual_spread: Usual
    usual_near: Usual

    @classmethod
    def learn(cls, rows: Floats) -> Self:
        """From normal runs as rows (R, D), at least two."""
        return cls(
            _spread_of(rows), _near_of(rows), usual(_left_out(rows, _spread_of)), usual(_left_out(rows, _near_of))
        )

    def of(self, rows: Floats) -> Floats:
        """(m, 2) both, standardised, of runs as rows (m, D)."""
        return np.stack(
            [self.usual_spread.standardise(self.spread(rows)), self.usual_near.standardise(self.near(rows))], axis=1
        )


def _left_out(rows: Floats, learn: Callable[[Floats], Distance]) -> Floats:
    """Distance of each row by what was learnt without it and some others."""
    fold = np.arange(len(rows)) % FOLDS
    found = np.empty(len(rows), np.float32)
    for one in np.unique(fold):
        found[fold == one] = learn(rows[fold != one])(rows[fold == one])
    return found


def _components(beside: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Singular values and principal axes (k, D) of rows (R, D), the widest first."""
    if len(beside) <= beside.shape[1]:
        _, lengths, axes = np.linalg.svd(beside, full_matrices=False)
        return lengths, axes
    squares, columns = np.linalg.eigh(beside.T @ beside)  # many rows: several times faster, and exact enough
    return np.sqrt(np.maximum(squares[::-1], 0)), columns.T[::-1]


def _near_of(rows: Floats) -> Distance:
    nowhere = Place(np.zeros(len(rows), np.int64), np.zeros(len(rows)))
    return Bank(rows, nowhere).distance


def _spread_of(rows: Floats) -> Distance:
    exact = rows.astype(np.float64)
    mean = exact.mean(axis=0)
    lengths, axes = _components(exact - mean)
    spread = lengths / np.sqrt(len(rows))
    count = max(1, min(int((spread > LEAST_SHARE * spread[0]).sum()), len(rows) - 1))
    axes, spread = axes[:count], np.maximum(spread[:count], LEAST_SPREAD)

    def distance(judged: Floats) -> NDArray[np.float32]:
        beside = judged - mean
        parts = beside @ axes.T
        rest = np.sqrt(np.maximum(np.square(beside).sum(axis=1) - np.square(parts).sum(axis=1), 0))
        found: NDArray[np.float32] = (np.abs(parts / spread).sum(axis=1) + rest / spread[-1]).astype(np.float32)
        return found

    return distance
