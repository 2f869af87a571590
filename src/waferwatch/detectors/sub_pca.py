"""Sub-PCA alone: principal components of the windows of each sensor, for comparison."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from waferwatch.detectors.base import ModelInfo
from waferwatch.detectors.fused import FusedDetector
from waferwatch.detectors.heads import Reader
from waferwatch.detectors.window_components import POINTS, WindowReader


class SubPcaDetector(FusedDetector):
    """Distance of each sensor's windows from their principal components, averaged over the windows of a point."""

    name: ClassVar[str] = "sub_pca"

    @property
    def model(self) -> ModelInfo:
        return ModelInfo(f"principal components of windows of {POINTS} points", None, f"cpu (numpy {np.__version__})")

    def readers(self, sensors: int) -> list[Reader]:
        return [WindowReader()]
