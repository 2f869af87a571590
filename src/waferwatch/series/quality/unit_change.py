"""Where the unit of a sensor seems to change within a table: from one row on all its values are a known factor higher."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ALWAYS = (1e3, 1e6, 133.322)  # Pa and kPa, mTorr and Torr, sccm and slm; Pa and MPa; Torr and Pa
_WITH_LEVELS = (10.0, 60.0, 100.0)  # mm and cm; a second and a minute; Pa and hPa: a set-point may be so much higher, too
_FEWEST = 50  # values on each side
_SHARES = np.linspace(0.1, 0.9, 9)
_OFF = 0.05  # by which any of these quantiles may be off the factor, of the largest of them
_NOISE = 1.5  # times by which the changes from row to row may be off it
_SEVERAL_LEVELS = 2.0  # times as high the upper quantiles are as the lower ones

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class UnitChange:
    """From a row on values are so many times what they were."""

    row: int  # position in the table
    factor: float
    equipment: str  # empty when the table has no equipment column


def find_factor(values: Floats) -> tuple[int, float] | None:
    """The place from which on values of one equipment, in time order, are a known factor higher or lower.

    Level, spread and the changes from row to row have to follow the factor alike: a set-point that changes leaves the
    noise of the gauge, and of several levels it moves one. Values that are 0 or NaN say nothing of it.
    """
    at = np.flatnonzero(np.isfinite(values) & (values != 0))
    if len(at) < 2 * _FEWEST:
        return None
    split = _largest_shift(np.log10(np.abs(values[at])))
    before, after = values[at[:split]], values[at[split:]]
    if min(len(before), len(after)) < _FEWEST:
        return None
    low, high = np.quantile(before, _SHARES), np.quantile(after, _SHARES)
    usual = float(np.abs(high).max() / np.abs(low).max())
    several = np.abs(low).max() >= _SEVERAL_LEVELS * np.abs(low).min()
    for known in (*_ALWAYS, *_WITH_LEVELS) if several else _ALWAYS:
        factor = known if usual > 1 else 1 / known
        if abs(usual / factor - 1) <= _OFF and _follows(before, after, low, high, factor):
            return int(at[split]), factor
    return None


def _largest_shift(logarithms: Floats) -> int:
    """Where the mean changes most, as the sum of what lies above it turns (Page, 1954)."""
    count = np.arange(1, len(logarithms))
    gone = np.cumsum(logarithms - logarithms.mean())[:-1]
    return int(np.argmax(np.abs(gone) / np.sqrt(count * (len(logarithms) - count)))) + 1


def _follows(before: Floats, after: Floats, low: Floats, high: Floats, factor: float) -> bool:
    off = np.abs(high / factor - low).max() / np.abs(low).max()
    first, then = (float(np.median(np.abs(np.diff(one)))) for one in (before, after))
    if first == 0 or then == 0:
        return bool(off <= _OFF and first == then)
    return bool(off <= _OFF and 1 / _NOISE <= then / first / factor <= _NOISE)
