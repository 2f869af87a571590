"""The flagged runs of a recipe over the envelope of the normal ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.grouping.alignment import Alignment, Sampling, Step, align
from waferwatch.grouping.groups import Groups
from waferwatch.grouping.quantiles import group_quantiles, highest_tenth
from waferwatch.scoring.result import Detection
from waferwatch.series.wafer_runs import WaferRuns

FEWEST_NORMAL = 5  # runs; fewer make no envelope
_SHARES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Trace:
    """One run on the common axis."""

    rows: NDArray[np.int64]  # (k,) positions in the table, in time order
    position: NDArray[np.float64]  # (k,) on the common axis
    values: NDArray[np.float64]  # (k,) of the sensor, NaN = missing
    score: float  # mean of the highest tenth of its rows' scores; NaN when it cannot be judged
    flagged: int  # rows


@dataclass(frozen=True)
class Envelope:
    """Where nine of ten normal runs lie."""

    grid: NDArray[np.float64]  # (places,) positions on the common axis
    low: NDArray[np.float64]  # (places,) 5 %; NaN where fewer than five runs say something
    middle: NDArray[np.float64]  # median
    high: NDArray[np.float64]  # 95 %


@dataclass(frozen=True)
class Overlay:
    """Runs of one kind, aligned step by step."""

    steps: list[Step]  # empty: aligned by their beginning
    envelope: Envelope
    runs: int  # laid over one another
    normal: int  # of them, those without a flagged row
    by_rows: bool  # too few normal runs: the envelope is that of the unflagged rows of all runs
    traces: list[Trace]  # runs with flagged rows, highest score first, at most as many as asked for


def lay_over(
    runs: WaferRuns, found: Detection, values: NDArray[np.float64], steps: Groups | None, most: int = 30
) -> Overlay:
    """Align runs and tell the flagged ones from the others.

    Args:
        runs: the runs to lay over one another, at best of one recipe.
        found: scores and flags of the rows of the table.
        values: (rows,) of one sensor, in table order.
        steps: the step of each row of the table; None to align by the beginning of the runs.
        most: traces given, at most.
    """
    aligned = align(runs, steps)
    numbers, size = runs.numbers, len(runs)
    flags = found.flags[runs.rows]
    flagged = np.bincount(numbers, weights=flags, minlength=size).astype(np.int64)
    by_rows = int((flagged == 0).sum()) < FEWEST_NORMAL
    known = values[runs.rows]
    normal = np.where(flags if by_rows else (flagged > 0)[numbers], np.nan, known)
    scores = highest_tenth(numbers, found.scores[runs.rows], size)
    shown = np.flatnonzero(flagged)
    shown = shown[np.argsort(-np.nan_to_num(scores[shown], nan=-np.inf), kind="stable")][:most]
    return Overlay(
        steps=aligned.steps,
        envelope=_envelope(aligned, normal),
        runs=size,
        normal=int((flagged == 0).sum()),
        by_rows=by_rows,
        traces=[_trace(runs, aligned, known, run, float(scores[run]), int(flagged[run])) for run in shown.tolist()],
    )


def _trace(
    runs: WaferRuns, aligned: Alignment, values: NDArray[np.float64], run: int, score: float, flagged: int
) -> Trace:
    part = slice(int(runs.starts[run]), int(runs.starts[run] + runs.lengths[run]))
    return Trace(runs.rows[part], aligned.position[part], values[part], score, flagged)


def _envelope(aligned: Alignment, values: NDArray[np.float64]) -> Envelope:
    """Quantiles over the runs at each place; ``values`` are NaN where they are not to count."""
    size = len(aligned.grid)
    sampled = _read(values, aligned.sampling)
    place = aligned.sampling.place
    low, middle, high = group_quantiles(place, sampled, size, _SHARES).T
    few = np.bincount(place[np.isfinite(sampled)], minlength=size) < FEWEST_NORMAL
    return Envelope(aligned.grid, *(np.where(few, np.nan, line) for line in (low, middle, high)))


def _read(values: NDArray[np.float64], sampling: Sampling) -> NDArray[np.float64]:
    """(samples,) by linear interpolation between neighbouring rows."""
    below = np.floor(sampling.source).astype(np.int64)
    share = sampling.source - below
    above = np.minimum(below + 1, len(values) - 1)
    between = values[below] + share * (values[above] - values[below])
    return np.where(share == 0, values[below], between)
