"""The score of a run: the mean of its highest points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 65_536  # points
TOP_SHARE = 0.1  # of a run's points, the highest, whose mean is the run's score


def top_counts(judged: NDArray[np.int64]) -> NDArray[np.int64]:
    """(runs,) how many points of each run make its score: a tenth of its judged ones, one at least; 0 without any."""
    return np.where(judged > 0, np.maximum(1, np.rint(TOP_SHARE * judged).astype(np.int64)), 0)


def run_scores(points: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """:func:`run_score` of several runs, whose points (n,) lie one after the other and begin at ``starts`` (runs,)."""
    lengths = np.diff(starts, append=len(points))
    unknown = np.add.reduceat(np.isnan(points), starts, dtype=np.int64) if len(starts) else np.zeros(0, np.int64)
    found = np.full(len(starts), np.nan)
    whole = unknown == 0
    for length in np.unique(lengths[whole]).tolist():  # as many at once as are of one length
        mine = np.flatnonzero(whole & (lengths == length))
        count = int(top_counts(np.array(length)))
        for some in np.array_split(mine, -(-len(mine) * length // _AT_ONCE)):
            each = points[starts[some][:, None] + np.arange(length)]
            each.partition(length - count, axis=1)
            found[some] = each[:, length - count :].mean(axis=1)
    for run in np.flatnonzero(~whole).tolist():
        found[run] = run_score(points[starts[run] : starts[run] + lengths[run]])
    return found


def run_score(points: NDArray[np.float64]) -> float:
    """Of the points (n,) of one run, NaN = not judged; NaN where none is judged."""
    judged = points[~np.isnan(points)]
    if not len(judged):
        return float("nan")
    count = int(top_counts(np.array(len(judged))))
    return float(np.partition(judged, -count)[-count:].mean())
