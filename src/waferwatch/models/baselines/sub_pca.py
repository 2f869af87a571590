"""Sub-PCA alone: principal components of the windows of each sensor, for comparison.

The score of TSB-AD's Sub-PCA (Paparrizos and others, "TSB-AD", NeurIPS 2024), but for its components, which are those
of the reference alone: what is learnt from the rows that are scored changes with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.baselines.scorer import BaselineDetector
from waferwatch.models.baselines.windowed import Floats, WindowScorer
from waferwatch.models.contract import ModelInfo
from waferwatch.models.ensemble.nearest import Components

POINTS = 100
MOST_LEARNT = 8192  # windows of a sensor


class SubPcaScorer(WindowScorer):
    """Sum of a window's principal components in their own spreads, averaged over the windows of a point."""

    points, stride = POINTS, 4
    context, delay = POINTS + 4, POINTS + 4  # between two windows on the grid scores are interpolated
    info = ModelInfo(f"principal components of windows of {POINTS} points", None, f"cpu (numpy {np.__version__})")

    def learn(self, windows: Sequence[Floats]) -> None:
        self._components = [Components.learn(one[:: max(1, -(-len(one) // MOST_LEARNT))]) for one in windows]

    def distances(self, sensor: int, windows: Floats, *, own: bool) -> NDArray[np.floating]:
        return np.asarray(np.abs(self._components[sensor].white(windows)).sum(axis=1))


class SubPcaDetector(BaselineDetector):
    """See :class:`SubPcaScorer`."""

    name: ClassVar[str] = "sub_pca"
    scorer = SubPcaScorer
