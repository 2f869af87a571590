"""From scores to flags."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError

DEFAULT_CONTAMINATION = 0.05


def contamination_threshold(scores: NDArray[np.float64], contamination: float) -> float:
    """The threshold above which the expected share of anomalous points lies: flag ``scores > threshold``.

    Of the N scores that are not NaN at most ``contamination * N`` are flagged, and as many as ties allow: points of one
    score are flagged together or not at all, so a constant score flags nothing. Infinity where nothing can be judged.

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
    return float(np.partition(judged, len(judged) - 1 - most)[len(judged) - 1 - most])
