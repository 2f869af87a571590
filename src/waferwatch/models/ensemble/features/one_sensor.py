"""Streams of a single sensor: distances of MOMENT's embeddings and of plain windows from normal ones, one vote each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from waferwatch.models.blocks import BLOCKS, Folds, touching
from waferwatch.models.ensemble.nearest import Bank, Components
from waferwatch.models.ensemble.preparation.columns import Columns, coarsen, grid_starts, over_windows, refine
from waferwatch.models.ensemble.vote import Vote, filled, learn_votes
from waferwatch.models.moment.encoder import Embeddings, Encoder, Step, widest_directions
from waferwatch.models.state import SINCE, storable

HIGH = 10.0  # above which a vote grows by its logarithm only
MOST_NORMAL = 512  # rows in a bank: 1500 were not better (docs/experiments.md)
LEFT_OUT_NORMAL = MOST_NORMAL * (BLOCKS - 1) // BLOCKS  # where a block is left out: they know that much less of it
MOST_LEARNT = 8000  # rows that are learnt from
FEWEST_ROWS = 8  # a feature with fewer normal rows is left out
FEWEST_POINTS = 48  # of a reference, after averaging: fewer say nothing of embeddings
LEVEL_POINTS = 65  # of the local mean
EVERY = 2  # second group of patches is read

Floats = NDArray[np.float32]
Distances = dict[str, NDArray[np.float64]]  # name of a feature -> (n,)


@dataclass(frozen=True)
class StreamView:
    """How a series is shown to the network, and what is taken from it."""

    averaged: int  # points that become one
    groups: tuple[tuple[int, tuple[str, ...]], ...] = ()  # patches in a row, kinds of distance
    fault: bool = False


VIEWS = (
    StreamView(1, ((12, ("spread", "white")), (8, ("near",))), fault=True),
    StreamView(4, ((8, ("spread", "near")),)),
    StreamView(8, fault=True),
)
WINDOWS_WITH_NETWORK = ((32, "white"),)
WINDOWS_ALONE = ((32, "white"), (64, "white"), (128, "white"))


@storable
@dataclass(frozen=True)
class Known:
    """What normal rows look like."""

    components: Components | None
    banks: dict[str, Bank]  # of the kinds "white" and "near"

    @classmethod
    def learn(cls, rows: Floats, kinds: Sequence[str], most: int = MOST_NORMAL) -> Self:
        components = None if set(kinds) == {"near"} else Components.learn(rows)
        banks = {
            kind: Bank.choose(rows if kind == "near" or components is None else components.white(rows), most)
            for kind in kinds
            if kind != "spread"
        }
        return cls(components, banks)

    def distances(self, rows: Floats, kinds: Sequence[str]) -> dict[str, Floats]:
        white = rows if self.components is None else self.components.white(rows)
        found = {}
        for kind in kinds:
            if kind == "spread":
                found[kind] = np.abs(white).sum(axis=1)
            else:
                found[kind] = self.banks[kind].distance(rows if kind == "near" else white)
        return found


@dataclass(frozen=True)
class WindowRows:
    """Windows of several pieces, below one another."""

    rows: Floats  # (m, D)
    centres: list[NDArray[np.float64]]  # of each piece's rows, in points of the piece
    half: float  # points to each side of a centre that a row rests on

    def block(self, folds: Sequence[Folds]) -> NDArray[np.int64]:
        """(m,) the block that each row's centre lies in."""
        pairs = zip(self.centres, folds, strict=True)
        return np.concatenate([f[np.clip(c, 0, len(f) - 1).astype(np.int64)] for c, f in pairs])

    def touching(self, folds: Sequence[Folds]) -> NDArray[np.bool_]:
        """(BLOCKS, m) which blocks each row rests on."""
        pairs = zip(self.centres, folds, strict=True)
        return np.concatenate([touching(f, c, self.half) for c, f in pairs], axis=1)

    def pieces(self, values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Values of the rows, piece by piece."""
        return np.split(values, np.cumsum([len(c) for c in self.centres])[:-1])


def learn_left_out(
    learnt: WindowRows, read: WindowRows, folds: Sequence[Folds], kinds: Sequence[str]
) -> tuple[Known, dict[str, list[NDArray[np.float64]]]]:
    """What is known from all rows, and the distances of rows, cut as judged ones are, by what was learnt without their
    block, piece by piece.
    """
    some = slice(None, None, max(1, len(learnt.rows) // MOST_LEARNT))
    rows, block, touch = learnt.rows[some], learnt.block(folds)[some], learnt.touching(folds)[:, some]
    mine = read.block(folds)
    found = {kind: np.full(len(read.rows), np.nan) for kind in kinds}
    for number in range(BLOCKS):
        others = rows[~touch[number] & (block >= 0)]
        if (mine == number).any() and len(others) >= FEWEST_ROWS:
            for kind, values in (
                Known.learn(others, kinds, LEFT_OUT_NORMAL).distances(read.rows[mine == number], kinds).items()
            ):
                found[kind][mine == number] = values
    return Known.learn(rows, kinds), {kind: read.pieces(filled(values)) for kind, values in found.items()}


@storable
@dataclass(frozen=True)
class OneSensor:
    """What was learnt from the reference of one sensor."""

    bases: dict[str, Floats]  # averaged points -> directions of embeddings that are kept
    known: dict[str, Known]  # family of features -> what is normal
    level: float  # median of the local means
    votes: dict[str, Vote]
    without_places: bool | None = field(default=None, metadata={SINCE: "0.8.0"})  # whether embeddings are read so

    def votes_of(self, columns: Columns, encoder: Encoder | None, step: Step) -> Distances:
        """The vote of each feature at each point, (n,)."""
        return {name: self.votes[name].of(d) for name, d in self._distances(columns, encoder, step).items()}

    def _distances(self, columns: Columns, encoder: Encoder | None, step: Step) -> Distances:
        found: Distances = {}
        if encoder is not None:
            encoder = encoder.without_places() if self.without_places else encoder
            for view in VIEWS:
                if str(view.averaged) in self.bases:
                    found |= self._read_view(view, columns, encoder, step)
        for family, known in self.known.items():
            if family.startswith("windows"):
                length = int(family.split()[1])
                if len(columns) >= length:
                    rows, starts = window_rows(columns, length)
                    (values,) = known.distances(rows, ("white",)).values()
                    found[family] = over_windows(values, starts, length, len(columns))
        if "level" in self.votes:
            found["level"] = np.abs(local_mean(columns) - self.level)
        return {name: values for name, values in found.items() if name in self.votes}

    def _read_view(self, view: StreamView, columns: Columns, encoder: Encoder, step: Step) -> Distances:
        coarse = coarsen(columns, view.averaged)
        encoder = replace(encoder, basis=self.bases[str(view.averaged)])
        seen = encoder.embed(coarse, step, fault=view.fault)
        found: Distances = {}
        for count, kinds in view.groups:
            family = f"embeddings {count} x{view.averaged}"
            if family in self.known:
                rows, centres = seen.groups(0, count, EVERY)
                for kind, values in self.known[family].distances(rows, kinds).items():
                    found[f"{family} {kind}"] = on_points(values, centres, count, seen, view.averaged, columns)
        if seen.fault is not None:
            found[f"fault x{view.averaged}"] = refine(seen.fault[0], view.averaged, columns.offset, len(columns))
        return found


class OneSensorLearning:
    """Learns from the reference of one sensor; ``left_out`` then holds its votes, each by a model without its block."""

    def __init__(
        self,
        reference: Sequence[Columns],
        folds: Sequence[Folds],
        encoder: Encoder | None,
        *,
        plain: bool,
        step: Step,
    ) -> None:
        self._reference, self._folds = reference, folds
        self._bases: dict[str, Floats] = {}
        self._known: dict[str, Known] = {}
        self._left: dict[str, list[NDArray[np.float64]]] = {}
        if encoder is not None:
            for view in VIEWS:
                self._learn_view(view, encoder.without_places(), step)
        for length, kind in (WINDOWS_WITH_NETWORK if encoder is not None else WINDOWS_ALONE) if plain else ():
            step()
            self._learn_windows(length, kind)
        level = self._learn_level() if plain else 0.0
        votes = learn_votes({name: np.concatenate(values) for name, values in self._left.items()}, HIGH)
        self.model = OneSensor(self._bases, self._known, level, votes, without_places=encoder is not None or None)
        self.left_out = [
            {name: vote.of(self._left[name][piece]) for name, vote in votes.items()} for piece in range(len(reference))
        ]

    def _learn_view(self, view: StreamView, encoder: Encoder, step: Step) -> None:
        coarse = [coarsen(one, view.averaged) for one in self._reference]
        if max(len(one) for one in coarse) < FEWEST_POINTS:
            return
        uneven = [encoder.embed(one, step, uneven=True) for one in coarse]
        basis = widest_directions([one.tokens[one.observed] for one in uneven])
        self._bases[str(view.averaged)] = basis
        uneven = [replace(one, tokens=one.tokens @ basis) for one in uneven]
        read = [replace(encoder, basis=basis).embed(one, step, fault=view.fault) for one in coarse]
        for count, kinds in view.groups:
            self._learn_groups(view, count, kinds, uneven, read)
        if all(one.fault is not None for one in read):
            self._left[f"fault x{view.averaged}"] = [
                refine(s.fault[0], view.averaged, c.offset, len(c))
                for s, c in zip(read, self._reference, strict=True)
                if s.fault is not None
            ]

    def _learn_groups(
        self,
        view: StreamView,
        count: int,
        kinds: Sequence[str],
        uneven: Sequence[Embeddings],
        read: Sequence[Embeddings],
    ) -> None:
        learnt, asked = self._groups(view, uneven, count, 1), self._groups(view, read, count, EVERY)
        if len(learnt.rows) < FEWEST_ROWS:
            return
        family = f"embeddings {count} x{view.averaged}"
        self._known[family], left = learn_left_out(learnt, asked, self._folds, kinds)
        for kind, parts in left.items():
            self._left[f"{family} {kind}"] = [
                on_points(part, s.groups(0, count, EVERY)[1], count, s, view.averaged, one)
                for part, s, one in zip(parts, read, self._reference, strict=True)
            ]

    def _groups(self, view: StreamView, seen: Sequence[Embeddings], count: int, every: int) -> WindowRows:
        groups = [one.groups(0, count, every) for one in seen]
        pairs = zip(groups, self._reference, strict=True)
        centres = [c * view.averaged - one.offset % view.averaged for (_, c), one in pairs]
        return WindowRows(
            np.concatenate([one for one, _ in groups]), centres, count * seen[0].patch * view.averaged / 2
        )

    def _learn_windows(self, length: int, kind: str) -> None:
        long_enough = [number for number, one in enumerate(self._reference) if len(one) >= 2 * length]
        if not long_enough:
            return
        cut = {number: window_rows(self._reference[number], length) for number in long_enough}
        rows = WindowRows(
            np.concatenate([one for one, _ in cut.values()]),
            [np.asarray(starts + length / 2, np.float64) for _, starts in cut.values()],
            length / 2,
        )
        if len(rows.rows) < FEWEST_ROWS:
            return
        name = f"windows {length}"
        self._known[name], left = learn_left_out(rows, rows, [self._folds[number] for number in long_enough], (kind,))
        parts = iter(left[kind])
        self._left[name] = [
            over_windows(next(parts), cut[number][1], length, len(one)) if number in cut else _unknown(len(one))
            for number, one in enumerate(self._reference)
        ]

    def _learn_level(self) -> float:
        means = [local_mean(one) for one in self._reference]
        every, block = np.concatenate(means), np.concatenate(self._folds)
        left: NDArray[np.float64] = np.full(len(every), np.nan)
        for number in range(BLOCKS):
            others = every[(block != number) & (block >= 0)]
            if len(others):
                left[block == number] = np.abs(every[block == number] - np.median(others))
        self._left["level"] = np.split(filled(left), np.cumsum([len(one) for one in means])[:-1])
        return float(np.median(every[block >= 0]))


def _unknown(points: int) -> NDArray[np.float64]:
    return np.full(points, np.nan)


def window_rows(columns: Columns, length: int) -> tuple[Floats, NDArray[np.int64]]:
    """Windows an eighth of their length apart, (W, length), and where they start."""
    starts = grid_starts(columns, length, max(1, length // 8))
    every = np.lib.stride_tricks.sliding_window_view(columns.values[0], length)
    return every[starts], starts


def local_mean(columns: Columns) -> NDArray[np.float64]:
    """(n,) mean of the points around each point."""
    mean: NDArray[np.float64] = uniform_filter1d(columns.values[0].astype(np.float64), LEVEL_POINTS, mode="nearest")
    return mean


def on_points(
    values: NDArray[np.floating],
    centres: NDArray[np.float64],
    count: int,
    seen: Embeddings,
    averaged: int,
    columns: Columns,
) -> NDArray[np.float64]:
    """Values of groups of patches on every point: averaged where windows overlap, then over what a group spans."""
    points = -(-(len(columns) + columns.offset % averaged) // averaged)
    if not len(values):
        return np.full(len(columns), np.nan)
    first = np.floor(centres[0:1].min() if len(centres) else 0.0)
    place = np.round((centres - first) * 2).astype(np.int64)
    place -= place.min()
    lowest = centres.min()
    total, number = np.bincount(place, filled(np.asarray(values, np.float64))), np.bincount(place)
    there = np.flatnonzero(number)
    mean = np.interp(
        np.arange(-count * seen.patch, points + count * seen.patch), lowest + there / 2, total[there] / number[there]
    )
    smooth = uniform_filter1d(mean, count * seen.patch, mode="nearest")[
        count * seen.patch : count * seen.patch + points
    ]
    return refine(smooth, averaged, columns.offset, len(columns))
