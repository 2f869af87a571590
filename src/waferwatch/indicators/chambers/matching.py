"""Chamber matching: do chambers that run the same step of the same recipe give the same value?

Two one-sided tests by intervals, as in equivalence testing: chambers match where the interval of their difference lies
within the tolerance, and differ where it lies outside. That no difference was found is not enough.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from waferwatch.indicators.learnt.limits import FEWEST_WAFERS

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
SPREAD_RATIO = 2.0  # a chamber whose wafers surely vary by more than this factor is another one
MOST_MISSING = 500  # wafers; a difference that needs more to be decided lies at the tolerance
_ROBUST = 1.4826  # median absolute deviation to standard deviation
_OF_MEDIAN = 1.2533  # standard error of a median, in those of a mean
_OF_SPREAD = 1.35  # variance of the logarithm of a robust spread, times the number of wafers


class Match(StrEnum):
    """What one chamber is, compared with the others."""

    MATCHED = "matched"
    DIFFERENT = "different"
    TOO_FEW = "too_few"  # wafers: not known yet


@dataclass(frozen=True)
class MatchedChamber:
    """One chamber, one indicator. NaN where there are too few wafers."""

    equipment: str
    verdict: Match
    because: str  # "level" or "spread" where it differs, else empty
    wafers: int
    median: float
    spread: float  # between wafers, robust
    lower_quantile: float  # 5 %
    upper_quantile: float  # 95 %
    reference: float  # what it is compared with
    difference: float
    tolerance: float
    tolerances: float  # the difference in tolerances
    interval: tuple[float, float]  # 95 %, of the difference
    spread_ratio: float
    missing: int | None  # wafers that are needed still; None where no reasonable number of them would decide


@dataclass(frozen=True)
class _Chamber:
    name: str
    values: Floats
    median: float
    spread: float

    @property
    def variance(self) -> float:
        """Of its median."""
        return (_OF_MEDIAN * self.spread) ** 2 / max(len(self.values), 1)


def match_chambers(
    values: Mapping[str, Floats],
    *,
    least: float = 0.0,
    spreads: float = 1.0,
    tolerance: float | None = None,
    against: str | None = None,
) -> list[MatchedChamber]:
    """Compare one indicator of one recipe step between chambers.

    Each chamber is compared with the median of all chambers' medians; of two, each with the other. So of three or more
    chambers one that is off does not make the others look off.

    Args:
        values: chamber -> value of each of its wafers, NaN = not measured.
        least: the least that a spread can be: what the sensor resolves.
        spreads: the tolerance, in spreads between wafers (the median chamber's).
        tolerance: a difference that a person calls harmless, instead of it.
        against: the chamber to compare with, which matches itself.

    Returns:
        In the order of ``values``. Chambers with fewer than 8 wafers, or without another one to compare with, have too
        few.

    >>> steady = np.linspace(-1, 1, 40)
    >>> [one.verdict.value for one in match_chambers({"PM1": steady, "PM2": steady + 9})]
    ['different', 'different']
    """
    chambers = [_measured(name, one, least) for name, one in values.items()]
    known = [one for one in chambers if len(one.values) >= FEWEST_WAFERS]
    usual = _usual([one.spread for one in known], least)
    allowed = max(spreads * usual, least) if tolerance is None else tolerance
    return [_matched(one, _others(one, known, against), usual, allowed) for one in chambers]


def _measured(name: str, values: Floats, least: float) -> _Chamber:
    some = values[np.isfinite(values)]
    if not len(some):
        return _Chamber(name, some, math.nan, math.nan)
    median = float(np.median(some))
    off = np.abs(some - median)
    spread = _ROBUST * float(np.median(off)) or _OF_MEDIAN * float(off.mean())
    return _Chamber(name, some, median, max(spread, least, 1e-12))


def _usual(spreads: list[float], least: float) -> float:
    return float(np.sqrt(np.median(np.square(spreads)))) if spreads else max(least, 1e-12)


def _others(one: _Chamber, known: list[_Chamber], against: str | None) -> list[_Chamber]:
    """What a chamber is compared with; empty where there is nothing."""
    if against is not None:
        return [other for other in known if other.name == against]
    others = [other for other in known if other.name != one.name]
    return others if len(others) < 2 else known


def _matched(one: _Chamber, others: list[_Chamber], usual: float, tolerance: float) -> MatchedChamber:
    enough = len(one.values) >= FEWEST_WAFERS
    if not enough or not others:
        return _unknown(one, tolerance, FEWEST_WAFERS - len(one.values) if not enough else FEWEST_WAFERS)
    if [one.name] == [other.name for other in others]:
        return _compared(one, Match.MATCHED, "", one.median, tolerance, 0.0, 1.0, 0)
    reference = float(np.median([other.median for other in others]))
    far = max(one.variance, (_OF_MEDIAN * usual) ** 2 / len(one.values))  # believed to vary as much as the others
    widening = math.pi / 2 if len(others) > 2 else 1.0  # of a median of chambers over their mean
    variance = far + widening * float(np.mean([other.variance for other in others])) / len(others)
    half = float(norm.ppf((1 + CONFIDENCE) / 2)) * math.sqrt(variance)
    ratio, certain = _spread_ratio(one, others)
    difference = abs(one.median - reference)
    if certain or difference - half > tolerance:
        because = "level" if difference - half > tolerance else "spread"
        return _compared(one, Match.DIFFERENT, because, reference, tolerance, half, ratio, 0)
    if difference + half <= tolerance:
        return _compared(one, Match.MATCHED, "", reference, tolerance, half, ratio, 0)
    missing = _missing(len(one.values), half, abs(tolerance - difference))
    return _compared(one, Match.TOO_FEW, "", reference, tolerance, half, ratio, missing)


def _spread_ratio(one: _Chamber, others: list[_Chamber]) -> tuple[float, bool]:
    """How many times as much a chamber's wafers vary, and whether that is surely too much or too little."""
    ratio = one.spread / _usual([other.spread for other in others], 0.0)
    wafers = len(one.values), sum(len(other.values) for other in others)
    half = float(norm.ppf((1 + CONFIDENCE) / 2)) * math.sqrt(_OF_SPREAD * sum(1 / count for count in wafers))
    return ratio, abs(math.log(ratio)) - half > math.log(SPREAD_RATIO)


def _missing(wafers: int, half: float, room: float) -> int | None:
    """Wafers that are needed still so that the interval has room on one side of the tolerance."""
    if room <= 0 or (half / room) ** 2 * wafers - wafers > MOST_MISSING:
        return None
    return max(1, math.ceil((half / room) ** 2 * wafers - wafers))


def _unknown(one: _Chamber, tolerance: float, missing: int) -> MatchedChamber:
    nothing = math.nan
    found = _compared(one, Match.TOO_FEW, "", nothing, tolerance, nothing, nothing, missing)
    return found


def _compared(
    one: _Chamber,
    verdict: Match,
    because: str,
    reference: float,
    tolerance: float,
    half: float,
    ratio: float,
    missing: int | None,
) -> MatchedChamber:
    difference = one.median - reference
    low, high = np.quantile(one.values, [0.05, 0.95]) if len(one.values) else (math.nan, math.nan)
    return MatchedChamber(
        one.name,
        verdict,
        because,
        len(one.values),
        one.median,
        one.spread,
        float(low),
        float(high),
        reference,
        difference,
        tolerance,
        difference / tolerance if tolerance > 0 else math.nan,
        (difference - half, difference + half),
        ratio,
        missing,
    )
