"""Where detectors agree: rows that two of them flag, events that one finds and another misses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.event import Event

Mask = NDArray[np.bool_]

MOST_LISTED = 20  # events listed for each pair of detectors, those with the highest peaks
_SENSORS_NAMED = 3


@dataclass(frozen=True)
class FoundEvent:
    """An event that one detector found and at least one other missed."""

    detector: str  # which found it
    missed_by: tuple[str, ...]
    event: int  # its number in that detector's result
    kind: str
    start: str | float
    end: str | float
    start_row: int
    end_row: int
    peak_row: int
    rows: int
    peak_score: float
    equipment: str | None
    lot: str | None
    sensors: tuple[str, ...]  # that carry most of it
    labelled: bool | None  # whether any of its rows is labelled anomalous; None without labels


@dataclass(frozen=True)
class Agreement:
    """How much the detectors agree. Rows and columns of the matrices are in the order of ``detectors``."""

    detectors: list[str]
    jaccard: list[list[float | None]]  # rows that both flag / rows that either flags; None where neither flags any
    missed: list[list[int]]  # [a][b]: events of a of which b flags no row
    events: list[FoundEvent]  # those missed by another: of each pair the highest peaks, detector by detector


def jaccard(flags: Sequence[Mask]) -> list[list[float | None]]:
    """Share of the rows flagged by either of two detectors that both flag.

    Args:
        flags: of each detector (rows,).
    """
    counts = [int(np.count_nonzero(one)) for one in flags]
    matrix: list[list[float | None]] = [[None] * len(flags) for _ in flags]
    for a, mine in enumerate(flags):
        for b in range(a, len(flags)):
            both = int(np.count_nonzero(mine & flags[b]))
            either = counts[a] + counts[b] - both
            matrix[a][b] = matrix[b][a] = both / either if either else None
    return matrix


def events_touched(event_ids: NDArray[np.int64], events: int, rows: Mask) -> Mask:
    """(events,) True where at least one row of the event is among ``rows``.

    Args:
        event_ids: (rows,) number of the event that each row belongs to, from 1; 0 = none.
        events: how many there are.
        rows: (rows,).
    """
    touched = np.zeros(events + 1, dtype=np.bool_)
    touched[event_ids[rows]] = True
    return touched[1:]


def missed_events(event_ids: NDArray[np.int64], events: int, rows: Mask) -> list[int]:
    """Numbers of the events without a row among these rows; arguments as for :func:`events_touched`."""
    found: list[int] = (np.flatnonzero(~events_touched(event_ids, events, rows)) + 1).tolist()
    return found


def agreement(
    flags: Mapping[str, Mask],
    event_ids: Mapping[str, NDArray[np.int64]],
    events: Mapping[str, Sequence[Event]],
    labels: Mask | None = None,
) -> Agreement:
    """Compare detectors with each other.

    Args:
        flags: detector -> (rows,).
        event_ids: detector -> (rows,) number of the event each row belongs to.
        events: detector -> its events, in order of their number.
        labels: (rows,) True where known to be anomalous.
    """
    names = list(flags)
    missed: list[list[int]] = []
    found_events: list[FoundEvent] = []
    for mine in names:
        touched = {other: events_touched(event_ids[mine], len(events[mine]), flags[other]) for other in names}
        missed.append([int(np.count_nonzero(~touched[other])) for other in names])
        known = None if labels is None else events_touched(event_ids[mine], len(events[mine]), labels)
        found_events += _found_events(mine, events[mine], touched, known)
    return Agreement(names, jaccard([flags[name] for name in names]), missed, found_events)


def _found_events(
    mine: str, events: Sequence[Event], touched: Mapping[str, Mask], known: Mask | None
) -> list[FoundEvent]:
    """Of each other detector the missed events with the highest peaks, each event once, highest first."""
    by_peak = sorted(range(len(events)), key=lambda at: -events[at].peak_score)
    chosen: set[int] = set()
    for found in touched.values():
        chosen.update([at for at in by_peak if not found[at]][:MOST_LISTED])
    return [
        _found(events[at], mine, touched, at, None if known is None else bool(known[at]))
        for at in by_peak
        if at in chosen
    ]


def _found(event: Event, mine: str, touched: Mapping[str, Mask], at: int, labelled: bool | None) -> FoundEvent:
    return FoundEvent(
        detector=mine,
        missed_by=tuple(other for other, found in touched.items() if not found[at]),
        event=event.id,
        kind=event.kind.value,
        start=event.start,
        end=event.end,
        start_row=event.start_row,
        end_row=event.end_row,
        peak_row=event.peak_row,
        rows=event.rows,
        peak_score=event.peak_score,
        equipment=event.equipment,
        lot=event.lot,
        sensors=tuple(share.sensor for share in event.sensors[:_SENSORS_NAMED]),
        labelled=labelled,
    )
