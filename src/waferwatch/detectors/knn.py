"""Distance to the nearest normal patches alone, as KMeansAD and PaAno have it, for comparison."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from waferwatch.detectors.base import ModelInfo
from waferwatch.detectors.fused import FusedDetector
from waferwatch.detectors.heads import Reader
from waferwatch.detectors.patches import PatchReader, Shape

POINTS = 64  # of a patch


class KnnDetector(FusedDetector):
    """Root mean square distance of each sensor's patches to the three nearest of its reference."""

    name: ClassVar[str] = "knn"

    @property
    def model(self) -> ModelInfo:
        return ModelInfo(f"nearest normal patches of {POINTS} points", None, f"cpu (numpy {np.__version__})")

    def readers(self, sensors: int) -> list[Reader]:
        return [PatchReader((Shape("patches", POINTS),))]
