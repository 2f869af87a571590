"""Everything of the default detector but MOMENT: what MOMENT has to be better than."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from waferwatch.detectors.base import ModelInfo
from waferwatch.detectors.fused import FusedDetector
from waferwatch.detectors.heads import Reader
from waferwatch.detectors.level import LevelReader
from waferwatch.detectors.patches import PatchReader
from waferwatch.detectors.window_components import WindowReader


class StatisticalDetector(FusedDetector):
    """Level, nearest normal patches and principal components of windows, fused."""

    name: ClassVar[str] = "statistical"

    @property
    def model(self) -> ModelInfo:
        return ModelInfo("level, patches and components", None, f"cpu (numpy {np.__version__})")

    def readers(self, sensors: int) -> list[Reader]:
        return statistical_readers(sensors)


def statistical_readers(sensors: int) -> list[Reader]:
    """Fresh readers that need no network."""
    return [LevelReader(), PatchReader(), WindowReader()]
