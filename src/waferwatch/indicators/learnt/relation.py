"""How the step means of a wafer's sensors lie together (T2), and whether they have wandered over several wafers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells
from waferwatch.indicators.learnt.left_out import FOLDS, turns
from waferwatch.models.state import storable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHRINK = 0.2
WEIGHT = 0.2  # of the newest wafer in the trend
WAFERS = 15  # that a trend looks back on
LEAST = 1.0  # spreads by which a wafer itself is off, to the same side, where its trend counts
SHARE = 0.5  # of what the wafers have been off by: a wafer that is back is not blamed for those before it
_CLIP = 4.0  # spreads: one wafer alone makes no trend
_SEPARATOR = "\x1f"


@storable
@dataclass(frozen=True)
class MeanRelation:
    """How step means of S sensors move together from wafer to wafer, for each step of each recipe."""

    recipes: list[str]
    inverse: Floats  # (recipes, S, S) of the correlation

    @classmethod
    def learn(cls, spreads: Floats, cells: StepCells, golden: NDArray[np.bool_]) -> Self:
        """From golden cells' step means, (cells, S), in spreads off their middle."""
        names = np.array([_SEPARATOR.join(one.anywhere) for one in cells.names], dtype=object)[cells.stage]
        recipes = list(dict.fromkeys(names[golden].tolist()))
        found = [_inverse(spreads[golden & (names == name)]) for name in recipes]
        sensors = spreads.shape[1]
        return cls(recipes, np.stack(found) if found else np.empty((0, sensors, sensors)))

    def t2(self, spreads: Floats, cells: StepCells) -> Floats:
        """(cells,) Hotelling's T2 of the step means for each sensor; NaN where nothing is known."""
        known = {name: number for number, name in enumerate(self.recipes)}
        place = np.array([known.get(_SEPARATOR.join(one.anywhere), -1) for one in cells.names], np.int64)[cells.stage]
        found = np.full(len(cells), np.nan)
        some = np.isfinite(spreads).any(axis=1)
        for number in np.unique(place[place >= 0]):
            mine = (place == number) & some
            off = np.nan_to_num(spreads[mine])
            found[mine] = np.einsum("cs,st,ct->c", off, self.inverse[number], off) / spreads.shape[1]
        return found


def left_out_t2(spreads: Floats, cells: StepCells, golden: NDArray[np.bool_]) -> Floats:
    """(cells,) T2 of golden cells by the relation of the others: of many sensors, what a wafer was learnt from fits it
    much better than any later one. NaN of cells that are not golden.
    """
    found, turn = np.full(len(cells), np.nan), turns(cells, FOLDS)
    for fold in range(FOLDS):
        mine = golden & (turn == fold)
        if mine.any():
            found[mine] = MeanRelation.learn(spreads, cells, golden & (turn != fold)).t2(spreads, cells)[mine]
    return found


def trend(spreads: Floats, beyond: NDArray[np.bool_], cells: StepCells) -> Floats:
    """(cells, S) weighted mean of the step means of this and the wafers before, in its own spreads if wafers are
    independent; 0 where the wafer itself is not off to the same side. Signed; NaN stays NaN.

    It looks back on the 15 wafers before in the same recipe step of the same equipment. Means ``beyond`` their limits,
    (cells, S), do not count: their fault is known, and what follows it must not be blamed.
    """
    found = np.full(spreads.shape, np.nan)
    for number in range(len(cells.names)):
        mine = np.flatnonzero(cells.stage == number)
        found[mine] = _weighted(spreads[mine], beyond[mine])
    return found


def _weighted(off: Floats, beyond: NDArray[np.bool_]) -> Floats:
    known = np.where(beyond, 0.0, np.clip(np.nan_to_num(off), -_CLIP, _CLIP))
    weights = WEIGHT * (1 - WEIGHT) ** np.arange(WAFERS)
    total = np.zeros(off.shape)
    for back, weight in enumerate(weights[: len(off)].tolist()):
        total[back:] += weight * known[: len(off) - back]
    level = np.abs(total) / weights.sum()
    total /= np.sqrt(np.square(weights).sum())
    counts = (np.sign(total) == np.sign(known)) & (np.abs(known) >= np.maximum(LEAST, SHARE * level))
    return np.where(np.isnan(off), np.nan, np.where(counts, total, 0.0))


def _inverse(rows: Floats) -> Floats:
    sensors = rows.shape[1]
    some = np.clip(rows[np.isfinite(rows).all(axis=1)], -_CLIP, _CLIP)
    if len(some) < 2:
        return np.eye(sensors)
    spread = np.sqrt(np.square(some).mean(axis=0))
    spread = np.where(spread > 0, spread, 1.0)
    relation = (some / spread).T @ (some / spread) / len(some)
    found: Floats = np.linalg.inv((1 - SHRINK) * relation + SHRINK * np.eye(sensors)).astype(np.float64)
    return found
