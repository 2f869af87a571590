"""MOMENT's heads of every sensor: tokens against their principal components and against normal tokens; faults.

Distances between tokens are what a pre-trained network is good for here: single-handed, the principal components of its
tokens found more on labelled public series than any statistic (docs/experiments.md), while plain reconstruction says no
more than a moving variance ("When Foundation Models are One-Liners", ICLR 2026). TimeRep (arXiv 2509.12650) takes
middle-layer tokens in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from waferwatch.detectors.columns import Columns, coarsen, pieces, refine
from waferwatch.detectors.heads import Heads, Reader, Step, Usual, keep_on, usual
from waferwatch.detectors.moment.engine import Engine
from waferwatch.detectors.moment.tokens import Groups, Lens, Seen, widest_directions
from waferwatch.detectors.moment.views import VIEWS, View
from waferwatch.detectors.neighbours import Bank, Place, choose
from waferwatch.detectors.subspace import Moments, Subspace, moments, subspace, trusted

FEWEST_POINTS = 16  # two patches, after averaging: less gives the network no context
FEWEST_NORMAL = 256  # points of the reference, after averaging; else the view is left out
PIECE = 4096  # points of the reference taken in one piece, after averaging,
MOST_POINTS = 8192  # and all of them together: three times as many gained nothing (docs/experiments.md)
UNEVEN = 253  # overlap of the reference's windows: they begin at all places of a patch, so that its phase is no news
CLOSE_OVERLAP, FAR_OVERLAP = 256, 64  # of a series' windows; the former
CLOSE_POINTS = 50_000  # while it is no longer than this
MOST_NORMAL = 2500  # groups of tokens of one sensor in a bank
MOST_MEASURED = 2000  # groups of the reference whose distances say what is usual
MOST_ROWS = 8000  # groups of tokens of one sensor of one series
OWN_POINTS = 2048  # a shorter series, after averaging, has too little to say of what is usual

Floats = NDArray[np.float32]


class MomentReader(Reader):
    """One head for everything that the views ask for."""

    def __init__(self, engine: Engine, views: Sequence[View] = VIEWS) -> None:
        self._engine = engine
        self._views = views
        self._reference: dict[View, list[Columns]] = {}
        self._known: dict[View, _Known | None] = {}

    def fit(self, reference: Sequence[Columns], step: Step = keep_on) -> Self:
        """Keep what each view learns from; it learns when a series is first read at it, as most suit only some."""
        self._known = {}
        self._reference = {}
        for view in self._views:
            averaged = [coarsen(one, view.averaged) for one in reference]
            averaged = [one for one in pieces(averaged, PIECE, MOST_POINTS) if len(one) >= FEWEST_POINTS]
            if averaged and (view.averaged == 1 or sum(len(one) for one in averaged) >= FEWEST_NORMAL):
                self._reference[view] = averaged
        return self

    def read(self, columns: Columns, step: Step = keep_on) -> Heads:
        heads: Heads = {}
        for view in self._reference:
            averaged = coarsen(columns, view.averaged)
            if len(averaged) < FEWEST_POINTS or not view.suits(columns.sensors, len(columns)):
                continue
            known = self._known_at(view, step)
            if known is None:
                continue
            for name, values in _read(view, known, averaged, step).items():
                fine = [refine(column, view.averaged, len(columns)) for column in values]
                heads[f"{name} {view.name}"] = np.stack(fine)
        return heads

    def _known_at(self, view: View, step: Step) -> _Known | None:
        if view not in self._known:
            lens = Lens(self._engine, view.centred, view.fault)
            self._known[view] = _learn(view, lens, self._reference[view], step)
        return self._known[view]


@dataclass(frozen=True)
class _Known:
    """What is normal at one view, sensor by sensor."""

    lens: Lens
    reference: list[Seen]
    banks: dict[int, list[tuple[Bank, Usual]]]  # tokens in a row -> of each sensor
    moments: dict[int, list[Moments]]  # tokens in a row -> of each sensor
    fault: list[Usual] | None


def _learn(view: View, lens: Lens, reference: Sequence[Columns], step: Step) -> _Known | None:
    whole = [lens.look(one, UNEVEN, step) for one in reference]
    if not any(one.observed.any() for one in whole):
        return None
    basis = widest_directions(whole)
    seen = [replace(one, tokens=one.tokens @ basis) for one in whole]
    sensors = range(reference[0].sensors)
    faults = [one.fault for one in seen]
    return _Known(
        replace(lens, basis=basis),
        seen,
        {count: [_bank(seen, sensor, count) for sensor in sensors] for count in view.neighbours},
        {
            count: [moments(_all_groups(seen, sensor, count)[0]) for sensor in sensors]
            for count in {count for count, _ in view.components}
        },
        [usual(np.concatenate([one[sensor] for one in faults if one is not None])) for sensor in sensors]
        if faults[0] is not None
        else None,
    )


def _all_groups(seen: Sequence[Seen], sensor: int, count: int) -> tuple[Floats, Place]:
    groups = [one.groups(sensor, count, MOST_ROWS) for one in seen]
    return np.concatenate([one.rows for one in groups]), Place(
        np.repeat(np.arange(len(groups)), [len(one.rows) for one in groups]),
        np.concatenate([one.centres for one in groups]),
    )


def _bank(seen: Sequence[Seen], sensor: int, count: int) -> tuple[Bank, Usual]:
    rows, place = _all_groups(seen, sensor, count)
    bank = choose(rows, place, MOST_NORMAL)
    if not len(rows):
        return bank, usual(np.empty(0))
    asked = np.linspace(0, len(rows) - 1, min(len(rows), MOST_MEASURED)).round().astype(np.int64)
    apart = max(4, count // 2) * seen[0].patch
    return bank, usual(bank.distance(rows[asked], place.of(asked), apart=apart))


def _read(view: View, known: _Known, columns: Columns, step: Step) -> Heads:
    """Heads of one series on its averaged points, (S, n)."""
    seen = known.lens.look(columns, CLOSE_OVERLAP if len(columns) <= CLOSE_POINTS else FAR_OVERLAP, step)
    points, sensors = len(columns), range(columns.sensors)
    heads: Heads = {}
    for count, normal in known.banks.items():
        heads[f"neighbours {count}"] = np.stack(
            [_neighbour_distance(seen, sensor, count, normal[sensor], points) for sensor in sensors]
        )
    for count, kind in view.components:
        heads[f"components {count}"] = np.stack(
            [_component_distance(known, seen, sensor, count, kind, points) for sensor in sensors]
        )
    if seen.fault is not None and known.fault is not None:
        pairs = zip(known.fault, seen.fault, strict=True)
        heads["fault"] = np.stack([one.standardise(column) for one, column in pairs])
    return heads


def _neighbour_distance(seen: Seen, sensor: int, count: int, normal: tuple[Bank, Usual], points: int) -> Floats:
    groups = seen.groups(sensor, count, MOST_ROWS)
    bank, of_reference = normal
    return of_reference.standardise(_on_points(bank.distance(groups.rows), groups, points))


def _component_distance(known: _Known, seen: Seen, sensor: int, count: int, kind: str, points: int) -> Floats:
    groups = seen.groups(sensor, count, MOST_ROWS)
    parts = [known.moments[count][sensor]]
    if points >= OWN_POINTS:
        own = groups.rows
        if kind == "spread" and parts[0].count:
            own = trusted(own, subspace(parts).distances(own)[kind])
        parts.append(moments(own))
    if sum(part.count for part in parts) == 0:
        return np.full(points, np.nan, np.float32)
    space = subspace(parts)
    normal = np.concatenate([_smooth_distance(space, one, sensor, count, kind) for one in known.reference])
    return usual(normal).standardise(_smooth_distance(space, seen, sensor, count, kind))


def _smooth_distance(space: Subspace, seen: Seen, sensor: int, count: int, kind: str) -> Floats:
    """Distances on the points, averaged over as many as the tokens in a row span."""
    groups = seen.groups(sensor, count, MOST_ROWS)
    distance = _on_points(space.distances(groups.rows)[kind], groups, seen.where.points)
    smooth: Floats = uniform_filter1d(distance, count * seen.patch, mode="nearest")
    return smooth


def _on_points(values: Floats, groups: Groups, points: int) -> Floats:
    """Values of groups on every point; where windows overlap, groups at the same place are averaged."""
    if not len(values):
        return np.full(points, np.nan, np.float32)
    places, which = np.unique(groups.centres, return_inverse=True)
    mean = np.bincount(which, values) / np.bincount(which)
    return np.interp(np.arange(points), places, mean).astype(np.float32)
