"""Sub-PCA: how far each stretch of a sensor lies from what the principal components of its stretches hold usual.

The components are those of the reference and of the judged series together: what happens again and again in a series is
usual, whether or not the reference had it. On labelled public series that was as good as components of the reference
alone or better (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.columns import Columns, over_windows, pieces, window_starts, windows
from waferwatch.detectors.heads import Heads, Reader, Step, Usual, keep_on, usual
from waferwatch.detectors.subspace import Moments, Subspace, moments, subspace, trusted

POINTS = 100  # of a stretch
MOST_ROWS = 8_000  # stretches of one sensor of one series; a longer series is read with wider steps
FEWEST_POINTS = 2048  # a shorter series has too little to say of what is usual
PIECE = 2048  # points of the reference that are read in one piece to say what is usual,
MOST_MEASURED = 8192  # and all of them together

Floats = NDArray[np.float32]


class WindowReader(Reader):
    """The head ``windows``."""

    def __init__(self) -> None:
        self._reference: list[Columns] = []
        self._moments: list[Moments] = []
        self._alone: list[_Judge] = []  # each sensor's, by components of the reference alone

    def fit(self, reference: Sequence[Columns], step: Step = keep_on) -> Self:
        long_enough = [one for one in reference if len(one) >= POINTS]
        self._reference = pieces(long_enough, PIECE, MOST_MEASURED) if long_enough else []
        self._reference = [one for one in self._reference if len(one) >= POINTS]
        self._moments = [
            moments(np.concatenate([_rows(one.values[sensor])[1] for one in self._reference]))
            for sensor in range(reference[0].sensors if self._reference else 0)
        ]
        self._alone = [self._judge(sensor, []) for sensor in range(len(self._moments))]
        return self

    def read(self, columns: Columns, step: Step = keep_on) -> Heads:
        if not self._moments or len(columns) < POINTS:
            return {}
        return {"windows": np.stack([self._distance(column, sensor) for sensor, column in enumerate(columns.values)])}

    def _distance(self, column: Floats, sensor: int) -> Floats:
        starts, rows = _rows(column)
        judge = self._alone[sensor]
        if len(column) >= FEWEST_POINTS:
            judge = self._judge(sensor, [moments(trusted(rows, judge.space.distances(rows)["spread"]))])
        return judge.usual.standardise(_on_points(judge.space, starts, rows, len(column)))

    def _judge(self, sensor: int, more: Sequence[Moments]) -> _Judge:
        space = subspace([self._moments[sensor], *more])
        normal = [_on_points(space, *_rows(one.values[sensor]), len(one)) for one in self._reference]
        return _Judge(space, usual(np.concatenate(normal)))


@dataclass(frozen=True)
class _Judge:
    """Components, and how far the reference lies from them."""

    space: Subspace
    usual: Usual


def _on_points(space: Subspace, starts: NDArray[np.int64], rows: Floats, points: int) -> Floats:
    return over_windows(space.distances(rows)["spread"], starts, POINTS, points)


def _rows(column: Floats) -> tuple[NDArray[np.int64], Floats]:
    starts = window_starts(len(column), POINTS, max(1, len(column) // MOST_ROWS))
    return starts, windows(column, starts, POINTS)
