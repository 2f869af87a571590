"""The threshold that nobody has to guess, from scores of reference rows left out of learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SPREADS = 10.0  # robust spreads of normal runs' highest scores above their median
BEYOND = 2.5  # times as far from the usual as the highest normal score: no threshold lies farther
FEWEST_RUNS = 8
_ROBUST = 1.4826  # median absolute deviation to standard deviation


def automatic_threshold(left_out: Mapping[str, Sequence[Floats]], runs: Mapping[str, bool]) -> tuple[float, str]:
    """The raw threshold, and the scope that is nearest to it.

    Of a stream it is the highest score that a normal row had which was not learnt from; of runs the median of their
    highest scores and ten robust spreads, at most two and a half times as far out as the highest of all and
    never below it. Of several scopes (equipment) it is the median of theirs: the highest score of one short reference
    is a chancy number.

    Args:
        left_out: raw scores of each piece of each scope, (n,), NaN = not judged.
        runs: whether a scope's pieces are runs.

    Returns:
        Infinity where nothing was judged.
    """
    found = {key: _of_scope(pieces, runs[key]) for key, pieces in left_out.items()}
    known = {key: value for key, value in found.items() if np.isfinite(value)}
    if not known:
        return float("inf"), next(iter(left_out))
    threshold = float(np.median(list(known.values())))
    return threshold, min(known, key=lambda key: abs(known[key] - threshold))


def _of_scope(pieces: Sequence[Floats], runs: bool) -> float:
    judged = [one[~np.isnan(one)] for one in pieces]
    highest = np.array([one.max() for one in judged if len(one)])
    if not len(highest):
        return float("inf")
    if not runs or len(highest) < FEWEST_RUNS:
        return float(highest.max())
    median = float(np.median(highest))
    spread = _ROBUST * float(np.median(np.abs(highest - median)))
    if spread == 0:
        return float(highest.max())
    farthest = median + BEYOND * (float(highest.max()) - median)
    return max(min(median + SPREADS * spread, farthest), float(highest.max()))
