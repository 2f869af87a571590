"""Distance of every stretch of a sensor to the nearest normal stretches.

Stretches are scaled by the reference and not one by one, so level and scale count: on labelled public series this was
worth 0.5 in VUS-PR where stretches scaled one by one reached 0.4 (docs/experiments.md; the same was found for PaAno by
PAI, arXiv 2606.08935).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.columns import Columns, at_centres, coarsen, refine, window_starts, windows
from waferwatch.detectors.heads import Heads, Reader, Step, Usual, keep_on, usual
from waferwatch.detectors.neighbours import Bank, Place, choose

MOST_NORMAL = 1000  # stretches of one sensor in the bank
MOST_MEASURED = 1000  # stretches of the reference whose distances say what is usual
DENSE_STEPS = 16  # stretches of a short series overlap so that each point lies in as many
MOST_ROWS = 8000  # stretches of one sensor of one series; a longer series is read with wider steps

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Shape:
    """Which stretches are compared."""

    name: str
    points: int  # of a stretch, after averaging
    averaged: int = 1  # points of the series that become one
    centred: bool = False  # each stretch less its own mean


SHAPES = (Shape("patches", 64, averaged=4),)


class PatchReader(Reader):
    """One head for each shape."""

    def __init__(self, shapes: Sequence[Shape] = SHAPES) -> None:
        self._shapes = shapes
        self._normal: dict[str, list[_Normal]] = {}

    def fit(self, reference: Sequence[Columns], step: Step = keep_on) -> Self:
        self._normal = {}
        for shape in self._shapes:
            averaged = [coarsen(one, shape.averaged) for one in reference]
            if sum(max(0, len(one) - shape.points + 1) for one in averaged) >= shape.points:
                self._normal[shape.name] = [
                    _learn([one.values[sensor] for one in averaged], shape) for sensor in range(reference[0].sensors)
                ]
        return self

    def read(self, columns: Columns, step: Step = keep_on) -> Heads:
        return {
            shape.name: self._distances(columns, shape)
            for shape in self._shapes
            if shape.name in self._normal and len(columns) >= shape.points * shape.averaged
        }

    def _distances(self, columns: Columns, shape: Shape) -> Floats:
        averaged = coarsen(columns, shape.averaged)
        stride = max(1, shape.points // DENSE_STEPS, len(averaged) // MOST_ROWS)
        starts = window_starts(len(averaged), shape.points, stride)
        found = np.empty(columns.values.shape, np.float32)
        for sensor, normal in enumerate(self._normal[shape.name]):
            rows = _rows(averaged.values[sensor], starts, shape)
            distances = at_centres(normal.bank.distance(rows), starts, shape.points, len(averaged))
            found[sensor] = normal.usual.standardise(refine(distances, shape.averaged, len(columns)))
        return found


@dataclass(frozen=True)
class _Normal:
    bank: Bank
    usual: Usual


def _learn(columns: Sequence[Floats], shape: Shape) -> _Normal:
    stride = max(1, shape.points // (2 * DENSE_STEPS), sum(len(one) for one in columns) // (8 * MOST_NORMAL))
    starts = [window_starts(len(one), shape.points, stride) for one in columns]
    rows = np.concatenate([_rows(one, at, shape) for one, at in zip(columns, starts, strict=True)])
    place = Place(
        np.repeat(np.arange(len(starts)), [len(at) for at in starts]), np.concatenate(starts).astype(np.float64)
    )
    bank = choose(rows, place, MOST_NORMAL)
    asked = np.linspace(0, len(rows) - 1, min(len(rows), MOST_MEASURED)).round().astype(np.int64)
    return _Normal(bank, usual(bank.distance(rows[asked], place.of(asked), apart=shape.points / 2)))


def _rows(column: Floats, starts: NDArray[np.int64], shape: Shape) -> Floats:
    rows = windows(column, starts, shape.points) / np.float32(np.sqrt(shape.points))
    return rows - rows.mean(axis=1, keepdims=True) if shape.centred else rows
