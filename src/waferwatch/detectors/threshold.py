"""From scores to flags."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError

DEFAULT_CONTAMINATION = 0.05
MOST_TIED = 0.05  # share of points that are flagged for having the highest score alone


def contamination_threshold(scores: NDArray[np.float64], contamination: float) -> float:
    """The threshold above which the expected share of anomalous points lies: flag ``scores > threshold``.

    Of the N scores that are not NaN at most ``contamination * N`` are flagged, and as many as ties allow: points of one
    score are flagged together or not at all, so a constant score flags nothing. Where that would flag nothing because
    the highest stretch is longer than the share, it is flagged all the same, up to a twentieth of the points: an event
    is not lost by its own length. Infinity where nothing can be judged.

    >>> contamination_threshold(np.array([1.0, 5.0, 2.0, np.nan, 3.0]), 0.25)
    3.0

    Raises:
        InputError: for a share that is not above 0 and at most 0.5.
    """
    if not 0 < contamination <= 0.5:  # also true for NaN
        raise InputError(
            "The expected share of anomalies cannot be {value}.",
            hint="Give a number above 0 and at most 0.5, such as 0.05 for five percent.",
            field="contamination",
            value=contamination,
        )
    judged = scores[~np.isnan(scores)]
    if len(judged) == 0:
        return float("inf")
    most = int(contamination * len(judged) + 1e-9)  # 0.29 * 100 is a little below 29
    threshold = float(np.partition(judged, len(judged) - 1 - most)[len(judged) - 1 - most])
    return threshold if most == 0 or threshold < judged.max() else _below_the_highest(judged, threshold)


def _below_the_highest(judged: NDArray[np.float64], highest: float) -> float:
    """The next lower score, where few enough points have the highest one; else that."""
    lower = judged[judged < highest]
    few = len(judged) - len(lower) <= MOST_TIED * len(judged)
    return float(lower.max()) if few and len(lower) else highest
