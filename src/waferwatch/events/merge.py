"""Flagged points of the same series that lie close together become one event."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.series import Series

# Unflagged points between two flagged ones of the same event, at most: one patch, the shortest thing MOMENT sees.
MERGE_GAP_POINTS = 8

# A long stretch unlike the reference is one state, not a flood of events: stretches belong together where what lies
# between them is short compared with both.
GAP_SHARE = 0.5  # of the shorter neighbour's points
LEAST_OF_STATE = 64  # points of a neighbour that may draw others to it
RUNS_OF_STATE = 5  # flagged runs of one equipment in a row, or more, are one state,
LEAST_FLAGGED = 0.1  # where at least this share of each run is flagged


@dataclass(frozen=True)
class Flagged:
    """The flagged points of all series, event after event and each event in time order."""

    rows: NDArray[np.int64]  # (flagged,) position of each point in the table
    places: NDArray[np.int64]  # (flagged,) position of each point in the series laid end to end
    owners: NDArray[np.int64]  # (flagged,) which series holds each point
    events: NDArray[np.int64]  # (flagged,) which event holds each point, from 0, ascending
    first: NDArray[np.int64]  # (events,) where in the arrays above each event starts
    lasting: NDArray[np.bool_]  # (events,) whether it is a state that was joined from events of several runs

    @property
    def last(self) -> NDArray[np.int64]:
        """(events,) where in the arrays above each event ends."""
        return np.append(self.first[1:], len(self.rows))[: len(self.first)] - 1


def merge(flags: NDArray[np.bool_], series: Sequence[Series]) -> Flagged:
    """Cut the flagged points into events.

    An event ends where more than ``MERGE_GAP_POINTS`` unflagged points follow, and at the border of its series.

    Args:
        flags: (rows,) in table order.
        series: the stretches, none of them sharing a row.

    Raises:
        ValueError: when a flagged row belongs to no series.
    """
    rows = np.concatenate([item.rows for item in series]) if series else np.empty(0, np.int64)
    places = np.flatnonzero(flags[rows])
    if len(places) != np.count_nonzero(flags):
        raise ValueError(f"{np.count_nonzero(flags)} rows are flagged, but the series hold {len(places)} of them")
    owners = np.repeat(np.arange(len(series)), [len(item) for item in series])[places]
    starts = (np.diff(places) > MERGE_GAP_POINTS + 1) | (np.diff(owners) != 0)
    starts = np.append(True, starts)[: len(places)]
    starts = _without_short_gaps(starts, places, owners)
    starts = _without_borders_of_runs(starts, owners, series)
    return Flagged(
        rows=rows[places],
        places=places,
        owners=owners,
        events=np.cumsum(starts) - 1,
        first=np.flatnonzero(starts),
        lasting=np.zeros(np.count_nonzero(starts), np.bool_),
    )


def _without_short_gaps(
    starts: NDArray[np.bool_], places: NDArray[np.int64], owners: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Long stretches of one series joined across gaps that are short compared with both."""
    first = np.flatnonzero(starts)
    if len(first) < 2:
        return starts
    last = np.append(first[1:], len(starts)) - 1
    joined = starts.copy()
    joined[first[states_joined(places[first], places[last], owners[first])]] = False
    return joined


def states_joined(begin: NDArray[np.int64], end: NDArray[np.int64], owner: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(stretches,) which of successive stretches are the same state as the one before.

    Args:
        begin, end: places of the first and last point of each, in their order.
        owner: number of the series of each.
    """
    joined = np.zeros(len(begin), np.bool_)
    if not len(begin):
        return joined
    start, stop = int(begin[0]), int(end[0])
    for number in range(1, len(begin)):
        gap = int(begin[number]) - stop - 1
        shorter = min(stop - start, int(end[number] - begin[number])) + 1
        if owner[number] == owner[number - 1] and shorter >= LEAST_OF_STATE and gap <= GAP_SHARE * shorter:
            joined[number] = True
        else:
            start = int(begin[number])
        stop = int(end[number])
    return joined


def _without_borders_of_runs(
    starts: NDArray[np.bool_], owners: NDArray[np.int64], series: Sequence[Series]
) -> NDArray[np.bool_]:
    """Many flagged runs of one equipment in a row joined to one event."""
    numbers, count = np.unique(owners, return_counts=True)
    pairs = zip(numbers.tolist(), count.tolist(), strict=True)
    flagged = [at for at, rows in pairs if series[at].run and rows >= LEAST_FLAGGED * len(series[at])]
    joined = starts.copy()
    for group in runs_in_a_row(flagged, [series[number].scope for number in flagged]):
        mine = np.flatnonzero(np.isin(owners, group))
        joined[mine[1:]] = False
    return joined


def runs_in_a_row(flagged: Sequence[int], scopes: Sequence[Hashable]) -> list[NDArray[np.int64]]:
    """Numbers of flagged runs that follow one another on their equipment, where they are enough to be one state.

    Args:
        flagged: numbers of flagged runs, ascending.
        scopes: the equipment of each.
    """
    numbers = np.array(flagged, np.int64)
    if len(numbers) < RUNS_OF_STATE:
        return []
    breaks = [at for at in range(1, len(numbers)) if numbers[at] != numbers[at - 1] + 1 or scopes[at] != scopes[at - 1]]
    return [group for group in np.split(numbers, breaks) if len(group) >= RUNS_OF_STATE]
