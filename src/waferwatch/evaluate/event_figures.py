"""What a detector's events are worth against labelled faults: found, false, how soon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.evaluate.intervals import poisson_interval, wilson
from waferwatch.evaluate.labelled import LabelledRows
from waferwatch.events.merge import MERGE_GAP_POINTS

CURVE_POINTS = 60

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class DelayRange:
    """Delays of the faults that were found."""

    median: float
    least: float
    most: float


@dataclass(frozen=True)
class FaultFigures:
    """One detector against the labelled faults."""

    faults: int
    found: int
    found_low: float | None  # Wilson interval of the share found; None without faults
    found_high: float | None
    false_events: int  # events without a row inside a fault
    false_low: float  # exact Poisson interval of their number
    false_high: float
    hours: float | None  # equipment-hours without a fault, in which the false events lie; None where times are no dates
    vus_low: float | None  # bootstrap interval of VUS-PR
    vus_high: float | None
    delay: DelayRange | None  # points from a fault's first row to the first flag inside it; None where none was found
    delay_seconds: DelayRange | None  # None where times are no dates
    recall: list[float]  # precision-recall curve of events, as the limit falls: share of faults found,
    precision: list[float]  # and share of events that are faults


@dataclass(frozen=True)
class FoundFaultEvents:
    """What a detector's flags say of each fault, and of each block of the bootstrap."""

    delays: list[int | None]  # of each fault: points from its first row to the first flag; None = missed
    events: list[int]  # of each fault: the event that found it; 0 = missed
    false_events: Whole  # numbers of the events without a row inside a fault
    false_of_block: NDArray[np.float64]  # (blocks,) false events


def find_faults(labelled: LabelledRows, flags: NDArray[np.bool_], event_ids: Whole) -> FoundFaultEvents:
    """Which faults a detector found, and which of its events are false.

    Args:
        labelled: the faults.
        flags, event_ids: (rows of the table,) of the detection.
    """
    flagged = np.flatnonzero(flags[labelled.rows])
    inside, events = labelled.fault[flagged], event_ids[labelled.rows[flagged]]
    some = flagged[inside > 0]
    hit, at = np.unique(labelled.fault[some], return_index=True)
    first = np.full(labelled.faults, -1, np.int64)
    first[hit - 1] = some[at]
    found = first >= 0
    false = np.setdiff1d(events, events[inside > 0])
    places = flagged[np.unique(events, return_index=True)[1]][np.isin(np.unique(events), false)]
    blocks = len(labelled.faulty)
    return FoundFaultEvents(
        delays=[int(place - start) if place >= 0 else None for place, start in zip(first, labelled.first, strict=True)],
        events=np.where(found, event_ids[labelled.rows[np.maximum(first, 0)]], 0).tolist(),
        false_events=false,
        false_of_block=np.bincount(labelled.block[places], minlength=blocks).astype(np.float64),
    )


def event_figures(
    labelled: LabelledRows,
    found: FoundFaultEvents,
    scores: NDArray[np.float64],
    vus: tuple[float | None, float | None],
) -> FaultFigures:
    """The figures of one detector.

    Args:
        scores: (rows of the table,) NaN = not judged.
        vus: ends of the interval of VUS-PR.
    """
    hits = sum(delay is not None for delay in found.delays)
    low, high = wilson(hits, labelled.faults) if labelled.faults else (None, None)
    recall, precision = event_curve(labelled, scores[labelled.rows])
    false = len(found.false_events)
    return FaultFigures(
        labelled.faults,
        hits,
        low,
        high,
        false,
        *poisson_interval(false),
        labelled.hours,
        *vus,
        _range([delay for delay in found.delays if delay is not None]),
        None if labelled.times is None else _range(_seconds(labelled.times, labelled, found)),
        recall,
        precision,
    )


def event_curve(labelled: LabelledRows, scores: NDArray[np.float64]) -> tuple[list[float], list[float]]:
    """Recall and precision of events at falling limits; points are merged to events as they always are.

    Args:
        scores: (n,) of the points of ``labelled``.
    """
    known = np.sort(scores[~np.isnan(scores)])[::-1]
    if not labelled.faults or not len(known):
        return [], []
    ranks = np.unique(np.geomspace(1, len(known), CURVE_POINTS).astype(int)) - 1
    recall, precision = [], []
    for limit in np.unique(known[ranks])[::-1].tolist():
        flagged = np.flatnonzero(scores >= limit)
        apart = np.diff(flagged, prepend=-1000) > MERGE_GAP_POINTS + 1
        event = np.cumsum(apart | (np.diff(labelled.series[flagged], prepend=-1) != 0))
        inside = labelled.fault[flagged]
        true = len(np.unique(event[inside > 0]))
        recall.append(len(np.unique(inside[inside > 0])) / labelled.faults)
        precision.append(true / int(event[-1]))
    return recall, precision


def _seconds(times: NDArray[np.datetime64], labelled: LabelledRows, found: FoundFaultEvents) -> list[float]:
    nanoseconds = times.view(np.int64)
    return [
        float(nanoseconds[start + delay] - nanoseconds[start]) / 1e9
        for start, delay in zip(labelled.first.tolist(), found.delays, strict=True)
        if delay is not None
    ]


def _range(delays: list[float] | list[int]) -> DelayRange | None:
    return DelayRange(float(np.median(delays)), float(min(delays)), float(max(delays))) if delays else None
