"""Whether a level stands still from wafer to wafer, and where it has settled.

Shapes: k wafers in time order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 5  # wafers, to say where a level stands
SURE = 3.0  # standard errors between two halves that are no chance
LEAST_MOVE = 1.0  # wafer-to-wafer spreads between two halves; less is no move
SAME_SLOPE = 0.5  # share of the slope of all wafers that the last half still has, when nothing has settled
OFF_LEVEL = 3.0  # spreads from the settled level: a wafer farther off was still on its way
_ROBUST = 1.4826  # median absolute deviation to standard deviation
_MEDIAN = 1.2533  # standard error of a median, compared with that of a mean

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """Where a level stands after k wafers."""

    level: float  # median of the wafers since it stands still; of the last half where it does not
    error: float  # standard error of it
    after: int  # wafers until it stood still; 0: at once
    moving: bool  # True: it does not stand still yet
    between: float  # from the median of the first half of the wafers to that of the second


def standing(values: Floats, spread: float) -> Standing:
    """Where a level stands.

    The first half of the wafers is compared with the second one. Where both agree, the level has stood from the first
    wafer on. Where they do not, the last half is looked at alone: it has settled when its own halves agree and it does
    not go on in the same direction at half of the pace.

    Args:
        values: (k,) level of each wafer, at least FEWEST, without NaN.
        spread: from wafer to wafer in the reference, above 0. Where the wafers themselves differ more, that counts.
    """
    tail = values[len(values) // 2 :]
    usual = max(spread, _ROBUST * float(np.median(np.abs(np.diff(tail)))) / np.sqrt(2) if len(tail) > 2 else spread)
    if not _moves(values, usual):
        return Standing(float(np.median(values)), _error(usual, len(values)), 0, False, _between(values))
    level, slope = float(np.median(tail)), _slope(values)
    on = slope * _slope(tail) > 0 and abs(_slope(tail)) >= SAME_SLOPE * abs(slope)
    moving = len(tail) < FEWEST or on or _moves(tail, usual)
    off = np.flatnonzero(np.abs(values - level) > OFF_LEVEL * usual)
    after = int(off[-1]) + 1 if len(off) else 0
    return Standing(level, _error(usual, len(tail)), min(after, len(values)), moving, _between(values))


def _moves(values: Floats, spread: float) -> bool:
    half = len(values) // 2
    return half > 0 and abs(_between(values)) > max(LEAST_MOVE * spread, SURE * _error(spread, half) * np.sqrt(2))


def _between(values: Floats) -> float:
    half = len(values) // 2
    return float(np.median(values[len(values) - half :]) - np.median(values[:half])) if half else 0.0


def _error(spread: float, count: int) -> float:
    return float(_MEDIAN * spread / np.sqrt(count))


def _slope(values: Floats) -> float:
    """Median of the slopes between all pairs of wafers (Theil and Sen)."""
    at = np.arange(len(values))
    first, last = np.triu_indices(len(values), 1)
    return float(np.median((values[last] - values[first]) / (at[last] - at[first])))
