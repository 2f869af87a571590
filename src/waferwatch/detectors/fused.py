"""A detector made of readers: their heads are fused sensor by sensor, then the sensors are combined."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.base import Detector, Progress, Scores, no_progress
from waferwatch.detectors.columns import columns_of
from waferwatch.detectors.fusion import Fusion
from waferwatch.detectors.heads import Reader
from waferwatch.detectors.moment.preparation import Normal, measure
from waferwatch.detectors.sensors import combine
from waferwatch.errors import ModelError
from waferwatch.series.series import Series

FEWEST_POINTS = 16  # a shorter series, or a reference of fewer, says too little


@dataclass(frozen=True)
class _Fitted:
    """What was learnt from one reference."""

    normal: Normal
    known: NDArray[np.bool_]  # (S,) sensors that the reference has values of
    readers: list[Reader]  # none when the reference is too short: nothing is judged


class FusedDetector(Detector):
    """Scores are those of :func:`waferwatch.detectors.sensors.combine`: 0 is far below usual, 3 usual, and little goes
    beyond 40.

    Each scope (equipment) is judged by its own reference, and by that of all where it has none.
    """

    def __init__(self) -> None:
        self._fitted: dict[tuple[str, ...] | None, _Fitted] = {}  # by scope; None: all of the reference

    @abstractmethod
    def readers(self, sensors: int) -> list[Reader]:
        """Fresh readers for series of so many sensors."""

    def fit(self, reference: Sequence[Series], progress: Progress = no_progress) -> Self:
        """Learn what is normal. A reference that is too short leaves everything unjudged."""
        scopes = {one.scope for one in reference}
        self._fitted = {None: self._fit(reference, progress)}
        for scope in scopes if len(scopes) > 1 else ():
            self._fitted[scope] = self._fit([one for one in reference if one.scope == scope], progress)
        return self

    def _fit(self, reference: Sequence[Series], progress: Progress) -> _Fitted:
        normal = measure(reference)
        columns = [columns_of(one, normal) for one in reference if len(one) >= FEWEST_POINTS]
        sensors = reference[0].sensors
        known = np.zeros(sensors, bool)
        for one in columns:
            known |= one.measured.any(axis=1)
        readers = self.readers(sensors) if columns else []
        for reader in readers:
            progress(0.0)
            reader.fit(columns, lambda: progress(0.0))  # how far it is would be a guess
        return _Fitted(normal, known, readers)

    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        """Score each series on its own."""
        if not self._fitted:
            raise ModelError(
                "The detector {name} was asked to score before it was fitted.", hint="Call fit first.", name=self.name
            )
        total = max(1, sum(len(one) for one in series))
        found, done = [], 0
        for one in series:

            def told(share: float, before: int = done, points: int = len(one)) -> None:
                progress((before + share * points) / total)

            fitted = self._fitted.get(one.scope) or self._fitted[None]
            found.append(_score(fitted, one, told))
            done += len(one)
            progress(done / total)
        return found


def _score(fitted: _Fitted, series: Series, progress: Progress) -> Scores:
    columns = columns_of(series, fitted.normal)
    fusion = Fusion(columns.measured & fitted.known[:, None])
    if len(columns) >= FEWEST_POINTS:
        for number, reader in enumerate(fitted.readers):

            def step(share: float = number / len(fitted.readers)) -> None:
                progress(share)

            fusion.add(reader.read(columns, step))
            progress((number + 1) / len(fitted.readers))
    return Scores(*combine(fusion.scores()))
