"""MOMENT's features of every sensor, at the places of the descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_opening, maximum_filter1d, uniform_filter1d

from waferwatch.models.blocks import BLOCKS, NOT_LEARNT, Folds
from waferwatch.models.ensemble.features.descriptors import Grid
from waferwatch.models.ensemble.nearest import Bank, Components
from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.models.ensemble.preparation.columns import Columns, coarsen, holes_mirrored, mirrored, refine
from waferwatch.models.ensemble.vote import filled, soft
from waferwatch.models.moment.encoder import Embeddings, Encoder, Step, widest_directions
from waferwatch.models.state import SINCE, storable
from waferwatch.models.threads import in_threads

# Points; with a longer reference MOMENT takes no part unless it is alone, and then each sensor is shown to it at four
# points in one: a fourth of the time.
LONG_REFERENCE = 8192
COARSE = 4
MIRROR = 256  # points at both ends that are mirrored, so that windows of a short reference and of later rows are alike
AWAY = 64  # points from an end or a hole from which features are taken as they are; nearer ones take the next of these
PATCH = 8  # points without a value that make a hole
KINDS = ((12, "spread"), (4, "residual"), (8, "near"))  # patches in a row, kind of distance
KEPT = 10  # components that "residual" leaves out
MOST_NORMAL = 2000
MOST_LEARNT = 8000
LOWEST, HIGHEST = -3.0, 30.0  # spreads between which a feature counts in full
EVERY = 2  # second group of patches
FARTHEST_OFF = 2.0  # spreads that rows may lie off where they were left out, at the median, for a kind to count

Floats = NDArray[np.float32]


@storable
@dataclass(frozen=True)
class Standard:
    """Centre and spread of a feature over the reference."""

    level: float
    spread: float

    def of(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        return soft(np.maximum((values - self.level) / self.spread, LOWEST), HIGHEST)


@storable
@dataclass(frozen=True)
class SensorEmbeddings:
    """What is normal of the embeddings of one sensor."""

    components: dict[str, Components]  # patches in a row -> principal components of normal rows
    bank: Bank
    standards: list[Standard]  # one for each of KINDS, and one of the fault head where it is read
    moved: bool  # whether the sensor ever moved; of one that did not, MOMENT's features are all 0


@storable
@dataclass(frozen=True)
class PlaceEmbeddings:
    """What is normal of the embeddings of S sensors."""

    averaged: int
    basis: Floats
    sensors: list[SensorEmbeddings]
    kinds: list[int] | None = field(default=None, metadata={SINCE: "0.7.1"})  # of KINDS that count; None: all
    without_places: bool | None = field(default=None, metadata={SINCE: "0.8.0"})  # whether embeddings are read so

    @property
    def fault(self) -> bool:
        """The fault head is read at full resolution only."""
        return self.averaged == 1

    def at_places(self, grid: Grid, encoder: Encoder, step: Step, *, full: bool) -> Floats:
        """(m, S, features) at the places of the descriptors."""
        pieces = range(len(grid.chain.starts))
        points = [self.on_points(grid.chain.piece(number), encoder, step, full=full) for number in pieces]
        return _at_places(np.concatenate(points, axis=2) if len(points) > 1 else points[0], grid)

    def on_points(self, columns: Columns, encoder: Encoder, step: Step, *, full: bool) -> Floats:
        """(S, features, n), in spreads of the reference.

        Args:
            full: next to ends and holes features are those of the next full window. Models of before 0.7.0 were learnt
                without.
        """
        return self.read(self.shown(columns, encoder, step, full=full), columns, step, full=full)

    @property
    def counted(self) -> list[int]:
        """The features that count, of KINDS and the fault head."""
        kinds = range(len(KINDS)) if self.kinds is None else self.kinds
        return [*kinds, len(KINDS)] if self.fault else [*kinds]

    def shown(self, columns: Columns, encoder: Encoder, step: Step, *, full: bool = True) -> Embeddings:
        """The embeddings of a series and of what is mirrored at its ends."""
        coarse = coarsen(columns, self.averaged)
        wide = _full(coarse) if full else mirrored(coarse, MIRROR, MIRROR)
        encoder = encoder.without_places() if self.without_places else encoder
        return replace(encoder, basis=self.basis).embed(wide, step, fault=self.fault)

    def read(self, seen: Embeddings, columns: Columns, step: Step, *, full: bool = True, scaled: bool = True) -> Floats:
        """(S, features, n) of a series whose embeddings are ``seen``, in spreads of the reference if ``scaled``."""
        coarse = coarsen(columns, self.averaged)
        found = np.zeros((columns.sensors, len(self.counted), len(columns)), np.float32)
        for sensor, known in enumerate(self.sensors):
            step()
            if known.moved:
                for place, feature in enumerate(self.counted):
                    if feature == len(KINDS) and seen.fault is None:
                        continue  # a network without the head, as official checkpoints are
                    every = _distances(known, seen, sensor, feature, len(coarse) + 2 * MIRROR)
                    inside = every[MIRROR : MIRROR + len(coarse)]
                    if full:  # others show a mirrored series, which bends at its ends and holes; that is no fault
                        whole = _in_full_windows(coarse.measured[sensor])
                        inside = filled(np.where(whole, inside, np.nan)) if whole.any() else inside
                    # A sensor that says nothing of these rows is shown as usual.
                    shown = np.nan_to_num(known.standards[feature].of(inside)) if scaled else inside
                    found[sensor, place] = refine(shown, self.averaged, columns.offset, len(columns))
        if self.fault:
            found[:, -1] = maximum_filter1d(found[:, -1], 8, axis=1)
        return found


class PlaceEmbeddingsLearning:
    """Learns what is normal of all of the reference, and anew without each of its blocks, and keeps the features of the
    reference by each.

    A short reference is known by heart: its own rows lie nearer to what was learnt from them than any later one. How
    far a block lies off where it was left out says how far later rows do, and which kinds of distance say anything.
    Of long references, which MOMENT reads only where it is alone, features are those that all of it teaches.

    Args:
        folds: (n,) block of each point of the chain.
    """

    def __init__(self, chain: Chain, folds: Folds, encoder: Encoder, step: Step) -> None:
        self._step, encoder = step, encoder.without_places()
        averaged = COARSE if len(chain) > LONG_REFERENCE else 1
        pieces = chain.pieces()
        uneven = (encoder.embed(_full(coarsen(one, averaged)), step, uneven=True) for _, one in pieces)
        basis = widest_directions([seen.tokens[seen.observed] for seen in uneven])
        self._empty = PlaceEmbeddings(averaged, basis, [], without_places=True)
        self._encoder = replace(encoder, basis=basis)
        self.model, found = self._learn([one for _, one in pieces])
        self._points = {NOT_LEARNT: np.concatenate(found, axis=2)}
        if averaged == 1:
            shown = [self._empty.shown(one, encoder, step) for _, one in pieces]
            self._encoder = replace(self._encoder, threads=1)  # of each block, of which several are learnt at a time
            left = in_threads(lambda block: self._without(block, pieces, folds, shown), range(BLOCKS), encoder.threads)
            self._points |= dict(enumerate(left))
            self.model = replace(self.model, kinds=self._generalising(folds))
            self._points = {block: one[:, self.model.counted] for block, one in self._points.items()}

    def at_places(self, grid: Grid, without: int) -> Floats:
        """(m, S, features) of the reference, by what was learnt without a block, or with ``NOT_LEARNT`` by all."""
        return _at_places(self._points.get(without, self._points[NOT_LEARNT]), grid)

    def _without(
        self, block: int, pieces: Sequence[tuple[slice, Columns]], folds: Folds, shown: Sequence[Embeddings]
    ) -> Floats:
        """(S, features, n): the block as later rows are read, all others as the reference is."""
        parts = [part for where, one in pieces for part in _outside(block, where, one, folds)]
        if not parts:
            return self._points[NOT_LEARNT]
        model, features = self._learn([one for _, one in parts])
        read = [model.read(seen, one, self._step) for seen, (_, one) in zip(shown, pieces, strict=True)]
        found = np.concatenate(read, axis=2)
        for (where, _), values in zip(parts, features, strict=True):
            found[:, :, where] = values
        return found

    def _generalising(self, folds: Folds) -> list[int]:
        """The kinds of distance that do not know the reference by heart."""
        left = np.zeros_like(self._points[NOT_LEARNT][:, : len(KINDS)])
        for block in range(BLOCKS):
            left[:, :, folds == block] = self._points[block][:, : len(KINDS), folds == block]
        moved = np.array([one.moved for one in self.model.sensors])
        if not moved.any():
            return list(range(len(KINDS)))
        off = np.median(np.median(left[moved], axis=2), axis=0)
        return [int(kind) for kind in np.flatnonzero(off <= FARTHEST_OFF)]

    def _learn(self, pieces: Sequence[Columns]) -> tuple[PlaceEmbeddings, list[Floats]]:
        wide = [_full(coarsen(one, self._empty.averaged)) for one in pieces]
        uneven = [self._encoder.embed(one, self._step, uneven=True) for one in wide]
        sensors = [self._of_sensor(uneven, pieces, sensor) for sensor in range(pieces[0].sensors)]
        unscaled = replace(self._empty, sensors=sensors)
        points = [
            unscaled.read(unscaled.shown(one, self._encoder, self._step), one, self._step, scaled=False)
            for one in pieces
        ]
        return _scaled(unscaled, points), points

    def _of_sensor(self, uneven: Sequence[Embeddings], pieces: Sequence[Columns], sensor: int) -> SensorEmbeddings:
        self._step()
        components, bank = {}, Bank.choose(np.zeros((1, 1), np.float32), 1)
        moved = max(float(one.values[sensor].std()) for one in pieces) > 1e-6
        for count, kind in KINDS:
            rows = np.concatenate([one.groups(sensor, count)[0] for one in uneven])
            if not len(rows):  # measured in stretches too short for the network
                return SensorEmbeddings({}, bank, [], False)
            rows = rows[:: max(1, len(rows) // MOST_LEARNT)]
            if kind == "near":
                bank = Bank.choose(rows, MOST_NORMAL)
            else:
                components[str(count)] = Components.learn(rows)
        return SensorEmbeddings(components, bank, [], moved)


def _outside(block: int, where: slice, piece: Columns, folds: Folds) -> list[tuple[slice, Columns]]:
    """The stretches of a piece that are not in a block, and where in the chain they lie."""
    others = np.concatenate([[False], folds[where] != block, [False]])
    edges = np.flatnonzero(np.diff(others.astype(np.int8)))
    return [
        (slice(where.start + first, where.start + after), piece.at(slice(first, after)))
        for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]


def _scaled(unscaled: PlaceEmbeddings, points: Sequence[Floats]) -> PlaceEmbeddings:
    """The features in spreads of what was learnt from, ``points`` too."""
    sensors = []
    for sensor, known in enumerate(unscaled.sensors):
        standards = []
        for feature in range(len(KINDS) + unscaled.fault):
            every = np.concatenate([one[sensor, feature] for one in points])
            every = every[~np.isnan(every)] if not np.isnan(every).all() else np.zeros(1)
            standard = Standard(float(every.mean()), float(every.std()) + 0.05 * abs(float(every.mean())) + 1e-6)
            standards.append(standard)
            for one in points:
                one[sensor, feature] = np.nan_to_num(standard.of(one[sensor, feature]))
        sensors.append(replace(known, standards=standards))
    return replace(unscaled, sensors=sensors)


def _distances(
    known: SensorEmbeddings, seen: Embeddings, sensor: int, feature: int, points: int
) -> NDArray[np.float64]:
    """Distances of one kind, or the fault head, on the averaged points."""
    if seen.fault is not None and feature == len(KINDS):
        return filled(seen.fault[sensor].astype(np.float64))
    count, kind = KINDS[feature]
    rows, centres = seen.groups(sensor, count, EVERY)
    if kind == "near":
        values = known.bank.distance(rows)
    elif kind == "spread":
        values = np.abs(known.components[str(count)].white(rows)).sum(axis=1)
    else:
        values = known.components[str(count)].residual(rows, KEPT)
    return spread_out(values, centres, count * seen.patch, points)


def spread_out(
    values: NDArray[np.floating], centres: NDArray[np.float64], span: int, points: int
) -> NDArray[np.float64]:
    """Values of groups on every point: averaged where windows overlap, then over a group's span; NaN without any."""
    if not len(values):
        return np.full(points, np.nan)
    lowest = float(centres.min())
    place = np.round((centres - lowest) * 2).astype(np.int64)
    total, number = np.bincount(place, values), np.bincount(place)
    there = np.flatnonzero(number)
    # The same margin on both sides: what lies beyond the series does not change the mean at its ends.
    every = np.interp(np.arange(-span, points + span), lowest + there / 2, total[there] / number[there])
    return np.asarray(uniform_filter1d(every, span, mode="nearest")[span : span + points], np.float64)


def _full(columns: Columns) -> Columns:
    """Mirrored at both ends and at holes: else windows there would be flatter than those of the reference."""
    return mirrored(holes_mirrored(columns, MIRROR), MIRROR, MIRROR)


def _in_full_windows(measured: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) whether a point lies far from the ends of a series and from what was not measured for a patch or longer."""
    missing = np.pad(binary_opening(~measured, np.ones(PATCH)), 1, constant_values=True)
    found: NDArray[np.bool_] = ~maximum_filter1d(missing, 2 * AWAY + 1, mode="nearest")[1:-1]
    return found


def _at_places(features: Floats, grid: Grid) -> Floats:
    """(S, features, n) -> (m, S, features)."""
    return np.ascontiguousarray(features[:, :, grid.inside()].transpose(2, 0, 1))
