"""A detector made of readers: their heads are fused sensor by sensor, then the sensors are combined."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.base import Detector, Progress, Scores, no_progress
from waferwatch.detectors.columns import Columns, columns_of
from waferwatch.detectors.fusion import Fusion
from waferwatch.detectors.heads import Reader
from waferwatch.detectors.moment.preparation import Normal, measure
from waferwatch.detectors.sensors import combine
from waferwatch.errors import ModelError
from waferwatch.series.series import Series

FEWEST_POINTS = 16  # a shorter series, or a reference of fewer, says too little


class FusedDetector(Detector):
    """Scores are those of :func:`waferwatch.detectors.sensors.combine`, from 0 = far below usual to 33."""

    def __init__(self) -> None:
        self._readers: list[Reader] = []
        self._normal: Normal | None = None  # None before fit
        self._known: NDArray[np.bool_] = np.empty(0, bool)  # (S,) sensors that the reference has values of

    @abstractmethod
    def readers(self, sensors: int) -> list[Reader]:
        """Fresh readers for series of so many sensors."""

    def fit(self, reference: Sequence[Series]) -> Self:
        """Learn what is normal. A reference that is too short leaves everything unjudged."""
        self._normal = measure(reference)
        columns = [columns_of(one, self._normal) for one in reference if len(one) >= FEWEST_POINTS]
        measured = [one.measured.sum(axis=1) for one in columns]
        self._known = np.sum(measured, axis=0) > 0 if measured else np.zeros(reference[0].sensors, bool)
        self._readers = [reader.fit(columns) for reader in self.readers(reference[0].sensors)] if measured else []
        return self

    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        """Score each series on its own."""
        if self._normal is None:
            raise ModelError(
                "The detector {name} was asked to score before it was fitted.", hint="Call fit first.", name=self.name
            )
        total = max(1, sum(len(one) for one in series))
        found, done = [], 0
        for one in series:

            def told(share: float, before: int = done, points: int = len(one)) -> None:
                progress((before + share * points) / total)

            found.append(self._score(columns_of(one, self._normal), told))
            done += len(one)
            progress(done / total)
        return found

    def _score(self, columns: Columns, progress: Progress) -> Scores:
        measured = columns.measured & self._known[:, None]
        fusion = Fusion(measured)
        if len(columns) >= FEWEST_POINTS:
            for number, reader in enumerate(self._readers, start=1):
                fusion.add(reader.read(columns))
                progress(number / len(self._readers))
        return Scores(*combine(fusion.scores()))
