"""Streams of several sensors: their descriptors at a place form one row, which is compared with banks of normal rows.

Two banks of plain descriptors, over 8 and over 32 points, and two with MOMENT's features in the same row: there MOMENT
adds, where as a vote of its own it cost (docs/experiments.md). It stands in for what a short reference has not shown;
a long one has shown it, and there the plain banks find more without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.blocks import BLOCKS, NOT_LEARNT, Folds
from waferwatch.models.ensemble.features.descriptors import STRIDE, Grid, averaged, describe, measured_share
from waferwatch.models.ensemble.features.joint_bank import JointBank, Metric
from waferwatch.models.ensemble.features.place_embeddings import (
    LONG_REFERENCE,
    PlaceEmbeddings,
    PlaceEmbeddingsLearning,
)
from waferwatch.models.ensemble.preparation.chain import Chain, local_mean, stretches
from waferwatch.models.ensemble.vote import LOWEST, Vote, filled, learn_votes
from waferwatch.models.moment.encoder import Encoder, Step
from waferwatch.models.state import storable

HIGH = 2.0  # above which a vote grows by its logarithm only
WIDTHS = (1, 4)  # of 8 points over which descriptors are averaged
SMOOTH = 33  # points over which distances are averaged
PLAIN = Metric(shrink=0.05, whiten=1.0, most=2000)
WITH_MOMENT = Metric(shrink=0.3, whiten=0.5, most=2000)
MOST_LEARNT = 8000  # rows of the reference
FEWEST_ROWS = 8
RARELY = 0.05  # share of the reference's places where fewer points may be measured than is called usual
HIGH_ENOUGH = 1.33  # a vote this far above the lowest, one standard deviation over usual, is shared out exactly

Floats = NDArray[np.float32]
Distances = dict[str, NDArray[np.float64]]


@storable
@dataclass(frozen=True)
class SeveralSensors:
    """What was learnt from the reference of several sensors."""

    banks: dict[str, JointBank]  # name of a feature -> normal rows
    embeddings: PlaceEmbeddings | None
    votes: dict[str, Vote]
    measured: Floats  # (S,) share of points that is usually measured around a place

    def votes_and_shares(
        self, chain: Chain, encoder: Encoder | None, step: Step, *, full: bool = False
    ) -> tuple[Distances, Floats]:
        """The vote of each feature, (n,), and what each sensor adds to their mean, (S, n), adding up to 1.

        Args:
            full: windows at ends and holes are full, as those of the reference were.
        """
        if not self.banks:
            return {}, np.full(chain.values.shape, 1 / chain.sensors, np.float32)
        grid = Grid.of(chain)
        votes: Distances = {}
        shares, nearest = [], grid.nearest()
        for name, rows in self._rows(grid, encoder, step, full):
            step()
            distances, near = self.banks[name].nearest(rows)
            votes[name] = self.votes[name].of(smoothed(grid.on_points(distances), chain, full=full))
            height = np.maximum(self.votes[name].of(distances) - LOWEST, 1e-6)
            shares.append(self.banks[name].shares(rows, near, chain.sensors, height > HIGH_ENOUGH) * height[:, None])
        total = np.sum(shares, axis=0)
        total /= np.maximum(total.sum(axis=1, keepdims=True), 1e-30)
        return votes, np.ascontiguousarray(total.T, np.float32).take(nearest, axis=1)

    def _rows(self, grid: Grid, encoder: Encoder | None, step: Step, full: bool) -> Iterator[tuple[str, Floats]]:
        plain = described(grid, self.measured)
        for width in WIDTHS:
            if f"plain {width}" in self.banks:
                yield f"plain {width}", rows_of(plain, width, grid)
        if self.embeddings is None or encoder is None:
            return
        wide = side_by_side(plain, self.embeddings.at_places(grid, encoder, step, full=full))
        for width in WIDTHS:
            if f"moment {width}" in self.banks:
                yield f"moment {width}", rows_of(wide, width, grid)


class SeveralSensorsLearning:
    """Learns from the reference; ``left_out`` then holds its votes, (n,) each, by a model without a point's block.

    Args:
        reference: the pieces of the reference, end to end.
        folds: (n,) block of each point.
    """

    def __init__(
        self,
        reference: Chain,
        folds: Folds,
        encoder: Encoder | None,
        *,
        plain: bool = True,
        high: float = HIGH,
        full: bool = False,
        step: Step,
    ) -> None:
        self._reference, self._folds, self._full = reference, folds, full
        self._measured = usually_measured(Grid.of(reference))
        self._banks: dict[str, JointBank] = {}
        self._left: Distances = {}
        shown = encoder if not plain or len(reference) <= LONG_REFERENCE else None
        embeddings = None if shown is None else PlaceEmbeddingsLearning(reference, folds, shown, step)
        for width in WIDTHS if plain else ():
            step()
            self._learn(f"plain {width}", width, None, PLAIN)
        for width in WIDTHS if embeddings is not None else ():
            step()
            self._learn(f"moment {width}", width, embeddings, WITH_MOMENT)
        learnt = folds >= 0
        votes = learn_votes({name: left[learnt] for name, left in self._left.items()}, high)
        known = None if embeddings is None else embeddings.model
        banks = {name: self._banks[name] for name in votes}
        self.model = SeveralSensors(banks, known, votes, self._measured)
        self.left_out = {name: vote.of(self._left[name]) for name, vote in votes.items()}

    def _learn(self, name: str, width: int, embeddings: PlaceEmbeddingsLearning | None, metric: Metric) -> None:
        grids = [Grid.of(self._reference, phase) for phase in range(0, STRIDE, 2)]
        block = np.concatenate([self._folds[grid.inside()] for grid in grids])
        touch = np.concatenate([self._touching(grid, STRIDE * (width + 1)) for grid in grids], axis=1)
        some = slice(None, None, max(1, len(block) // MOST_LEARNT))
        mine, whole = self._folds[grids[0].inside()], self._cut(grids, width, embeddings, NOT_LEARNT)
        read = whole[: len(mine)]
        found = np.full(len(mine), np.nan)
        for number in range(BLOCKS):
            others = ~touch[number, some] & (block[some] >= 0)
            if (mine == number).any() and others.sum() >= FEWEST_ROWS:
                rows = whole if embeddings is None else self._cut(grids, width, embeddings, number)
                left_out = JointBank.learn(rows[some][others], metric)
                found[mine == number] = left_out.nearest(rows[: len(mine)][mine == number])[0]
        self._banks[name] = JointBank.learn(whole[some][block[some] >= 0], metric)
        if (mine < 0).any():
            found[mine < 0] = self._banks[name].nearest(read[mine < 0])[0]
        self._left[name] = smoothed(grids[0].on_points(filled(found)), self._reference, full=self._full)

    def _cut(
        self, grids: Sequence[Grid], width: int, embeddings: PlaceEmbeddingsLearning | None, without: int
    ) -> Floats:
        """Rows of the places of all grids, with MOMENT's features by what was learnt without a block."""
        rows = []
        for grid in grids:
            found = described(grid, self._measured)
            if embeddings is not None:
                found = side_by_side(found, embeddings.at_places(grid, without))
            rows.append(rows_of(found, width, grid))
        return np.concatenate(rows)

    def _touching(self, grid: Grid, half: int) -> NDArray[np.bool_]:
        """(BLOCKS, m) which blocks the points around each place are in."""
        starts, stops = (np.repeat(one, grid.places) for one in (grid.chain.starts, grid.chain.stops))
        first = np.clip(grid.centres() - half, starts, stops - 1)
        after = np.clip(grid.centres() + half, starts, stops - 1) + 1
        found = np.empty((BLOCKS, len(first)), np.bool_)
        for block in range(BLOCKS):
            count = np.concatenate([[0], np.cumsum(self._folds == block)])
            found[block] = count[after] > count[first]
        return found


