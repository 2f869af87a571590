"""Principal components of rows, and how far a row lies from what the components hold usual.

``spread``: sum of a row's components in their own spreads, the score of TSB-AD's Sub-PCA (Paparrizos and others,
"TSB-AD", NeurIPS 2024); ``residual``: length of what the first components leave (SPE); ``inside``: distance within the
first components (the root of Hotelling's T2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

KINDS = ("spread", "residual", "inside")
COMPONENTS = 10  # of the subspace
LEAST_SPREAD = 1e-3  # share of the largest spread that every component has at least
TRUSTED = 0.9  # share of a judged series that may say what is usual
ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Subspace:
    """Means and principal axes of rows of D values."""

    mean: Floats  # (D,)
    axes: Floats  # (D, D) one column each, the widest first
    spread: Floats  # (D,) standard deviation along each, above 0

    def distances(self, rows: Floats) -> dict[str, Floats]:
        """Each kind of distance, (W,), of rows (W, D)."""
        found = {kind: np.empty(len(rows), np.float32) for kind in KINDS}
        for start in range(0, len(rows), ROWS_AT_ONCE):
            block = slice(start, start + ROWS_AT_ONCE)
            parts = (rows[block] - self.mean) @ self.axes
            scaled = np.abs(parts) / self.spread
            found["spread"][block] = scaled.sum(axis=1)
            found["residual"][block] = np.sqrt(np.square(parts[:, COMPONENTS:]).sum(axis=1))
            found["inside"][block] = np.sqrt(np.square(scaled[:, :COMPONENTS]).sum(axis=1))
        return found


@dataclass(frozen=True)
class Moments:
    """Sums over rows, which can be added up."""

    count: int
    total: NDArray[np.float64]  # (D,)
    products: NDArray[np.float64]  # (D, D)


def moments(rows: Floats) -> Moments:
    """Sums over rows (W, D), in blocks that are added up in double precision."""
    products = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        block = rows[start : start + ROWS_AT_ONCE]
        products += block.T @ block
    return Moments(len(rows), rows.sum(axis=0, dtype=np.float64), products)


def trusted(rows: Floats, distance: Floats) -> Floats:
    """The rows of a judged series that may say what is usual: all but the tenth that lies farthest from normal."""
    return rows[distance <= np.quantile(distance, TRUSTED)] if len(rows) else rows


def subspace(parts: Sequence[Moments]) -> Subspace:
    """Principal components of all rows of all parts, at least one row."""
    count = sum(part.count for part in parts)
    mean = np.sum([part.total for part in parts], axis=0) / count
    covariance = np.sum([part.products for part in parts], axis=0) / count - np.outer(mean, mean)
    variances, axes = np.linalg.eigh(covariance)
    spread = np.sqrt(np.maximum(variances[::-1], 0))
    spread = np.maximum(spread, max(LEAST_SPREAD * spread[0], 1e-9))
    return Subspace(mean.astype(np.float32), axes[:, ::-1].astype(np.float32), spread.astype(np.float32))
