"""All sensors at a place as one row, and its distance to the nearest normal rows in partly whitened space."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.nearest import Bank
from waferwatch.models.state import storable

Floats = NDArray[np.float32]

FARTHEST = 50.0  # spreads beyond which an entry of a row is cut
MOST_DIMENSIONS = 384  # more are projected to as many random directions
LEAST_SPREAD = 1e-3  # of an entry; with less it has never moved and keeps its own unit
ROWS_AT_ONCE = 16_384
_FEW = 8  # entries of a sensor


@dataclass(frozen=True)
class Metric:
    """How rows are compared."""

    shrink: float  # how far the covariance is drawn to the identity
    whiten: float  # 1 = whitened in full
    most: int  # rows in the bank


@storable
@dataclass(frozen=True)
class JointBank:
    """What was learnt from normal rows of D entries."""

    level: Floats  # (D,)
    spread: Floats  # (D,)
    project: Floats | None  # (D, K) random directions, for many entries
    turn: Floats  # (K, K) or (D, D)
    bank: Bank

    @classmethod
    def learn(cls, rows: Floats, metric: Metric) -> Self:
        """From rows (W, D), at least one."""
        level, spread = _usual(rows)
        spread = np.where(spread < LEAST_SPREAD, 1.0, spread + LEAST_SPREAD).astype(np.float32)
        project = None
        if rows.shape[1] > MOST_DIMENSIONS:
            directions = np.random.default_rng(0).standard_normal((rows.shape[1], MOST_DIMENSIONS))
            project = (directions / np.sqrt(MOST_DIMENSIONS)).astype(np.float32)
        z = _standardised(rows, level, spread, project, None)
        covariance = z.T.astype(np.float64) @ z / len(z)
        size = len(covariance)
        covariance = (1 - metric.shrink) * covariance + metric.shrink * np.eye(size) * np.trace(covariance) / size
        variances, axes = np.linalg.eigh(covariance)
        variances = np.maximum(variances, 1e-12 * max(float(variances[-1]), 1e-12))
        turn = (axes * variances ** (-metric.whiten / 2) / np.sqrt(size)).astype(np.float32)
        return cls(level.astype(np.float32), spread, project, turn, Bank.choose(z @ turn, metric.most))

    def nearest(self, rows: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """(W,) distance of rows (W, D) to the nearest normal row, and its number."""
        distance, which = np.empty(len(rows), np.float32), np.empty(len(rows), np.intp)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            z = _standardised(rows[some], self.level, self.spread, self.project, self.turn)
            distance[some], which[some] = self.bank.nearest(z @ self.turn)
        return distance, which

    def shares(self, rows: Floats, nearest: NDArray[np.intp], sensors: int, exactly: NDArray[np.bool_]) -> Floats:
        """(W, sensors) what each sensor adds to a row's distance, 0 to 1; the entries of a sensor are neighbours.

        Args:
            nearest: what :meth:`nearest` gave.
            exactly: (W,) rows whose difference from the nearest row is measured as the distance is; of the others,
                and of rows that are projected, each entry counts by its own distance from the usual.
        """
        found = np.empty((len(rows), sensors), np.float32)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            z = _standardised(
                rows[some], self.level, self.spread, None, None if self.project is not None else self.turn
            )
            parts = np.square(z)
            if self.project is None and exactly[some].any():
                high = exactly[some]
                off = z[high] @ self.turn - self.bank.rows[nearest[some][high]]
                parts[high] = np.square(off @ self._back)
            each = _sums(parts.reshape(len(z), sensors, -1))
            total = each.sum(axis=1, keepdims=True)
            found[some] = np.where(total > 0, each / np.maximum(total, 1e-30), 1 / sensors)
        return found

    @cached_property
    def _back(self) -> Floats:
        """(D, D) from turned entries to those of the symmetric matrix that measures the same (ZCA): these keep their
        sensors.
        """
        turn = self.turn.astype(np.float64)
        values, axes = np.linalg.eigh(turn @ turn.T)
        root = (axes * np.sqrt(np.maximum(values, 0))) @ axes.T
        return np.asarray(np.linalg.inv(turn) @ root, np.float32)


def _sums(values: Floats) -> Floats:
    """Over the last axis, which is short: one after the other is several times as fast as at once."""
    if values.shape[2] > _FEW:
        return np.asarray(values.sum(axis=2))
    found = values[:, :, 0].copy()
    for number in range(1, values.shape[2]):
        found += values[:, :, number]
    return found


def _completed(z: Floats, turn: Floats) -> Floats:
    """Rows whose unknown entries are those that make each shortest when it is turned."""
    precision = turn.astype(np.float64) @ turn.T.astype(np.float64)
    found = np.nan_to_num(z)
    patterns, which = np.unique(np.isnan(z), axis=0, return_inverse=True)
    for number, lacking in enumerate(patterns):
        if lacking.any() and not lacking.all():
            mine = np.flatnonzero(which.ravel() == number)
            cross = precision[np.ix_(lacking, ~lacking)]
            filled = -np.linalg.solve(precision[np.ix_(lacking, lacking)], cross @ found[mine][:, ~lacking].T)
            found[np.ix_(mine, np.flatnonzero(lacking))] = np.clip(filled.T, -FARTHEST, FARTHEST)
    return found


def _usual(rows: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each entry; 0 for one that is never known."""
    if not np.isnan(rows).any():
        return rows.mean(axis=0), rows.std(axis=0)
    known = ~np.isnan(rows)
    count = np.maximum(known.sum(axis=0), 1)
    level = np.where(known, rows, 0).sum(axis=0, dtype=np.float64) / count
    variance = np.square(np.where(known, rows - level, 0)).sum(axis=0, dtype=np.float64) / count
    return level.astype(np.float32), np.sqrt(variance).astype(np.float32)


def _standardised(rows: Floats, level: Floats, spread: Floats, project: Floats | None, turn: Floats | None) -> Floats:
    """Entries in their spreads. Those that are NaN are filled in: so that a row lies as near to the usual as what is
    known of it allows, where ``turn`` says how that is measured; else as usual.
    """
    z = np.subtract(rows, level, dtype=np.float32)
    z /= spread
    np.clip(z, -FARTHEST, FARTHEST, out=z)
    if np.isnan(z).any():
        z = np.nan_to_num(z) if turn is None or project is not None else _completed(z, turn)
    return z if project is None else np.asarray(z @ project, np.float32)
