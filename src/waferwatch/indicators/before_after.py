"""Before and after a maintenance or a recipe change: is every indicator back?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm, theilslopes

from waferwatch.indicators.indicators import LENGTH
from waferwatch.indicators.statistics import HIGHEST, MEAN, SPREAD

Floats = NDArray[np.float64]

FEWEST_BEFORE = 25  # wafers of one recipe; with fewer nothing is known of what is normal
FEWEST_AFTER = 6  # five wafers say nothing yet, however far off they are
LAST = 10  # wafers that say how it is now
STATISTICS = (MEAN, SPREAD, HIGHEST, LENGTH)
LIMIT = 4.5  # spreads of wafers before,
BAND = 4.0  # or spreads of single rows: a mean or highest value within the band of normal rows is within limits
OF_ROWS = (MEAN, HIGHEST)
CONFIDENCE = 0.95
_ROBUST = 1.4826
_LEAST_BEYOND = 2  # of the first wafers, so that an indicator has settled and was not just a chance off,
_MOSTLY_BEYOND = 0.5  # and this share of them
_ARRIVING = 0.25  # of the distance left, that the last wafers must have come nearer
COLUMNS = (
    "equipment", "recipe", "step", "sensor", "statistic", "verdict", "before", "after", "change", "spreads",
    "interval_low", "interval_high", "tolerance", "lower", "upper", "beyond", "of", "settled_after", "missing_wafers",
    "wafers_before", "wafers_after",
)  # fmt: skip


class Back(StrEnum):
    """What one indicator does after a maintenance."""

    BACK = "back"
    MOVED = "moved"  # within its limits
    SETTLED = "settled"
    SETTLING = "settling"
    OUT = "out"
    TOO_FEW = "too_few"  # wafers: not known yet


@dataclass(frozen=True)
class Compared:
    """One indicator, wafers before against wafers after."""

    verdict: Back
    before: float  # median
    after: float  # median of the last wafers
    interval: tuple[float, float]  # 95 %, of the difference
    tolerance: float
    lower: float
    upper: float
    beyond: int  # of the last wafers
    of: int  # last wafers
    settled_after: int | None  # wafers
    missing: int  # wafers that are needed still


def compare(
    before: Floats, after: Floats, least: float = 0.0, row: float = 0.0, typed: float | None = None
) -> Compared:
    """One indicator.

    Args:
        before: (m,) of wafers before, in order, NaN = not measured.
        after: (n,) of wafers after, in order.
        least: the least that a spread can be.
        row: spread of single rows, where the statistic is one that they bound.
        typed: a difference that a person calls harmless; None: one spread.
    """
    before, after = before[~np.isnan(before)], after[~np.isnan(after)]
    if len(before) < FEWEST_BEFORE or len(after) < FEWEST_AFTER:
        missing = max(FEWEST_AFTER - len(after), FEWEST_BEFORE - len(before), 0)
        middle = float(np.median(before)) if len(before) else float("nan")
        now = float(np.median(after)) if len(after) else float("nan")
        nothing = float("nan")
        return Compared(
            Back.TOO_FEW, middle, now, (nothing, nothing), nothing, nothing, nothing, 0, len(after), None, missing
        )
    middle, spread = _robust(before, least)
    tolerance = max(spread, typed or 0.0)
    reach = max(LIMIT * spread, BAND * row, tolerance)
    lower, upper = middle - reach, middle + reach
    last = after[-LAST:]
    now = float(np.median(last))
    half = _half_width(spread, len(before), last, least)
    interval = now - middle - half, now - middle + half
    beyond = (after < lower) | (after > upper)
    early = np.abs(after - middle) > LIMIT * spread
    settled = int(np.flatnonzero(early)[-1]) + 1 if early.any() else 0
    verdict = _verdict(after, last, middle, (lower, upper), interval, tolerance, settled, int(early[:settled].sum()))
    missing = max(1, len(last)) if verdict is Back.TOO_FEW else 0
    at = settled if verdict is Back.SETTLED else None
    return Compared(
        verdict, middle, now, interval, tolerance, lower, upper, int(beyond[-LAST:].sum()), len(last), at, missing
    )


def _verdict(
    after: Floats,
    last: Floats,
    middle: float,
    limits: tuple[float, float],
    interval: tuple[float, float],
    tolerance: float,
    settled: int,
    early: int,
) -> Back:
    lower, upper = limits
    now = float(np.median(last))
    within = -tolerance <= interval[0] and interval[1] <= tolerance
    out = (now < lower or now > upper) or np.mean((last < lower) | (last > upper)) > 0.5
    if (out or not within) and _comes_back(after, middle, tolerance):
        return Back.SETTLING
    if out:
        return Back.OUT
    if interval[1] - interval[0] > upper - lower:
        return Back.TOO_FEW
    calm = len(after) - settled  # wafers since the last one that was far off
    if early >= max(_LEAST_BEYOND, _MOSTLY_BEYOND * settled) and calm >= FEWEST_AFTER:
        return Back.SETTLED
    if within:
        return Back.BACK
    if interval[0] > 0 or interval[1] < 0:
        return Back.MOVED
    return Back.BACK if len(last) >= LAST else Back.TOO_FEW


def _comes_back(after: Floats, middle: float, tolerance: float) -> bool:
    """Whether the last wafers move towards the old level, surely, and have not arrived."""
    last = after[-LAST:]
    if len(last) < FEWEST_AFTER:
        return False
    off = float(np.median(last[-3:])) - middle
    slope, _, low, high = theilslopes(last, np.arange(len(last)), CONFIDENCE)
    towards = (low > 0 and off < 0) or (high < 0 and off > 0)
    return bool(towards and abs(off) > tolerance and abs(slope) * len(last) > max(tolerance, _ARRIVING * abs(off)))


def _robust(values: Floats, least: float) -> tuple[float, float]:
    middle = float(np.median(values))
    off = np.abs(values - middle)
    spread = _ROBUST * float(np.median(off)) or 1.2533 * float(off.mean())
    return middle, max(spread, least, 1e-12)


def _half_width(spread: float, before: int, last: Floats, least: float) -> float:
    """Half the interval of a difference of medians; the spread after is never believed to be smaller than before."""
    after = max(_robust(last, least)[1], spread)
    z = float(norm.ppf((1 + CONFIDENCE) / 2))
    return z * 1.2533 * float(np.sqrt(spread**2 / before + after**2 / len(last)))


def overall(verdicts: Sequence[Back]) -> str:
    """Of a tool: "out", else "not_known", else "settling", else "back"."""
    found = set(verdicts)
    if Back.OUT in found:
        return "out"
    if Back.TOO_FEW in found or not found:
        return "not_known"
    return "settling" if Back.SETTLING in found else "back"


def frame_of(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """The rows as a frame with ``COLUMNS``."""
    return pd.DataFrame(rows, columns=list(COLUMNS))
