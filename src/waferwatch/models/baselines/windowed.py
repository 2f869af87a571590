"""What detectors of single sensors' windows have in common: distances of windows, made into one score a point."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.baselines.scorer import Scorer
from waferwatch.models.contract import Progress, Scores, no_progress
from waferwatch.models.ensemble.features.place_embeddings import Standard
from waferwatch.models.ensemble.features.runs.distances import standard_of
from waferwatch.models.ensemble.features.runs.whole_runs import combined
from waferwatch.models.ensemble.preparation.columns import Columns, columns_of, grid_starts, over_windows
from waferwatch.models.ensemble.preparation.normal import Normal, measure
from waferwatch.series.series import Series

Floats = NDArray[np.float32]

LOWEST = -3.0


class WindowScorer(Scorer):
    """Windows of ``points`` points of each sensor, ``stride`` apart; sensors are combined by a power mean."""

    points: ClassVar[int]
    stride: ClassVar[int]

    def __init__(self) -> None:
        self._normal: Normal | None = None
        self._standards: list[Standard] = []

    @abstractmethod
    def learn(self, windows: Sequence[Floats]) -> None:
        """Learn from the windows of each sensor, (W, points) each."""

    @abstractmethod
    def distances(self, sensor: int, windows: Floats, *, own: bool) -> NDArray[np.floating]:
        """(W,) distance of windows; ``own`` where they are those that were learnt from."""

    def fit(self, reference: Sequence[Series]) -> Self:
        long = [one for one in reference if len(one) >= self.points]
        self._normal = measure(long) if long else None
        if self._normal is None:
            return self
        columns = [columns_of(one, self._normal) for one in long]
        cut = [self._windows(one) for one in columns]
        sensors = range(len(self._normal.level))
        every = [np.concatenate([windows[sensor] for windows, _ in cut]) for sensor in sensors]
        self.learn(every)
        self._standards = [standard_of(self.distances(s, every[s], own=True).astype(np.float64)) for s in sensors]
        return self

    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        found = []
        for number, one in enumerate(series):
            progress(number / len(series))
            found.append(self._score(one))
        return found

    def _score(self, series: Series) -> Scores:
        if self._normal is None or len(series) < self.points:
            unknown = np.full(series.values.shape, np.nan, np.float32)
            return Scores(np.full(len(series), np.nan), unknown)
        columns = columns_of(series, self._normal)
        windows, starts = self._windows(columns)
        each = [
            over_windows(standard.of(self.distances(sensor, some, own=False)), starts, self.points, len(columns))
            for sensor, (some, standard) in enumerate(zip(windows, self._standards, strict=True))
        ]
        judged = columns.measured & self._normal.known[:, None]
        points, shares = combined(np.zeros(len(each)), np.stack(each) / 0.2, judged)
        points = points - LOWEST
        return Scores(points, (shares.T * points[:, None]).astype(np.float32))

    def _windows(self, columns: Columns) -> tuple[list[Floats], NDArray[np.int64]]:
        starts = grid_starts(columns, self.points, self.stride)
        views = [np.lib.stride_tricks.sliding_window_view(one, self.points)[starts] for one in columns.values]
        return views, starts
