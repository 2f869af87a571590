"""Distances to the nearest normal rows, in float32 and in blocks: one matrix product and a partition each.

Nearest neighbours in a bank of normal patches are what the best open methods rest on (PaAno, arXiv 2602.01359;
PatchCore, CVPR 2022; KMeansAD).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NEIGHBOURS = 3
ROWS_AT_ONCE = 2048  # compared together: the matrix of distances then has 16 MB with the largest bank


@dataclass(frozen=True)
class Place:
    """Where rows come from."""

    series: NDArray[np.int64]  # (m,)
    position: NDArray[np.float64]  # (m,) in points

    def of(self, chosen: NDArray[np.int64]) -> Place:
        return Place(self.series[chosen], self.position[chosen])


@dataclass(frozen=True)
class Bank:
    """Normal rows, a random choice of at most so many."""

    rows: Floats  # (m, D)
    place: Place

    def distance(self, rows: Floats, place: Place | None = None, apart: float = 0.0) -> Floats:
        """Root mean square distance to the nearest normal rows, (W,).

        Args:
            rows: (W, D).
            place: where they come from, when they are of the same reference as the bank; those of the bank that are
                less than ``apart`` points away then do not count, or every row would be its own neighbour.

        Returns:
            NaN where no row of the bank is left.
        """
        lengths = np.square(self.rows).sum(axis=1)
        found = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            block = slice(start, start + ROWS_AT_ONCE)
            squares = lengths - 2 * (rows[block] @ self.rows.T)
            if place is not None:
                self._forbid(squares, place, block, apart)
            found[block] = _nearest(squares, np.square(rows[block]).sum(axis=1))
        return found

    def _forbid(self, squares: Floats, place: Place, block: slice, apart: float) -> None:
        near = np.abs(place.position[block, None] - self.place.position) < apart
        near &= place.series[block, None] == self.place.series
        squares[near] = np.inf


def choose(rows: Floats, place: Place, most: int) -> Bank:
    """A random choice of rows, the same each time."""
    chosen = np.arange(len(rows))
    if len(rows) > most:
        chosen = np.sort(np.random.default_rng(0).choice(len(rows), most, replace=False))
    return Bank(rows[chosen], place.of(chosen))


def _nearest(squares: Floats, own: Floats) -> Floats:
    """Squared distances less each row's own length, (W, m) -> root of the mean of the smallest, (W,)."""
    count = min(NEIGHBOURS, squares.shape[1])
    if count == 0:
        return np.full(len(squares), np.nan, np.float32)
    nearest = np.partition(squares, count - 1, axis=1)[:, :count]
    there = np.isfinite(nearest)
    total = np.where(there, np.maximum(nearest + own[:, None], 0), 0).sum(axis=1)
    with np.errstate(invalid="ignore"):
        distance: Floats = np.sqrt(total / there.sum(axis=1)).astype(np.float32)
        return distance