def smoothed(values: NDArray[np.float64], chain: Chain, *, full: bool) -> NDArray[np.float64]:
    """(n,) mean of the points around each point; where windows are to be full, next to an end or a hole in all sensors
    that of the next full one: the mean of half as many points is as often high as it is low.
    """
    found = local_mean(values, SMOOTH, chain)
    half = SMOOTH // 2
    for one, _ in stretches(chain) if full else ():
        if one.stop - one.start >= SMOOTH:
            found[one.start : one.start + half] = found[one.start + half]
            found[one.stop - half : one.stop] = found[one.stop - half - 1]
    return found


def usually_measured(grid: Grid) -> Floats:
    """(S,) share of points around a place that is measured at nearly all places of a reference."""
    if grid.chain.complete:
        return np.ones(grid.chain.sensors, np.float32)
    return np.asarray(np.quantile(measured_share(grid), RARELY, axis=0), np.float32)


def described(grid: Grid, usual: Floats) -> Floats:
    """Descriptors (m, S, 3); NaN where fewer points were measured than half of what is usual for the sensor."""
    found = describe(grid)
    if not grid.chain.complete:
        found[measured_share(grid) < usual / 2] = np.nan
    return found


def side_by_side(plain: Floats, others: Floats) -> Floats:
    """Descriptors and other features of the same places, (m, S, d); both are NaN where descriptors are."""
    return np.concatenate([plain, np.where(np.isnan(plain[:, :, :1]), np.nan, others)], axis=2).astype(np.float32)


def rows_of(descriptors: Floats, width: int, grid: Grid) -> Floats:
    """Descriptors (m, S, d), averaged over 8 x ``width`` points, as rows (m, S x d)."""
    wide = averaged(descriptors, 2 * width, grid)
    return np.ascontiguousarray(wide.reshape(len(wide), -1))
