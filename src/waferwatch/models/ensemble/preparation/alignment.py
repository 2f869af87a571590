"""Runs of differing length on one common axis, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from waferwatch.models.ensemble.preparation.columns import Columns
from waferwatch.models.state import storable
from waferwatch.series.series import Series
from waferwatch.series.steps import Steps

FEWEST_RUNS = 8  # fewer say too little of how runs differ from one another
FEWEST_POINTS = 16
MOST_POINTS = 4096  # a longer run is a series of its own
ALIKE = 0.9  # share of the runs that are within a factor of TIMES of the median length
TIMES = 2.0
LONGEST = 512  # points of the common axis: one window of MOMENT
PATCH = 8  # it is as many whole patches long

Floats = NDArray[np.float32]


def are_runs(series: Sequence[Series]) -> bool:
    """Whether series are runs of one process, to be compared with one another as wholes."""
    if len(series) < FEWEST_RUNS or not all(one.is_run for one in series):
        return False
    lengths = np.array([len(one) for one in series])
    usual = float(np.median(lengths))
    alike = (lengths >= usual / TIMES) & (lengths <= usual * TIMES)
    enough = int(np.count_nonzero(lengths >= FEWEST_POINTS)) >= FEWEST_RUNS
    return enough and usual <= MOST_POINTS and float(alike.mean()) >= ALIKE


@storable
@dataclass(frozen=True)
class TraceAlignment:
    """The usual order of steps, and how long each lasts on the common axis of L points."""

    order: list[int]  # stages
    lengths: NDArray[np.int64]  # (stages,) adding up to L

    @classmethod
    def learn(cls, runs: Sequence[Steps]) -> Self:
        """The most frequent order of steps among normal runs, each step as long as it usually is."""
        parts = [_parts(one) for one in runs]
        (order, _), *_ = Counter(stages for stages, _ in parts).most_common(1)
        usual = np.median([lengths for stages, lengths in parts if stages == order], axis=0)
        points = PATCH * int(np.clip(np.ceil(usual.sum() / PATCH), 1, LONGEST // PATCH))
        borders = np.round(np.cumsum(usual) / usual.sum() * points).astype(np.int64)
        return cls(list(order), np.diff(borders, prepend=0))

    @property
    def points(self) -> int:
        return int(self.lengths.sum())

    def trace(self, columns: Columns, steps: Steps) -> Floats:
        """(S, L) the run on the common axis; one whose steps come in another order is stretched as a whole."""
        places = self._places(steps)
        averaged = max(1, round(len(columns) / self.points))
        values = columns.values if averaged == 1 else uniform_filter1d(columns.values, averaged, axis=1, mode="nearest")
        every = np.arange(len(columns))
        return np.stack([np.interp(places, every, one) for one in values]).astype(np.float32)

    def _places(self, steps: Steps) -> NDArray[np.float64]:
        """(L,) where each point of the common axis lies in the run."""
        stages, lengths = _parts(steps)
        if list(stages) != self.order:
            return np.linspace(0, len(steps) - 1, self.points)
        starts = np.cumsum(lengths) - lengths
        return np.concatenate(
            [
                np.linspace(start, start + length - 1, points)
                for start, length, points in zip(starts, lengths, self.lengths, strict=True)
            ]
        )


def _parts(steps: Steps) -> tuple[tuple[int, ...], NDArray[np.int64]]:
    """Stages of a run in their order, and the points of each."""
    begins = np.append(0, np.flatnonzero(np.diff(steps.stage)) + 1)
    return tuple(steps.stage[begins].tolist()), np.diff(np.append(begins, len(steps)))
