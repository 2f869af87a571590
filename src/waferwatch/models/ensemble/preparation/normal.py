"""Level and spread of each sensor over the reference, and which sensors are states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.state import storable
from waferwatch.series.series import Series

TRIM = 0.001  # share of the reference on either side that does not count for the spread: a reference is rarely spotless


@storable
@dataclass(frozen=True)
class Normal:
    """Level and spread of each of S sensors over the reference."""

    level: NDArray[np.float64]  # (S,) 0 where the sensor has no value
    spread: NDArray[np.float64]  # (S,) above 0
    known: NDArray[np.bool_]  # (S,) whether the reference has any value of it
    values: NDArray[np.int64]  # (S,) distinct values: 1 = constant, 2 = a state, 3 = three or more

    @property
    def varying(self) -> NDArray[np.bool_]:
        """(S,) sensors of three values or more."""
        found: NDArray[np.bool_] = self.values >= 3
        return found

    @property
    def two_valued(self) -> NDArray[np.bool_]:
        """(S,) sensors that are a state, such as a valve; none where no other sensor takes three values or more."""
        if not (self.values >= 3).any():
            return np.zeros(len(self.values), np.bool_)
        found: NDArray[np.bool_] = self.values == 2
        return found


def measure(reference: Sequence[Series]) -> Normal:
    """Level and spread of the reference, leaving out its most extreme values."""
    values = np.concatenate([one.values for one in reference])
    known = ~np.isnan(values).all(axis=0)
    values = np.where(known, values, 0.0)
    low, high = np.nanquantile(values, [TRIM, 1 - TRIM], axis=0)
    usual = np.clip(values, low, high)
    largest = np.maximum(np.nanmax(np.abs(usual), axis=0), np.finfo(np.float64).tiny)  # squares of it may be infinite
    spread = largest * np.nanstd(usual / largest, axis=0)
    level = np.nanmean(usual, axis=0)
    distinct = np.array([_distinct(column) for column in values.T], np.int64)
    constant = (distinct < 2) | ~(spread > 1e-12 * np.abs(level))  # rounding of equal values is no spread
    return Normal(level, np.where(constant, _step_of_a_constant(level), spread), known, distinct)


def _distinct(column: NDArray[np.float64]) -> int:
    """1, 2, or 3 for three and more."""
    column = column[~np.isnan(column)]
    if not len(column):
        return 1
    others = column[column != column[0]]
    if not len(others):
        return 1
    return 2 if bool((others == others[0]).all()) else 3


def _step_of_a_constant(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """A sensor that never moved has no spread: a thousandth of its value, or 1, makes any move stand out."""
    return np.where(level == 0, 1.0, np.abs(level) * 1e-3)
