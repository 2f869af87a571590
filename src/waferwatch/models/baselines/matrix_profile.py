"""The matrix profile by stumpy, for comparison.

Yeh and others, "Matrix Profile I", ICDM 2016: the distance of each shape, scaled to mean 0 and spread 1, to the nearest
shape of the reference.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import MissingExtraError
from waferwatch.models.baselines.scorer import BaselineDetector
from waferwatch.models.baselines.windowed import Floats, WindowScorer
from waferwatch.models.contract import ModelInfo

POINTS = 64  # of a shape
MOST_POINTS = 20_000  # of the reference: the time grows with the product of both lengths


class MatrixProfileScorer(WindowScorer):
    """Shapes scaled one by one, so level and size do not count."""

    points, stride = POINTS, 1
    context, delay = POINTS, POINTS

    @property
    def info(self) -> ModelInfo:  # type: ignore[override]
        """stumpy takes seconds to import, so its version is read when it is needed."""
        return ModelInfo(f"stumpy {_stumpy().__version__} matrix profile", None, "cpu (stumpy)")

    def learn(self, windows: Sequence[Floats]) -> None:
        # Windows one point apart overlap: the first of each and the last of all give the series back.
        self._reference = [_series(one)[-MOST_POINTS:] for one in windows]

    def distances(self, sensor: int, windows: Floats, *, own: bool) -> NDArray[np.floating]:
        column, normal = _series(windows), self._reference[sensor]
        if own:
            found = np.asarray(_stumpy().stump(normal, POINTS)[:, 0], np.float64)
            return np.resize(found, len(windows))
        return np.asarray(_stumpy().stump(column, POINTS, normal, ignore_trivial=False)[:, 0], np.float64)


class MatrixProfileDetector(BaselineDetector):
    """
    Raises:
        MissingExtraError: when the extra ``matrix-profile`` is not installed.
    """

    name: ClassVar[str] = "matrix_profile"
    scorer = MatrixProfileScorer

    def __init__(self) -> None:
        super().__init__()
        if importlib.util.find_spec("stumpy") is None:
            raise MissingExtraError(
                "The detector {name} needs the extra matrix-profile, which is not installed.",
                hint="Install it with: pip install 'waferwatch[matrix-profile]'",
                field="detector",
                name=self.name,
            )


def _series(windows: Floats) -> NDArray[np.float64]:
    return np.concatenate([windows[:, 0], windows[-1, 1:]]).astype(np.float64)


def _stumpy() -> Any:
    return importlib.import_module("stumpy")
