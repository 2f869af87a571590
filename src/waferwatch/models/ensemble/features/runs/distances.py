"""How far whole runs, each a row, lie from the normal ones.

Two distances: ``spread``, the sum of a run's principal components in their own spreads with what is left (as in Sub-PCA
of TSB-AD), and ``near``, that to the three nearest normal runs. Both are calibrated on normal runs left out of
learning: with few runs, those learnt from lie far too close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.features.place_embeddings import Standard
from waferwatch.models.state import storable

FOLDS = 5
LEAST_SHARE = 1e-3  # of the widest component's spread; what is narrower is rest
LEAST_SPREAD = 1e-6  # of a component: normal runs may all be the same
NEIGHBOURS = 3
_ROUNDING = 0.05  # share of the usual distance: less spread than this is chance of the reference

Floats = NDArray[np.float32]


@storable
@dataclass(frozen=True)
class NormalRuns:
    """What was learnt from normal runs as rows (R, D)."""

    mean: NDArray[np.float64]  # (D,)
    axes: NDArray[np.float64]  # (k, D) principal, the widest first
    spread: NDArray[np.float64]  # (k,) along each, above 0
    rows: Floats  # (R, D)

    @classmethod
    def learn(cls, rows: Floats) -> Self:
        """From at least two rows."""
        exact = rows.astype(np.float64)
        mean = exact.mean(axis=0)
        lengths, axes = _components(exact - mean)
        spread = lengths / np.sqrt(len(rows))
        count = max(1, min(int((spread > LEAST_SHARE * spread[0]).sum()), len(rows) - 1))
        return cls(mean, axes[:count], np.maximum(spread[:count], LEAST_SPREAD), rows)

    def distances(self, rows: Floats) -> Floats:
        """(m, 2) both distances of rows (m, D)."""
        return np.stack([self._spread(rows), self._near(rows)], axis=1)

    def _spread(self, rows: Floats) -> Floats:
        off = rows - self.mean
        parts = off @ self.axes.T
        rest = np.sqrt(np.maximum(np.square(off).sum(axis=1) - np.square(parts).sum(axis=1), 0))
        found: Floats = (np.abs(parts / self.spread).sum(axis=1) + rest / self.spread[-1]).astype(np.float32)
        return found

    def _near(self, rows: Floats) -> Floats:
        squares = np.square(self.rows).sum(axis=1) - 2 * (rows @ self.rows.T)
        squares += np.square(rows).sum(axis=1)[:, None]
        count = min(NEIGHBOURS, squares.shape[1])
        nearest = np.partition(squares, count - 1, axis=1)[:, :count]
        return np.asarray(np.sqrt(np.maximum(nearest, 0).mean(axis=1)), np.float32)


@storable
@dataclass(frozen=True)
class RunDistances:
    """Both distances of one sensor, in spreads of normal runs that were left out of learning."""

    normal: NormalRuns
    standards: list[Standard]

    def of(self, rows: Floats) -> Floats:
        """(m,) mean of both, of runs as rows (m, D)."""
        return self._standardised(self.normal.distances(rows))

    def _standardised(self, distances: Floats) -> Floats:
        each = [standard.of(values) for standard, values in zip(self.standards, distances.T, strict=True)]
        return np.asarray(np.mean(each, axis=0), np.float32)


def learn_distances(rows: Floats) -> tuple[RunDistances, Floats]:
    """The distances learnt from normal runs (R, D), and those of the same runs, each left out of learning, (R,)."""
    fold = np.arange(len(rows)) % FOLDS
    left = np.empty((len(rows), 2), np.float32)
    for one in np.unique(fold):
        left[fold == one] = NormalRuns.learn(rows[fold != one]).distances(rows[fold == one])
    found = RunDistances(NormalRuns.learn(rows), [standard_of(values) for values in left.T.astype(np.float64)])
    return found, found._standardised(left)


def standard_of(values: NDArray[np.float64]) -> Standard:
    """Centre and spread of distances, (n,)."""
    level = float(values.mean())
    return Standard(level, float(values.std()) + _ROUNDING * abs(level) + 1e-6)


def _components(off: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Singular values and principal axes (k, D) of rows (R, D), the widest first."""
    if len(off) <= off.shape[1]:
        _, lengths, axes = np.linalg.svd(off, full_matrices=False)
        return lengths, axes
    squares, columns = np.linalg.eigh(off.T @ off)  # many rows: several times faster, and exact enough
    return np.sqrt(np.maximum(squares[::-1], 0)), columns.T[::-1]
