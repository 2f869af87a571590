"""Stretches of all sensors together: how far each lies from the nearest normal ones and from the usual components.

What moves together in normal times and no longer does shows in no sensor alone. The distances are those of the field:
nearest normal stretches (PaAno, arXiv 2602.01359), components and their residual (T2 and SPE; Sub-PCA of TSB-AD).
Which stretches, was chosen on labelled public tables (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from waferwatch.detectors.columns import Columns, at_centres, coarsen, refine, window_starts, windows
from waferwatch.detectors.heads import Heads, JointReader, Step, Usual, keep_on, usual
from waferwatch.detectors.neighbours import Place, choose
from waferwatch.detectors.subspace import Moments, Subspace, moments, subspace, trusted

HIGHEST = 20.0  # spreads; what is beyond is far enough, and must not drown the other sensors
MOST_DIRECTIONS = 64  # more sensors than this are mixed into so many
OWN_POINTS = 2048  # a shorter series has too little to say of what is usual
MOST_NORMAL = 1000  # stretches in a bank
MOST_ROWS = 8_000  # stretches of one series; of a longer one, as many as touch one another
ROWS_AT_ONCE = 16_384

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Shape:
    """Which stretches are compared, and how."""

    name: str
    points: int  # of a stretch, after averaging
    averaged: int = 1  # points of the series that become one
    smooth: int = 1  # points of a moving average, where the level is all that counts
    kind: str = "near"  # of distance: to the nearest normal ones, or one of subspace.KINDS
    own: bool = False  # components of the series itself count beside those of the reference


SHAPES = (
    Shape("near", points=8, averaged=8),
    Shape("level", points=1, smooth=33, kind="spread"),
    Shape("windows", points=8, averaged=2, kind="residual", own=True),
)


class JointWindowReader(JointReader):
    """One head for each shape."""

    def __init__(self, shapes: Sequence[Shape] = SHAPES) -> None:
        self._shapes = shapes
        self._directions: Floats | None = None
        self._normal: list[_Near | _Components] = []

    def fit(self, reference: Sequence[Columns], step: Step = keep_on) -> Self:
        self._directions = _directions(reference[0].sensors)
        reference = [self._reduced(one) for one in reference]
        self._normal = []
        for shape in self._shapes:
            step()
            rows = _all_rows(reference, shape)
            if rows is not None:
                self._normal.append((_Near if shape.kind == "near" else _Components)(shape, *rows))
        return self

    def read(self, columns: Columns, step: Step = keep_on) -> Heads:
        reduced = self._reduced(columns)
        heads: Heads = {}
        for normal in self._normal:
            stretches = _Stretches(reduced, normal.shape)
            if len(stretches.starts):
                step()
                heads[f"joint {normal.shape.name}"] = normal.head(stretches)
        return heads

    def _reduced(self, columns: Columns) -> Columns:
        values = np.clip(columns.values, -HIGHEST, HIGHEST)
        if self._directions is not None:
            values = self._directions.T @ values
        return Columns(values, columns.measured[: len(values)])


def _directions(sensors: int) -> Floats | None:
    """(S, MOST_DIRECTIONS) random directions, which keep distances (Johnson and Lindenstrauss, 1984); None for few
    sensors. Principal directions would lose the sensors that stood still in the reference.
    """
    if sensors <= MOST_DIRECTIONS:
        return None
    directions = np.random.default_rng(0).standard_normal((sensors, MOST_DIRECTIONS))
    scaled: Floats = (directions / np.sqrt(MOST_DIRECTIONS)).astype(np.float32)
    return scaled


class _Stretches:
    """The stretches of one series as rows of all sensors' points."""

    def __init__(self, columns: Columns, shape: Shape) -> None:
        averaged = coarsen(columns, shape.averaged)
        values = averaged.values
        self._values = values if shape.smooth == 1 else uniform_filter1d(values, shape.smooth, axis=1, mode="nearest")
        stride = min(max(1, shape.points // 2, shape.smooth // 4), max(1, len(averaged) // MOST_ROWS))
        self.starts = window_starts(len(averaged), shape.points, stride)
        self.shape, self.points, self._length = shape, len(columns), len(averaged)

    def blocks(self) -> Iterator[Floats]:
        """(m, D) rows, a bounded number at a time."""
        for first in range(0, len(self.starts), ROWS_AT_ONCE):
            starts = self.starts[first : first + ROWS_AT_ONCE]
            rows = np.concatenate([windows(one, starts, self.shape.points) for one in self._values], axis=1)
            yield rows * np.float32(rows.shape[1] ** -0.5)

    def on_points(self, distances: Sequence[Floats]) -> Floats:
        """Distances of the rows on every point, averaged over as many as a stretch spans."""
        shape = self.shape
        coarse = at_centres(np.concatenate(distances), self.starts, shape.points, self._length)
        fine = refine(coarse, shape.averaged, self.points)
        smooth: Floats = uniform_filter1d(fine, max(shape.points * shape.averaged, shape.smooth), mode="nearest")
        return smooth


def _all_rows(reference: Sequence[Columns], shape: Shape) -> tuple[list[_Stretches], Floats] | None:
    stretches = [one for one in (_Stretches(columns, shape) for columns in reference) if len(one.starts)]
    if not stretches:
        return None
    return stretches, np.concatenate([block for one in stretches for block in one.blocks()])


class _Near:
    """Distance to the nearest normal stretches."""

    def __init__(self, shape: Shape, stretches: Sequence[_Stretches], rows: Floats) -> None:
        self.shape = shape
        series = np.repeat(np.arange(len(stretches)), [len(one.starts) for one in stretches])
        starts = np.concatenate([one.starts for one in stretches]).astype(np.float64)
        self._bank = choose(rows, Place(series, starts), MOST_NORMAL)
        self._usual = usual(np.concatenate([self._distances(one) for one in stretches]))

    def head(self, stretches: _Stretches) -> Floats:
        return self._usual.standardise(self._distances(stretches))

    def _distances(self, stretches: _Stretches) -> Floats:
        return stretches.on_points([self._bank.distance(block) for block in stretches.blocks()])


class _Components:
    """Distance from what the principal components of the reference, and of the series itself, hold usual."""

    def __init__(self, shape: Shape, stretches: Sequence[_Stretches], rows: Floats) -> None:
        self.shape = shape
        self._reference = stretches
        self._moments = moments(rows)
        self._space = subspace([self._moments])
        self._usual = self._usual_in(self._space)

    def head(self, stretches: _Stretches) -> Floats:
        if not self.shape.own or stretches.points < OWN_POINTS:
            return self._usual.standardise(self._distances(self._space, stretches))
        space = subspace([self._moments, *(self._trusted(block) for block in stretches.blocks())])
        return self._usual_in(space).standardise(self._distances(space, stretches))

    def _trusted(self, rows: Floats) -> Moments:
        return moments(trusted(rows, self._space.distances(rows)["spread"]))

    def _usual_in(self, space: Subspace) -> Usual:
        return usual(np.concatenate([self._distances(space, one) for one in self._reference]))

    def _distances(self, space: Subspace, stretches: _Stretches) -> Floats:
        return stretches.on_points([space.distances(block)[self.shape.kind] for block in stretches.blocks()])
