"""Labelled rows as faults, the time that was watched without one, and blocks for the bootstrap.

Labelled rows are merged as flagged rows are: what would be one event is one fault, so a fault that lasts over many runs
of one equipment counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.merge import Flagged, merge
from waferwatch.series.clock import hours_of_points
from waferwatch.series.series import Series

SURROUNDINGS = 100  # fault-free points to each side of a fault that share its block
MOST_BLOCKS = 200  # of either kind; neighbours are drawn together where there are more

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class LabelledRows:
    """Rows laid end to end, series by series in time order. Places are positions among these n points."""

    rows: Whole  # (n,) position of each point in the table
    series: Whole  # (n,) number of the series that holds each point
    times: NDArray[np.datetime64] | None  # (n,) None where times are no dates
    truth: Mask  # (n,) labelled anomalous
    fault: Whole  # (n,) number of the fault that holds each point, from 1; 0 for none
    first: Whole  # (faults,) place of each fault's first point
    last: Whole  # (faults,)
    block: Whole  # (n,) number of the block that holds each point, from 0
    faulty: Mask  # (blocks,) whether a block holds a fault
    hours: float | None  # equipment-hours without a fault; None where times are no dates

    @property
    def faults(self) -> int:
        return len(self.first)


def labelled_rows(labels: Mask, series: Sequence[Series]) -> LabelledRows:
    """Faults, blocks and hours.

    Args:
        labels: (rows of the table,) True where known to be anomalous; rows of no series do not count.
        series: the stretches that were judged, none of them sharing a row.
    """
    rows = np.concatenate([one.rows for one in series])
    known = np.zeros(len(labels), np.bool_)
    known[rows] = labels[rows]
    merged = merge(known, series)
    first, last = merged.places[merged.first], merged.places[merged.last]
    fault = np.zeros(len(rows), np.int64)
    for number, (start, stop) in enumerate(zip(first.tolist(), last.tolist(), strict=True), start=1):
        fault[start : stop + 1] = number
    block, faulty = _blocks(merged, first, last, series)
    owner = np.repeat(np.arange(len(series)), [len(one) for one in series])
    times = _times(series)
    hours = None if times is None else _hours(fault, times, owner)
    return LabelledRows(rows, owner, times, labels[rows], fault, first, last, block, faulty, hours)


def _blocks(merged: Flagged, first: Whole, last: Whole, series: Sequence[Series]) -> tuple[Whole, Mask]:
    """(n,) block of each point, and (blocks,) whether it holds a fault."""
    lengths = np.array([len(one) for one in series])
    stops = np.cumsum(lengths)
    starts = stops - lengths
    whole = np.array([one.is_run for one in series])
    claimed = np.full(int(stops[-1]), -1, np.int64)
    for number, (start, end) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        one, other = merged.owners[merged.first[number]], merged.owners[merged.last[number]]
        before = starts[one] if whole[one] else max(starts[one], start - SURROUNDINGS)
        after = stops[other] if whole[other] else min(stops[other], end + 1 + SURROUNDINGS)
        if number:
            before = max(before, (int(last[number - 1]) + start) // 2 + 1)
        if number + 1 < len(first):
            after = min(after, (end + int(first[number + 1])) // 2 + 1)
        claimed[before:after] = number
    faults = _grouped(claimed[claimed >= 0])
    block = np.empty(len(claimed), np.int64)
    block[claimed >= 0] = faults
    block[claimed < 0] = _pieces(claimed, starts, whole) + len(np.unique(faults))
    faulty = np.arange(int(block.max()) + 1) < len(np.unique(faults))
    return block, faulty


def _pieces(claimed: Whole, starts: Whole, whole: Mask) -> Whole:
    """(unclaimed points,) number of the piece that holds each: a run, or a part of a stretch."""
    free = np.flatnonzero(claimed < 0)
    if not len(free):
        return np.empty(0, np.int64)
    owner = np.searchsorted(starts, free, side="right") - 1
    begins = (np.diff(free, prepend=-2) != 1) | (np.diff(owner, prepend=-1) != 0)
    origin = free[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    length = max(SURROUNDINGS, len(free) // MOST_BLOCKS)
    part = np.where(whole[owner], 0, (free - origin) // length)
    return _grouped(np.cumsum(begins | (np.diff(part, prepend=0) != 0)) - 1)


def _grouped(numbers: Whole) -> Whole:
    """Ascending numbers from 0 without gaps, of which neighbours share one where there are too many."""
    _, dense = np.unique(numbers, return_inverse=True)
    count = int(dense.max()) + 1 if len(dense) else 0
    found: Whole = dense * MOST_BLOCKS // count if count > MOST_BLOCKS else dense
    return found


def _times(series: Sequence[Series]) -> NDArray[np.datetime64] | None:
    found = [one.time for one in series if one.time is not None and one.time.dtype.kind == "M"]
    return np.concatenate(found).astype("datetime64[ns]") if len(found) == len(series) else None


def _hours(fault: Whole, times: NDArray[np.datetime64], owner: Whole) -> float | None:
    """Fault-free points times the usual distance between two points of their series."""
    total = 0.0
    for mine, free in zip(_cut(times, owner), _cut(fault == 0, owner), strict=True):
        total += hours_of_points(mine, int(np.count_nonzero(free))) or 0.0
    return total or None


def _cut(values: NDArray[Any], owner: Whole) -> list[NDArray[Any]]:
    return np.split(values, np.flatnonzero(np.diff(owner)) + 1)
