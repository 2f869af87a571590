"""Streams of several sensors: their descriptors at a place form one row, which is compared with banks of normal rows.

Two banks of plain descriptors, over 8 and over 32 points, and two with MOMENT's features in the same row: there MOMENT
adds, where as a vote of its own it cost (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from waferwatch.models.blocks import BLOCKS, Folds
from waferwatch.models.ensemble.columns import Columns
from waferwatch.models.ensemble.descriptors import STRIDE, averaged, describe, measured_share, places_of
from waferwatch.models.ensemble.joint_bank import JointBank, Metric
from waferwatch.models.ensemble.one_sensor import Rows
from waferwatch.models.ensemble.place_embeddings import PlaceEmbeddings, PlaceEmbeddingsLearning
from waferwatch.models.ensemble.vote import LOWEST, Vote, filled
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

    def votes_and_shares(self, columns: Columns, encoder: Encoder | None, step: Step) -> tuple[Distances, Floats]:
        """The votes, and what each sensor adds to their mean, (S, n), adding up to 1."""
        rows = self._rows(columns, encoder, step)
        votes = {name: self._vote(name, one, columns) for name, one in rows.items()}
        return votes, weighted(votes, {name: self._shares(name, one, columns) for name, one in rows.items()})

    def _vote(self, name: str, rows: Floats, columns: Columns) -> NDArray[np.float64]:
        return self.votes[name].of(on_points(self.banks[name].distance(rows), columns))

    def _shares(self, name: str, rows: Floats, columns: Columns) -> Floats:
        places, _ = places_of(columns)
        nearest = np.clip(np.round((np.arange(len(columns)) + 0.5 - places[0]) / STRIDE), 0, len(places) - 1)
        return self.banks[name].shares(rows, columns.sensors).T[:, nearest.astype(np.int64)]

    def _rows(self, columns: Columns, encoder: Encoder | None, step: Step) -> dict[str, Floats]:
        plain = described(columns, self.measured)
        found = {f"plain {width}": rows_of(plain, width) for width in WIDTHS if f"plain {width}" in self.banks}
        if self.embeddings is not None and encoder is not None:
            wide = side_by_side(plain, self.embeddings.at_places(columns, encoder, step))
            found |= {f"moment {width}": rows_of(wide, width) for width in WIDTHS if f"moment {width}" in self.banks}
        return found


class SeveralSensorsLearning:
    """Learns from the reference; ``left_out`` then holds its votes, each by a model without its block."""

    def __init__(
        self,
        reference: Sequence[Columns],
        folds: Sequence[Folds],
        encoder: Encoder | None,
        *,
        plain: bool = True,
        widths: Sequence[int] = WIDTHS,
        high: float = HIGH,
        smooth: int = SMOOTH,
        step: Step,
    ) -> None:
        self._reference, self._folds, self._smooth = reference, folds, smooth
        self._measured = usually_measured(reference)
        self._banks: dict[str, JointBank] = {}
        self._left: dict[str, list[NDArray[np.float64]]] = {}
        embeddings = None if encoder is None else PlaceEmbeddingsLearning(reference, encoder, step)
        for width in widths if plain else ():
            step()
            self._learn(f"plain {width}", width, None, PLAIN)
        for width in widths if embeddings is not None else ():
            step()
            self._learn(f"moment {width}", width, embeddings, WITH_MOMENT)
        votes = {name: Vote.learn(np.concatenate(left), high) for name, left in self._left.items()}
        self.model = SeveralSensors(
            self._banks, None if embeddings is None else embeddings.model, votes, self._measured
        )
        self.left_out = [
            {name: votes[name].of(left[piece]) for name, left in self._left.items()} for piece in range(len(reference))
        ]

    def _learn(self, name: str, width: int, embeddings: PlaceEmbeddingsLearning | None, metric: Metric) -> None:
        phases = [self._at_phase(width, phase, embeddings) for phase in range(0, STRIDE, 2)]
        read = phases[0]
        rows = np.concatenate([one.rows for one in phases])
        block = np.concatenate([one.block(self._folds) for one in phases])
        touch = np.concatenate([one.touching(self._folds) for one in phases], axis=1)
        some = slice(None, None, max(1, len(rows) // MOST_LEARNT))
        rows, block, touch = rows[some], block[some], touch[:, some]
        mine, found = read.block(self._folds), np.full(len(read.rows), np.nan)
        for number in range(BLOCKS):
            others = rows[~touch[number] & (block >= 0)]
            if (mine == number).any() and len(others) >= FEWEST_ROWS:
                found[mine == number] = JointBank.learn(others, metric).distance(read.rows[mine == number])
        self._banks[name] = JointBank.learn(rows[block >= 0], metric)
        set_aside = mine < 0
        if set_aside.any():
            found[set_aside] = self._banks[name].distance(read.rows[set_aside])
        parts = read.pieces(filled(found))
        pairs = zip(parts, self._reference, strict=True)
        self._left[name] = [on_points(part, one, self._smooth) for part, one in pairs]

    def _at_phase(self, width: int, phase: int, embeddings: PlaceEmbeddingsLearning | None) -> Rows:
        rows, centres = [], []
        for number, one in enumerate(self._reference):
            found = described(one, self._measured, phase)
            if embeddings is not None:
                found = side_by_side(found, embeddings.at_places(number, phase))
            rows.append(rows_of(found, width))
            centres.append(places_of(one, phase)[0].astype(np.float64))
        return Rows(np.concatenate(rows), centres, 4 * (width + 1))


def usually_measured(reference: Sequence[Columns]) -> Floats:
    """(S,) share of points around a place that is measured at nearly all places of a reference."""
    every = np.concatenate([measured_share(one) for one in reference])
    found: Floats = np.quantile(every, RARELY, axis=0).astype(np.float32)
    return found


def described(columns: Columns, usual: Floats, phase: int = 0) -> Floats:
    """Descriptors (m, S, 3); NaN where fewer points were measured than half of what is usual for the sensor."""
    found = describe(columns, phase)
    if not columns.measured.all():
        found[measured_share(columns, phase) < usual / 2] = np.nan
    return found


def side_by_side(plain: Floats, others: Floats) -> Floats:
    """Descriptors and other features of the same places, (m, S, d); both are NaN where descriptors are."""
    return np.concatenate([plain, np.where(np.isnan(plain[:, :, :1]), np.nan, others)], axis=2).astype(np.float32)


def weighted(votes: Distances, shares: dict[str, Floats]) -> Floats:
    """(S, n) what each sensor adds to the mean of the votes, by the height of each vote."""
    total = sum((np.maximum(votes[name] - LOWEST, 1e-6) * one for name, one in shares.items()), np.zeros(1))
    found: Floats = (total / np.maximum(np.sum(total, axis=0), 1e-30)).astype(np.float32)
    return found


def rows_of(descriptors: Floats, width: int) -> Floats:
    """Descriptors (m, S, d), averaged over 8 x ``width`` points, as rows (m, S x d)."""
    wide = averaged(descriptors, 2 * width)
    return np.ascontiguousarray(wide.reshape(len(wide), -1))


def on_points(distances: NDArray[np.floating], columns: Columns, smooth: int = SMOOTH) -> NDArray[np.float64]:
    """Distances at the places of a series on every point, averaged."""
    places, _ = places_of(columns)
    every = np.interp(np.arange(len(columns)) + 0.5, places, distances)
    return np.asarray(uniform_filter1d(every, smooth, mode="nearest") if smooth > 1 else every, np.float64)
