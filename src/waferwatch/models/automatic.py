"""The threshold that nobody has to guess, from scores of reference rows left out of learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SPREADS = 10.0  # robust spreads of normal runs' highest scores above their median
UNKNOWN_SPREADS = 20.0  # the same, beyond which a run is not normal that is only taken to be
BEYOND = 2.5  # times as far from the usual as the highest normal score: no threshold lies farther
FARTHER = 1.25  # times as far from the usual as the highest row of a stream that is known to be normal
ODD = 1 / 8  # of such a stream: one stretch of it, around its highest row, that may be unlike all others
BY_CHANCE = 3.0  # times as far as the highest of its stretches is by chance: what an odd one counts at most
FEWEST_RUNS = 8
STRETCHES = 64  # that a stream is cut into where nothing is known to be normal
SHORTEST = 32  # points of a stretch: scores of neighbouring rows go together
FEWEST_STRETCHES = 6
ENOUGH_STRETCHES = 16  # of one scope, to say by themselves what it reaches
_ROBUST = 1.4826  # median absolute deviation to standard deviation
# Of Gumbel's distribution, which highest values of many rows have: its median lies above its mode, and its median
# absolute deviation is as wide, in units of its scale.
_GUMBEL_MEDIAN, _GUMBEL_DEVIATION = 0.3665, 0.7670


def automatic_threshold(
    left_out: Mapping[str, Sequence[Floats]],
    runs: Mapping[str, bool],
    known: Mapping[str, bool],
    vouched: Mapping[str, float] | None = None,
) -> tuple[float, str]:
    """The raw threshold, and the scope that is nearest to it, of two as near the first by name.

    Of a stream that is known to be normal it is a quarter farther out than the highest score that a row had which was
    not learnt from. One stretch of it, an eighth at most, may be unlike all others, such as a start: what it reaches
    counts no farther than three times what the highest of its stretches would reach by chance, else it would hide
    faults that are less unlike them. Of streams that are only taken to be normal it is what the highest of all their
    stretches would be by chance, since their highest rows may be what is looked for. Of runs it is the median of their
    highest scores and ten robust spreads, at most two and a half times as far out as the highest of all and never below
    it, as far as that is known to be normal: of runs that are only taken to be, it is at most twenty spreads out. Of
    several scopes (equipment) it is the median of theirs: the highest score of one short reference is a chancy number.

    Args:
        left_out: raw scores of each piece of each scope, (n,), NaN = not judged.
        runs: whether a scope's pieces are runs.
        known: whether a scope's pieces are known to be normal.
        vouched: the highest score of rows that an engineer vouched for, by scope: none of its scope lies below it.

    Returns:
        Infinity where nothing was judged.
    """
    judged = {key: [one[~np.isnan(one)] for one in pieces] for key, pieces in left_out.items()}
    judged = {key: some for key, pieces in judged.items() if (some := [one for one in pieces if len(one)])}
    if not judged:
        return float("inf"), min(left_out)
    own = {key: _own(pieces, runs[key], known[key]) for key, pieces in judged.items()}
    doubtful = [key for key, pieces in judged.items() if are_doubtful(pieces, runs[key], known[key])]
    by_chance = _by_chance([judged[key] for key in doubtful])
    highest = max((own[key] for key in doubtful), default=float("inf"))
    found = {key: min(highest, by_chance) if key in doubtful else value for key, value in own.items()}
    found |= {key: max(found[key], least) for key, least in (vouched or {}).items() if key in found}
    threshold = float(np.median(list(found.values())))
    return threshold, min(own, key=lambda key: (abs(own[key] - threshold), key))


def are_doubtful(pieces: Sequence[Floats], runs: bool, known: bool) -> bool:
    """Whether the highest rows of a scope may be what is looked for: many runs are looked at one by one before that."""
    return not known and not _are_many_runs(pieces, runs)


def _are_many_runs(pieces: Sequence[Floats], runs: bool) -> bool:
    return runs and len(pieces) >= FEWEST_RUNS


def _own(pieces: Sequence[Floats], runs: bool, known: bool) -> float:
    """Of one scope that is known to be normal, or of its runs."""
    if known and not runs:
        return _of_known_stream(pieces)
    highest = np.array([one.max() for one in pieces])
    median = float(np.median(highest))
    spread = _ROBUST * float(np.median(np.abs(highest - median)))
    if not _are_many_runs(pieces, runs) or spread == 0:
        return float(highest.max())
    farthest = median + BEYOND * (float(highest.max()) - median)
    normal = float(highest.max()) if known else min(float(highest.max()), median + UNKNOWN_SPREADS * spread)
    return max(min(median + SPREADS * spread, farthest), normal)


def _of_known_stream(pieces: Sequence[Floats]) -> float:
    every = np.concatenate(pieces)
    usual, highest = float(np.median(every)), int(every.argmax())
    half = max(1, int(len(every) * ODD / 2))
    others = np.delete(every, slice(max(0, highest - half), highest + half + 1))
    farthest = FARTHER * (float(every[highest]) - usual)
    if not len(others):
        return usual + farthest
    rest, chance = FARTHER * (float(others.max()) - usual), BY_CHANCE * (_by_chance([pieces]) - usual)
    return usual + min(farthest, max(rest, chance))


def _by_chance(scopes: Sequence[Sequence[Floats]]) -> float:
    """What one of the stretches of streams reaches by chance, on average, as most of them are.

    The highest scores of long stretches have Gumbel's distribution (E. J. Gumbel, Statistics of Extremes, 1958); its
    mode and scale are taken from their median and median absolute deviation, so that what stands out in fewer than
    half of them hardly moves it. A fault makes all other scores of its own scope small, and of two or three scopes the
    small ones may be half of all: it is not below what any scope with enough stretches reaches by itself. Infinity
    where there are too few stretches to say.
    """
    size = max(SHORTEST, -(-sum(len(one) for pieces in scopes for one in pieces) // STRETCHES))
    highest = [
        np.array([part.max() for one in pieces for part in np.array_split(one, max(1, len(one) // size))])
        for pieces in scopes
    ]
    count = sum(map(len, highest))
    if count < FEWEST_STRETCHES:
        return float("inf")
    alone = [_reached(one, count) for one in highest if len(one) >= ENOUGH_STRETCHES]
    return max([_reached(np.concatenate(highest), count), *(one for one in alone if np.isfinite(one))])


def _reached(highest: Floats, stretches: int) -> float:
    """What one stretch of a number reaches, by the highest scores of some of them; infinity where most are equal."""
    median = float(np.median(highest))
    scale = float(np.median(np.abs(highest - median))) / _GUMBEL_DEVIATION
    if scale == 0:
        return float("inf")
    return median + scale * (float(np.log(stretches)) - _GUMBEL_MEDIAN)
