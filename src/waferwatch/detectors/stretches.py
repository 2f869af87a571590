"""Points that belong together given one score, so that a threshold flags an event as a whole or not at all.

Heads look at windows and see an event at some of its points only; an engineer, and every measure that counts points,
asks for the event. Single sensors alone are treated so: what several of them say together gained nothing
(docs/experiments.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from waferwatch.series.period import period

SHALLOW = 0.8  # of the lower of two peaks within a period: between them the score must stay above, or they are two
LEVEL = 0.97  # of a peak: what stays above belongs to it
REACH = 0.005  # share of the series to each side of a peak: equal scores must not outgrow the share that is flagged
NEAR = 1  # points to each side that carry a point's score too
HIGHEST_SHARE = 0.1  # points whose stretches are looked for

_LESS_THAN_ANY_DIFFERENCE = 1e-7  # of a point's own score: what was joined keeps its order

Floats = NDArray[np.float64]


def in_stretches(scores: Floats, column: NDArray[np.floating]) -> Floats:
    """Scores (n,), none lower than before, of which those of a stretch are equal.

    Two peaks within a period are joined where the score between them hardly falls (a morphological closing); then the
    points around each peak that are nearly as high take its score, the highest peak first.

    Args:
        scores: (n,) at least 0, NaN = cannot be judged, which stays. A series under 200 points keeps its scores.
        column: (n,) values of the sensor without NaN, which tell the period.
    """
    reach = int(REACH * len(scores))
    if reach == 0:
        return scores
    judged = ~np.isnan(scores)
    found = _levelled(_joined(np.where(judged, scores, 0.0), period(column)), reach)
    return np.where(judged, maximum_filter1d(found, 2 * NEAR + 1), np.nan)


def _joined(scores: Floats, within: int) -> Floats:
    size = 2 * (within // 2) + 1
    closed: Floats = minimum_filter1d(maximum_filter1d(scores, size), size)
    return np.where(scores >= SHALLOW * closed, closed, scores) + _LESS_THAN_ANY_DIFFERENCE * scores


def _levelled(scores: Floats, reach: int) -> Floats:
    """Every point of a peak's stretch as high as the peak; a point belongs to the highest peak that reaches it."""
    levelled = scores.copy()
    highest = np.argsort(-scores, kind="stable")[: int(np.ceil(HIGHEST_SHARE * len(scores)))]
    values = scores.tolist()  # plain numbers: the loop below is several times as fast
    taken = [False] * len(values)
    for peak in highest.tolist():
        if taken[peak]:
            continue
        least = LEVEL * values[peak]
        first = last = peak
        while first > max(0, peak - reach) and not taken[first - 1] and values[first - 1] >= least:
            first -= 1
        while last < min(len(values) - 1, peak + reach) and not taken[last + 1] and values[last + 1] >= least:
            last += 1
        levelled[first : last + 1] = values[peak]
        taken[first : last + 1] = [True] * (last + 1 - first)
    return levelled
