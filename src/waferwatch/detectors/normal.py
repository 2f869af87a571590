"""Level and spread of each sensor over rows taken to be normal, and gaps filled: what heads start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.series import Series

Value = TypeVar("Value", bound=np.floating[Any])

TRIM = 0.001  # share of the reference on either side that does not count for the spread: a reference is rarely spotless


@dataclass(frozen=True)
class Normal:
    """Level and spread of each sensor over the reference."""

    level: NDArray[np.float64]  # (S,) 0 where the sensor has no value
    spread: NDArray[np.float64]  # (S,) above 0

    def of(self, sensors: slice) -> Normal:
        """The same for some of the sensors."""
        return Normal(self.level[sensors], self.spread[sensors])


def measure(reference: Sequence[Series]) -> Normal:
    """Level and spread of the reference, leaving out its most extreme values."""
    values = np.concatenate([one.values for one in reference])
    missing = np.isnan(values).all(axis=0)
    values = np.where(missing, 0.0, values)
    low, high = np.nanquantile(values, [TRIM, 1 - TRIM], axis=0)
    usual = np.clip(values, low, high)
    largest = np.maximum(np.nanmax(np.abs(usual), axis=0), np.finfo(np.float64).tiny)  # squares of it may be infinite
    spread = largest * np.nanstd(usual / largest, axis=0)
    level = np.nanmean(usual, axis=0)
    return Normal(level, np.where(spread > 0, spread, _step_of_a_constant(level)))


def _step_of_a_constant(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """A sensor that never moved has no spread: a thousandth of its value, or 1, makes any move stand out."""
    return np.where(level == 0, 1.0, np.abs(level) * 1e-3)


def fill(values: NDArray[Value], measured: NDArray[np.bool_]) -> NDArray[Value]:
    """Straight lines across gaps; the nearest value beyond the ends; 0 for a sensor without any."""
    if measured.all():
        return values
    filled = values.copy()
    position = np.arange(len(values))
    for sensor in np.flatnonzero(~measured.all(axis=0)):
        known = measured[:, sensor]
        filled[:, sensor] = np.interp(position, position[known], values[known, sensor]) if known.any() else 0
    return filled
