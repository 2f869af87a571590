"""The threshold that nobody has to guess, from scores of reference rows left out of learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SPREADS = 10.0  # robust spreads of normal runs' highest scores above their median
BEYOND = 2.5  # times as far from the usual as the highest normal score: no threshold lies farther
FEWEST_RUNS = 8
STRETCHES = 64  # that a stream is cut into where nothing is known to be normal
SHORTEST = 32  # points of a stretch: scores of neighbouring rows go together
FEWEST_STRETCHES = 6
_ROBUST = 1.4826  # median absolute deviation to standard deviation
# Of Gumbel's distribution, which highest values of many rows have: its median lies above its mode, and its median
# absolute deviation is as wide, in units of its scale.
_GUMBEL_MEDIAN, _GUMBEL_DEVIATION = 0.3665, 0.7670


def automatic_threshold(
    left_out: Mapping[str, Sequence[Floats]], runs: Mapping[str, bool], known: Mapping[str, bool]
) -> tuple[float, str]:
    """The raw threshold, and the scope that is nearest to it.

    Of a stream that is known to be normal it is the highest score that a row had which was not learnt from. Of one that
    is only taken to be normal it is what the highest of its stretches would be by chance, since its highest rows may be
    what is looked for. Of runs it is the median of their highest scores and ten robust spreads, at most two and a half
    times as far out as the highest of all and never below it. Of several scopes (equipment) it is the median of theirs:
    the highest score of one short reference is a chancy number.

    Args:
        left_out: raw scores of each piece of each scope, (n,), NaN = not judged.
        runs: whether a scope's pieces are runs.
        known: whether a scope's pieces are known to be normal.

    Returns:
        Infinity where nothing was judged.
    """
    found = {key: _of_scope(pieces, runs[key], known[key]) for key, pieces in left_out.items()}
    there = {key: value for key, value in found.items() if np.isfinite(value)}
    if not there:
        return float("inf"), next(iter(left_out))
    threshold = float(np.median(list(there.values())))
    return threshold, min(there, key=lambda key: abs(there[key] - threshold))


def _of_scope(pieces: Sequence[Floats], runs: bool, known: bool) -> float:
    judged = [one[~np.isnan(one)] for one in pieces]
    highest = np.array([one.max() for one in judged if len(one)])
    if not len(highest):
        return float("inf")
    if not runs or len(highest) < FEWEST_RUNS:
        return float(highest.max()) if known else min(float(highest.max()), _by_chance(judged))
    median = float(np.median(highest))
    spread = _ROBUST * float(np.median(np.abs(highest - median)))
    if spread == 0:
        return float(highest.max())
    farthest = median + BEYOND * (float(highest.max()) - median)
    return max(min(median + SPREADS * spread, farthest), float(highest.max()))


def _by_chance(pieces: Sequence[Floats]) -> float:
    """What one of a stream's stretches reaches by chance, on average, as its usual stretches are.

    The highest scores of long stretches have Gumbel's distribution (E. J. Gumbel, Statistics of Extremes, 1958); its
    mode and scale are taken from their median and median absolute deviation, so that what stands out in fewer than
    half of them hardly moves it. Infinity where there are too few stretches to say.
    """
    size = max(SHORTEST, -(-sum(len(one) for one in pieces) // STRETCHES))
    cut = [part for one in pieces if len(one) for part in np.array_split(one, max(1, len(one) // size))]
    highest = np.array([part.max() for part in cut])
    median = float(np.median(highest))
    scale = float(np.median(np.abs(highest - median))) / _GUMBEL_DEVIATION
    if len(highest) < FEWEST_STRETCHES or scale == 0:
        return float("inf")
    return median + scale * (float(np.log(len(highest))) - _GUMBEL_MEDIAN)
