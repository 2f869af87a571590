"""Distances of rows to the nearest normal rows, and principal components of rows.

Nearest neighbours in a bank of normal rows are what the best open methods rest on (PaAno, arXiv 2602.01359; PatchCore,
CVPR 2022; KMeansAD); principal components of windows are TSB-AD's Sub-PCA (Paparrizos and others, NeurIPS 2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.state import storable

Floats = NDArray[np.float32]

AT_ONCE = 262_144  # entries of the matrix of distances that is held at once: 1 MB stays in a core's cache
LEAST_SPREAD = 0.03  # of a component, as a share of the widest: a short reference knows the narrow ones badly
_SMALLEST = 1e-9


@storable
@dataclass(frozen=True)
class Bank:
    """Normal rows."""

    rows: Floats  # (m, D)
    lengths: Floats  # (m,) half of the squared length of each

    @classmethod
    def choose(cls, rows: Floats, most: int) -> Self:
        """A random choice of at most ``most`` rows, the same each time."""
        if len(rows) > most:
            rows = rows[np.sort(np.random.default_rng(0).choice(len(rows), most, replace=False))]
        rows = np.ascontiguousarray(rows, np.float32)
        return cls(rows, np.square(rows).sum(axis=1) / 2)

    def nearest(self, rows: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """Distance of each row (W, D) to the nearest normal row, (W,), and the number of that row."""
        which, highest = np.empty(len(rows), np.intp), np.empty(len(rows), np.float32)
        step = max(1, AT_ONCE // max(1, len(self.rows)))
        wide = np.concatenate([rows, np.ones((len(rows), 1), np.float32)], axis=1)
        held, number = np.empty((min(step, len(rows)), len(self.rows)), np.float32), np.arange(step)
        for start in range(0, len(rows), step):
            some = slice(start, start + step)
            closeness = np.matmul(wide[some], self._turned, out=held[: len(which[some])])
            which[some] = closeness.argmax(axis=1)
            highest[some] = closeness[number[: len(closeness)], which[some]]
        return np.sqrt(np.maximum(np.square(rows).sum(axis=1) - 2 * highest, 0)), which

    @cached_property
    def _turned(self) -> Floats:
        """(D + 1, m) the normal rows, and what their lengths take off: the product of both is one pass over memory."""
        return np.concatenate([self.rows, -self.lengths[:, None]], axis=1).T.copy()

    def distance(self, rows: Floats) -> Floats:
        """(W,) distance to the nearest normal row."""
        return self.nearest(rows)[0]


@storable
@dataclass(frozen=True)
class Components:
    """Principal components of normal rows."""

    mean: Floats  # (D,)
    turn: Floats  # (D, D) to components in their own spreads, the widest first
    spread: Floats  # (D,) of the components, floored

    @classmethod
    def learn(cls, rows: Floats) -> Self:
        """From rows (W, D), at least one."""
        exact = rows.astype(np.float64)
        mean = exact.mean(axis=0)
        variances, axes = np.linalg.eigh(exact.T @ exact / len(exact) - np.outer(mean, mean))
        wide = np.sqrt(np.maximum(variances[::-1], 0))
        spread = np.maximum(wide, max(LEAST_SPREAD * float(wide[0]), _SMALLEST))
        return cls(mean.astype(np.float32), (axes[:, ::-1] / spread).astype(np.float32), spread.astype(np.float32))

    def white(self, rows: Floats) -> Floats:
        """(W, D) components of rows, each in its own spread."""
        return np.asarray((rows - self.mean) @ self.turn, np.float32)

    def residual(self, rows: Floats, kept: int) -> Floats:
        """(W,) length of what the first ``kept`` components leave of each row."""
        found: Floats = np.sqrt(np.square(self.white(rows)[:, kept:] * self.spread[kept:]).sum(axis=1))
        return found
