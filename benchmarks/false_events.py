"""The threshold that a budget of false events allows, over several stretches of scores."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.merge import MERGE_GAP_POINTS

MOST_FLAGGED = 0.05  # of the judged rows: the share that the product flags where nobody asks for another


def threshold_within(scores: Sequence[NDArray[np.float64]], faulty: Sequence[NDArray[np.bool_]], allowed: int) -> float:
    """The lowest threshold at which there are at most so many false events.

    Events are merged as the product merges them; one is false when no row from its first to its last is faulty. Their
    number rises and falls as the threshold comes down, since what stood beside the event of a fault becomes a part of
    it. No threshold that flags more than a twentieth of the rows is taken: far below there is one event that is
    everything.

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
    starts = np.flatnonzero(np.diff(values[order], prepend=np.inf) != 0)  # rows of the same score are flagged together
    levels = [*values[order[starts]].tolist(), -np.inf]
    best = levels[0]
    for number, (start, end) in enumerate(pairwise([*starts.tolist(), len(order)])):
        if end > MOST_FLAGGED * len(order):
            break
        for place in order[start:end].tolist():
            events.add(place)
        if events.false <= allowed:
            best = levels[number + 1]
    return float(best)


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
