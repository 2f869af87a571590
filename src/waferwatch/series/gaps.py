"""Where the time of a series stands still long enough to call it another series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MEDIANS = 10.0  # a gap is longer than this many usual steps,
_UNUSUAL = 3.0  # and than this many times the longest step that is not an exception
_EXCEPTIONS = 0.01  # at most this share of a group's steps are exceptions,
_ALWAYS = 3  # but this many are, however few steps there are,
_AT_MOST = 0.25  # unless that were more than this share of them


def gap_starts(
    time: NDArray[np.float64], group: NDArray[np.intp], known: NDArray[np.float64] | None = None
) -> NDArray[np.bool_]:
    """Find the points that come after a gap.

    A gap is a step longer than ``max(10 x median, 3 x s)`` of its group's positive steps, s being the longest one
    that is left when the longest hundredth (and at least three) are set aside. So gaps are rare by construction:
    a series sampled as 1, 1, 5, 1, 1, 6, or one that pauses after every few rows, is not shattered into pieces too
    short to be judged, while one long stop in a short recording is found.

    Args:
        time: (n,) ascending within each group; of any unit.
        group: (n,) number of each point's group; points of one group are contiguous.
        known: (groups,) longest step that is no gap, where it was learnt before; NaN where it was not.

    Returns:
        (n,) True for the first point after a gap. The first point of a group is none.
    """
    starts = np.zeros(len(time), dtype=np.bool_)
    if len(time) < 2:
        return starts
    step = np.diff(time)
    limit = gap_limits(time, group)
    if known is not None:
        limit = np.where(np.isnan(known), limit, known)
    inside = (group[1:] == group[:-1]) & (step > 0)
    starts[1:] = inside & (step > limit[group[1:]])
    return starts


def gap_limits(time: NDArray[np.float64], group: NDArray[np.intp]) -> NDArray[np.float64]:
    """(groups,) the longest step of each group that is no gap; infinity without any positive step."""
    limit = np.full(int(group.max()) + 1 if len(group) else 0, np.inf)
    step = np.diff(time)
    inside = (group[1:] == group[:-1]) & (step > 0)
    at = np.flatnonzero(inside)
    if not at.size:
        return limit
    owner = group[1:][at]
    order = np.lexsort((step[at], owner))
    ordered = step[at][order]
    first = np.flatnonzero(np.diff(owner[order], prepend=-1))
    count = np.diff(first, append=len(ordered))
    exceptions = np.minimum(np.maximum(_ALWAYS, count * _EXCEPTIONS), count * _AT_MOST).astype(np.intp)
    median = ordered[first + (count - 1) // 2]
    longest_usual = ordered[first + count - 1 - exceptions]
    limit[owner[order][first]] = np.maximum(_MEDIANS * median, _UNUSUAL * longest_usual)
    return limit
