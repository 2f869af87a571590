"""Distance to the nearest normal patches alone, as KMeansAD and PaAno have it, for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.baselines.scorer import BaselineDetector
from waferwatch.models.baselines.windowed import Floats, WindowScorer
from waferwatch.models.contract import ModelInfo
from waferwatch.models.ensemble.features.runs.distances import NEIGHBOURS

POINTS = 64
MOST_NORMAL = 2500  # patches of a sensor that are kept
_ROWS_AT_ONCE = 2048


class KnnScorer(WindowScorer):
    """Root mean square distance of each sensor's patches to the three nearest of its reference."""

    points, stride = POINTS, 4
    context, delay = POINTS + 4, POINTS + 4  # between two windows on the grid scores are interpolated
    info = ModelInfo(f"nearest normal patches of {POINTS} points", None, f"cpu (numpy {np.__version__})")

    def learn(self, windows: Sequence[Floats]) -> None:
        self._banks = [one[:: max(1, -(-len(one) // MOST_NORMAL))] for one in windows]

    def distances(self, sensor: int, windows: Floats, *, own: bool) -> NDArray[np.floating]:
        bank = self._banks[sensor].astype(np.float64)  # float32 leaves nothing of the distance of near patches
        lengths, found = np.square(bank).sum(axis=1), []
        count = min(NEIGHBOURS, len(bank))
        for start in range(0, len(windows), _ROWS_AT_ONCE):
            some = windows[start : start + _ROWS_AT_ONCE].astype(np.float64)
            squares = lengths - 2 * (some @ bank.T) + np.square(some).sum(axis=1)[:, None]
            found.append(np.maximum(np.partition(squares, count - 1, axis=1)[:, :count], 0).mean(axis=1))
        return np.asarray(np.sqrt(np.concatenate(found) / POINTS))


class KnnDetector(BaselineDetector):
    """See :class:`KnnScorer`."""

    name: ClassVar[str] = "knn"
    scorer = KnnScorer
