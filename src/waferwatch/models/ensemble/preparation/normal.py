"""Level and spread of each sensor over the reference, and which sensors are states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.state import SINCE, storable
from waferwatch.series.series import Series

RARE = 0.01  # share of the reference; a second value that is rarer has no spread to measure by
TRIM = 0.001  # share of the reference on either side that does not count for the spread: a reference is rarely spotless


@storable
@dataclass(frozen=True)
class Normal:
    """Level and spread of each of S sensors over the reference."""

    level: NDArray[np.float64]  # (S,) 0 where the sensor has no value
    spread: NDArray[np.float64]  # (S,) above 0
    known: NDArray[np.bool_]  # (S,) whether the reference has any value of it
    values: NDArray[np.int64]  # (S,) distinct values: 1 = constant, 2 = a state, 3 = three or more
    rare: NDArray[np.bool_] | None = field(default=None, metadata={SINCE: "0.7.1"})  # (S,) of two values, one rarely

    @property
    def varying(self) -> NDArray[np.bool_]:
        """(S,) sensors of three values or more."""
        found: NDArray[np.bool_] = self.values >= 3
        return found

    @property
    def two_valued(self) -> NDArray[np.bool_]:
        """(S,) sensors that are a state, such as a valve. Where no other sensor takes three values or more there is
        nothing else to judge: only rare commands are, as long as some sensor changes more often.
        """
        states: NDArray[np.bool_] = self.values == 2
        if self.varying.any():
            return states
        rare = np.zeros(len(states), np.bool_) if self.rare is None else self.rare
        return rare if (states & ~rare).any() else np.zeros(len(states), np.bool_)


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
    rare = (distinct == 2) & np.array([_rarer_share(column) <= RARE for column in values.T], np.bool_)
    constant = (distinct < 2) | ~(spread > 1e-12 * np.abs(level))  # rounding of equal values is no spread
    return Normal(level, np.where(constant, _step_of_a_constant(level), spread), known, distinct, rare)


def _distinct(column: NDArray[np.float64]) -> int:
    """1, 2, or 3 for three and more."""
    column = column[~np.isnan(column)]
    if not len(column):
        return 1
    others = column[column != column[0]]
    if not len(others):
        return 1
    return 2 if bool((others == others[0]).all()) else 3


def _rarer_share(column: NDArray[np.float64]) -> float:
    """Share of the rarer of two values; 0.5 without any value."""
    column = column[~np.isnan(column)]
    share = float(np.mean(column == column[0])) if len(column) else 0.5
    return min(share, 1 - share)


def _step_of_a_constant(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """A sensor that never moved has no spread: a thousandth of its value, or 1, makes any move stand out."""
    return np.where(level == 0, 1.0, np.abs(level) * 1e-3)
