"""The score of a run: the mean of its highest points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TOP_SHARE = 0.1  # of a run's points, the highest, whose mean is the run's score


def top_counts(judged: NDArray[np.int64]) -> NDArray[np.int64]:
    """(runs,) how many points of each run make its score: a tenth of its judged ones, one at least; 0 without any."""
    return np.where(judged > 0, np.maximum(1, np.rint(TOP_SHARE * judged).astype(np.int64)), 0)


def run_score(points: NDArray[np.float64]) -> float:
    """Of the points (n,) of one run, NaN = not judged; NaN where none is judged."""
    judged = points[~np.isnan(points)]
    if not len(judged):
        return float("nan")
    count = int(top_counts(np.array(len(judged))))
    return float(np.partition(judged, -count)[-count:].mean())
