"""The matrix profile by stumpy, for comparison: distance of every shape to the most similar shape of the reference.

Yeh and others, "Matrix Profile I" (ICDM 2016); stumpy is an optional extra, imported when the detector is made.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.base import ModelInfo
from waferwatch.detectors.columns import Columns, over_windows, pieces, window_starts
from waferwatch.detectors.fused import FusedDetector
from waferwatch.detectors.heads import Heads, Reader, Step, Usual, keep_on, usual
from waferwatch.errors import MissingExtraError

POINTS = 64  # of a shape
MOST_POINTS = 20_000  # of the reference: the time grows with the product of both lengths

Floats = NDArray[np.float32]


class MatrixProfileDetector(FusedDetector):
    """Shapes scaled one by one, so level and size do not count.

    Raises:
        MissingExtraError: when the extra ``matrix-profile`` is not installed.
    """

    name: ClassVar[str] = "matrix_profile"

    def __init__(self) -> None:
        super().__init__()
        if importlib.util.find_spec("stumpy") is None:
            raise MissingExtraError(
                "The detector {name} needs the extra matrix-profile, which is not installed.",
                hint="Install it with: pip install 'waferwatch[matrix-profile]'",
                field="detector",
                name=self.name,
            )

    @property
    def model(self) -> ModelInfo:
        return ModelInfo(f"stumpy {_stumpy().__version__} matrix profile", None, "cpu (stumpy)")

    def readers(self, sensors: int) -> list[Reader]:
        return [_ProfileReader()]


class _ProfileReader(Reader):
    """The head ``profile``."""

    def __init__(self) -> None:
        self._reference: list[NDArray[np.float64]] = []  # each sensor's, pieces parted by a gap
        self._usual: list[Usual] = []

    def fit(self, reference: Sequence[Columns], step: Step = keep_on) -> Self:
        taken = [one for one in pieces(reference, MOST_POINTS, MOST_POINTS) if len(one) >= POINTS]
        self._reference = [
            np.concatenate([np.append(one.values[sensor].astype(np.float64), np.nan) for one in taken])
            for sensor in range(reference[0].sensors if taken else 0)
        ]
        self._usual = [usual(_profile(column, None)) for column in self._reference]
        return self

    def read(self, columns: Columns, step: Step = keep_on) -> Heads:
        if not self._reference or len(columns) < POINTS:
            return {}
        starts = window_starts(len(columns), POINTS, 1)
        found = []
        for column, normal, of_reference in zip(columns.values, self._reference, self._usual, strict=True):
            profile = of_reference.standardise(_profile(column.astype(np.float64), normal))
            found.append(over_windows(profile, starts, POINTS, len(columns)))
        return {"profile": np.stack(found)}


def _profile(column: NDArray[np.float64], normal: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Distance of each shape to the nearest of ``normal``, or of the column itself but for its neighbourhood."""
    found = _stumpy().stump(column, POINTS, normal, ignore_trivial=normal is None)
    return np.asarray(found[:, 0], np.float64)


def _stumpy() -> Any:
    return importlib.import_module("stumpy")
