"""All sensors at a place as one row, and its distance to the nearest normal rows in partly whitened space."""

from __future__ import annotations

from dataclasses import dataclass
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
    # Entries that are NaN are filled in: so that the row lies as near to the usual as what is known of it allows.

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

    def distance(self, rows: Floats) -> Floats:
        """(W,) distance of rows (W, D) to the nearest normal row."""
        found = [self._nearest(rows[start : start + ROWS_AT_ONCE])[0] for start in range(0, len(rows), ROWS_AT_ONCE)]
        return np.concatenate(found) if found else np.empty(0, np.float32)

    def shares(self, rows: Floats, sensors: int) -> Floats:
        """(W, sensors) what each sensor adds to a row's distance, 0 to 1; entries of a sensor stand next to another."""
        found = [
            self._shares(rows[start : start + ROWS_AT_ONCE], sensors) for start in range(0, len(rows), ROWS_AT_ONCE)
        ]
        return np.concatenate(found) if found else np.empty((0, sensors), np.float32)

    def _nearest(self, rows: Floats) -> tuple[Floats, NDArray[np.intp]]:
        z = _standardised(rows, self.level, self.spread, self.project, self.turn)
        return self.bank.nearest(z @ self.turn)

    def _shares(self, rows: Floats, sensors: int) -> Floats:
        z = _standardised(rows, self.level, self.spread, None, self.turn if self.project is None else None)
        if self.project is not None:  # random directions mix the sensors: each counts by how far it is off on its own
            parts = np.square(z)
        else:
            turned = z @ self.turn
            off = turned - self.bank.rows[self.bank.nearest(turned)[1]]
            parts = np.square(off @ np.linalg.inv(self.turn) @ _root(self.turn))
        each = parts.reshape(len(rows), sensors, -1).sum(axis=2)
        total = each.sum(axis=1, keepdims=True)
        return np.where(total > 0, each / np.maximum(total, 1e-30), 1 / sensors).astype(np.float32)


def _root(turn: Floats) -> Floats:
    """The symmetric matrix that measures the same distances: its entries keep their sensors (ZCA)."""
    values, axes = np.linalg.eigh(turn.astype(np.float64) @ turn.T.astype(np.float64))
    root: Floats = ((axes * np.sqrt(np.maximum(values, 0))) @ axes.T).astype(np.float32)
    return root


def _completed(z: Floats, turn: Floats) -> Floats:
    """Rows whose unknown entries are those that make each shortest when it is turned."""
    precision = turn.astype(np.float64) @ turn.T.astype(np.float64)
    found = np.nan_to_num(z)
    unknown = np.isnan(z)
    patterns, which = np.unique(unknown, axis=0, return_inverse=True)
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
    z: Floats = np.clip((rows - level) / spread, -FARTHEST, FARTHEST).astype(np.float32)
    if np.isnan(z).any():
        z = np.nan_to_num(z) if turn is None or project is not None else _completed(z, turn)
    return z if project is None else np.asarray(z @ project, np.float32)
