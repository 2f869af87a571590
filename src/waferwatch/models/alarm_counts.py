"""How often normal rows rise above a score: what the reference can say of false events, and what it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from waferwatch.models.state import storable
from waferwatch.series.clock import hours_of_points
from waferwatch.series.series import Series

Floats = NDArray[np.float64]

MERGE_GAP = 8  # points between flagged ones of one event, as events are merged
MOST_LEVELS = 256
AT_95_PERCENT = 3.0  # no event in T hours: at most 3 / T per hour, with 95 % confidence


@storable
@dataclass(frozen=True)
class AlarmCounts:
    """Events above each level in the reference's left-out scores."""

    levels: Floats  # (L,) ascending
    events: NDArray[np.int64]  # (L,) above each level
    hours: float | None  # how long the rows last, added up over the equipment; None where rows have no dates
    rows: int

    @classmethod
    def measure(cls, scores: Mapping[str, Sequence[Floats]], series: Mapping[str, Sequence[Series]]) -> Self:
        """From scores of pieces, (n,) each, NaN = not judged, and the pieces themselves."""
        pieces = [one for mine in scores.values() for one in mine]
        levels, events = _counts(pieces) if pieces else (np.empty(0), np.empty(0, np.int64))
        some = np.unique(np.append(np.linspace(0, len(levels) - 1, MOST_LEVELS // 2).astype(int), _last(len(levels))))
        some = some[some >= 0] if len(levels) else np.empty(0, int)
        rows = int(sum(np.isfinite(one).sum() for one in pieces))
        return cls(levels[some], events[some], _hours(scores, series), rows)

    def above(self, level: float) -> int:
        """Events above a level."""
        at = int(np.searchsorted(self.levels, level, side="right")) - 1
        return int(self.events[at]) if at >= 0 else int(self.events[0]) if len(self.events) else 0

    def hours_between(self, level: float) -> float | None:
        """Hours of normal running from one event above a level to the next; None where there was none, or no dates."""
        found = self.above(level)
        return self.hours / found if self.hours and found else None

    def level(self, per_hour: float) -> float | None:
        """The lowest level with at most ``per_hour`` events an hour; None where the reference is too short to say."""
        if not self.hours or per_hour * self.hours < 1:
            return None
        # The most events lie somewhere in the middle: lower levels only merge them.
        first = int(self.events.argmax())
        enough = np.flatnonzero(self.events[first:] <= per_hour * self.hours)
        return float(self.levels[first + enough[0]]) if len(enough) else None


def _last(count: int) -> NDArray[np.int64]:
    """The highest levels, which decide, are kept one by one."""
    return np.arange(max(0, count - MOST_LEVELS // 2), count)


def _hours(scores: Mapping[str, Sequence[Floats]], series: Mapping[str, Sequence[Series]]) -> float | None:
    total = 0.0
    for key, mine in scores.items():
        for points, one in zip(mine, series[key], strict=True):
            hours = hours_of_points(one.time, int(np.isfinite(points).sum()))
            if hours is None:
                return None
            total += hours
    return total or None


def _counts(pieces: Sequence[Floats]) -> tuple[Floats, NDArray[np.int64]]:
    """Every level at which the number of events changes, ascending, and how many lie above each, merged as events are.

    A point begins an event at the levels below its own score and not below the highest of the points before it that
    are near enough to be of the same event. So all levels are counted at once.
    """
    begins, ends = [], []
    for piece in pieces:
        scores = np.where(np.isnan(piece), -np.inf, piece)
        padded = np.concatenate([np.full(MERGE_GAP + 1, -np.inf), scores])
        before = sliding_window_view(padded, MERGE_GAP + 1)[: len(scores)].max(axis=1)
        starting = scores > before
        begins.append(before[starting])
        ends.append(scores[starting])
    low, high = np.sort(np.concatenate(begins)), np.sort(np.concatenate(ends))
    levels = np.unique(np.concatenate([low[np.isfinite(low)], high]))
    counted = np.searchsorted(low, levels, side="right") - np.searchsorted(high, levels, side="right")
    return levels, counted.astype(np.int64)
