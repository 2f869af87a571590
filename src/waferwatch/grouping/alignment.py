"""Runs laid over one another step by step, so that a step that comes late does not shift what follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.grouping.groups import Groups
from waferwatch.series.wafer_runs import WaferRuns

_MOST_STEPS = 100  # beyond it the column counts something else
_MOST_PLACES = 2000  # of the grid: more than a screen has columns


@dataclass(frozen=True)
class Step:
    """One step of the recipe on the common axis."""

    name: str | None  # None: an empty cell
    start: float
    length: float  # rows of the usual run


@dataclass(frozen=True)
class Sampling:
    """How a stretch of a run is read at the places of the grid."""

    source: NDArray[np.float64]  # (samples,) where in ``Runs.rows`` to read, between two rows in general
    place: NDArray[np.int64]  # (samples,) place of the grid


@dataclass(frozen=True)
class Alignment:
    """Where the rows of all runs lie on one common axis, counted in rows of the usual run."""

    position: NDArray[np.float64]  # (n,) of each of ``Runs.rows``
    steps: list[Step]  # empty when the runs are aligned by their beginning alone
    grid: NDArray[np.float64]  # (places,) ascending positions at which runs are compared
    sampling: Sampling


@dataclass(frozen=True)
class _Stretches:
    """Contiguous rows of one run in one step."""

    starts: NDArray[np.int64]  # (stretches,) in ``Runs.rows``
    lengths: NDArray[np.int64]
    slot: NDArray[np.int64]  # which step of the common axis
    order: NDArray[np.int64]  # 0 for the first stretch of a run, 1 for the next
    names: list[str | None]  # step of each slot


def align(runs: WaferRuns, steps: Groups | None) -> Alignment:
    """Lay runs over one another.

    Each step of each run is stretched onto the median length of that step; a step that a run comes back to is a step
    of its own. Without a step column, or with one that merely counts rows, runs are aligned by their beginning.
    """
    stretches = None if steps is None else _stretches(runs, steps)
    return _by_beginning(runs) if stretches is None else _by_step(runs, stretches)


def _by_beginning(runs: WaferRuns) -> Alignment:
    within = np.arange(len(runs.rows)) - np.repeat(runs.starts, runs.lengths)
    longest = int(runs.lengths.max(initial=1))
    stride = -(-longest // _MOST_PLACES)
    read = within % stride == 0
    sampling = Sampling(np.flatnonzero(read).astype(np.float64), within[read] // stride)
    return Alignment(within.astype(np.float64), [], np.arange(0, longest, stride, dtype=np.float64), sampling)


def _by_step(runs: WaferRuns, found: _Stretches) -> Alignment:
    slots = len(found.names)
    usual = _medians(found.slot, found.lengths, slots)
    order = np.lexsort(
        (np.bincount(found.slot, weights=found.order, minlength=slots), _medians(found.slot, found.order, slots))
    )
    begin = np.empty(slots)
    begin[order] = np.cumsum(usual[order]) - usual[order]
    stretch = np.repeat(np.arange(len(found.starts)), found.lengths)
    within = np.arange(len(runs.rows)) - found.starts[stretch]
    slot = found.slot[stretch]
    position = begin[slot] + within * (usual[slot] - 1) / np.maximum(1, found.lengths[stretch] - 1)
    steps = [Step(found.names[slot], float(begin[slot]), float(usual[slot])) for slot in order.tolist()]
    grid, sampling = _sample(found, usual, begin, order)
    return Alignment(position, steps, grid, sampling)


def _sample(
    found: _Stretches, usual: NDArray[np.float64], begin: NDArray[np.float64], order: NDArray[np.intp]
) -> tuple[NDArray[np.float64], Sampling]:
    """Read every stretch at as many places as its step has on the grid."""
    thin = max(1.0, usual.sum() / _MOST_PLACES)
    places = np.maximum(1, np.rint(usual / thin)).astype(np.int64)
    first = np.empty(len(places), dtype=np.int64)
    first[order] = np.cumsum(places[order]) - places[order]
    grid = np.concatenate([begin[slot] + np.linspace(0, usual[slot] - 1, places[slot]) for slot in order.tolist()])
    count = places[found.slot]
    stretch = np.repeat(np.arange(len(count)), count)
    sample = np.arange(len(stretch)) - np.repeat(np.cumsum(count) - count, count)
    # Multiplied before divided: a stretch as long as its step is read exactly row by row.
    source = found.starts[stretch] + sample * (found.lengths[stretch] - 1) / np.maximum(1, count[stretch] - 1)
    return grid, Sampling(source, first[found.slot[stretch]] + sample)


def _stretches(runs: WaferRuns, steps: Groups) -> _Stretches | None:
    """None when the steps are no stretches: each a single row long, or too many."""
    step = steps.codes[runs.rows].astype(np.int64)
    run = runs.numbers
    starts = np.flatnonzero((np.diff(step, prepend=-1) != 0) | (np.diff(run, prepend=-1) != 0))
    lengths = np.diff(starts, append=len(step))
    if np.median(lengths) < 2:
        return None
    of_run = run[starts]
    order = np.arange(len(starts)) - np.searchsorted(of_run, of_run)
    again = _occurrence(of_run * len(steps) + step[starts])
    kinds, slot = np.unique(again * len(steps) + step[starts], return_inverse=True)
    if len(kinds) > _MOST_STEPS:
        return None
    return _Stretches(starts, lengths, slot, order, [steps.values[kind] for kind in (kinds % len(steps)).tolist()])


def _occurrence(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each key how often it came before: 0, 1, 2 ..."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    count = np.empty_like(keys)
    count[order] = np.arange(len(keys)) - np.searchsorted(ordered, ordered)
    return count


def _medians(codes: NDArray[np.int64], values: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """(size,) lower median of each group's values, so that it is one of them; every group has some."""
    order = np.lexsort((values, codes))
    counts = np.bincount(codes, minlength=size)
    return np.asarray(values[order][np.cumsum(counts) - counts + (counts - 1) // 2], dtype=np.float64)
