"""Flagged points of the same series that lie close together become one event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.series import Series

# Unflagged points between two flagged ones of the same event, at most: one patch, the shortest thing MOMENT sees.
MERGE_GAP_POINTS = 8


@dataclass(frozen=True)
class Flagged:
    """The flagged points of all series, one series after the other and each in time order, cut into events."""

    rows: NDArray[np.int64]  # (flagged,) position of each point in the table
    places: NDArray[np.int64]  # (flagged,) position of each point in the series laid end to end
    owners: NDArray[np.int64]  # (flagged,) which series holds each point
    events: NDArray[np.int64]  # (flagged,) which event holds each point, from 0, ascending
    first: NDArray[np.int64]  # (events,) where in the arrays above each event starts

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
    return Flagged(
        rows=rows[places],
        places=places,
        owners=owners,
        events=np.cumsum(starts) - 1,
        first=np.flatnonzero(starts),
    )
