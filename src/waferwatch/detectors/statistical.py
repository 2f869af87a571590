"""Everything of the default detector but MOMENT: what MOMENT has to be better than."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from waferwatch.detectors.base import ModelInfo
from waferwatch.detectors.fused import FusedDetector
from waferwatch.detectors.heads import JointReader, Reader
from waferwatch.detectors.joint_windows import JointWindowReader
from waferwatch.detectors.level import LevelReader
from waferwatch.detectors.patches import PatchReader
from waferwatch.detectors.runs.judge import RunSpace, Traces
from waferwatch.detectors.window_components import WindowReader


class StatisticalDetector(FusedDetector):
    """Level, nearest normal patches and principal components of windows, fused."""

    name: ClassVar[str] = "statistical"
    as_published: ClassVar[bool] = False

    @property
    def model(self) -> ModelInfo:
        return ModelInfo("level, patches and components", None, f"cpu (numpy {np.__version__})")

    def readers(self, sensors: int) -> list[Reader]:
        return statistical_readers()

    def joint_readers(self, sensors: int) -> list[JointReader]:
        return statistical_joint_readers(sensors)

    def run_spaces(self) -> list[RunSpace]:
        return [Traces()]


def statistical_readers() -> list[Reader]:
    """Fresh readers that need no network."""
    return [LevelReader(), PatchReader(), WindowReader()]


def statistical_joint_readers(sensors: int) -> list[JointReader]:
    """Fresh readers of all sensors together; of one sensor alone they were worse than none (docs/experiments.md)."""
    return [JointWindowReader()] if sensors > 1 else []
