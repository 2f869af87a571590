"""Everything of the default detector but MOMENT."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

import numpy as np

from waferwatch.models.contract import ModelInfo
from waferwatch.models.ensemble.detector import EnsembleDetector


class StatisticalDetector(EnsembleDetector):
    """Distances of windows and descriptors from normal ones, without the network."""

    name: ClassVar[str] = "statistical"

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(f"waferwatch {version('waferwatch')} statistics", None, f"cpu (numpy {np.__version__})")
