"""The threshold that a budget of false events allows, over several stretches of scores."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.merge import MERGE_GAP_POINTS


def threshold_within(scores: Sequence[NDArray[np.float64]], faulty: Sequence[NDArray[np.bool_]], allowed: int) -> float:
    """The lowest threshold down to which there are at most so many false events.

    Events are merged as the product merges them; one is false when no row from its first to its last is faulty. The
    threshold comes down from the highest score, and stops before there is one false event too many for the first time:
    far below, where everything is flagged, there would be few events again.

    Args:
        scores: of each series (n,), in time order; NaN = not judged.
        faulty: of each series (n,).
        allowed: false events over all series.

    Returns:
        Rows above it are flagged.
    """
    apart = MERGE_GAP_POINTS + 1  # unflagged rows between two series, so that no event joins them
    values = np.concatenate([np.append(one, np.full(apart, np.nan)) for one in scores])
    truth = np.concatenate([np.append(one, np.zeros(apart, bool)) for one in faulty])
    events = _Events(truth)
    judged = np.flatnonzero(~np.isnan(values))
    order = judged[np.argsort(-values[judged], kind="stable")]
    ends = np.flatnonzero(np.diff(values[order], append=-np.inf) != 0)  # rows of the same score are flagged together
    start = 0
    for end in ends.tolist():
        for place in order[start : end + 1].tolist():
            events.add(place)
        if events.false > allowed:
            return float(values[order[end]])
        start = end + 1
    return float(np.nextafter(values[order[-1]], -np.inf)) if len(order) else float("inf")


class _Events:
    """Events that grow as row after row is flagged."""

    def __init__(self, truth: NDArray[np.bool_]) -> None:
        self._before = np.concatenate([[0], np.cumsum(truth)]).tolist()  # faulty rows before each row
        self._first: list[int] = []  # first row of each event, ascending
        self._last: list[int] = []
        self.false = 0

    def add(self, place: int) -> None:
        """Flag one more row, which lies in no event or between the flagged rows of one."""
        right = bisect_left(self._first, place)
        first = last = place
        low = high = right
        if right > 0 and place - self._last[right - 1] <= MERGE_GAP_POINTS + 1:
            low = right - 1
            first, last = self._first[low], max(self._last[low], place)
        if right < len(self._first) and self._first[right] - place <= MERGE_GAP_POINTS + 1:
            high = right + 1
            last = self._last[right]
        self.false += self._is_false(first, last)
        self.false -= sum(self._is_false(self._first[at], self._last[at]) for at in range(low, high))
        self._first[low:high], self._last[low:high] = [first], [last]

    def _is_false(self, first: int, last: int) -> bool:
        return bool(self._before[last + 1] == self._before[first])
