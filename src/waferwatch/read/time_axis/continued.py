"""A clock of numbers that begins anew now and then, in a table without a column that names its runs: it runs on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.read.roles.groups import group_codes

_SHORTEST = 5  # rows of a run, by the median: rows out of their order are none
_NEAR = 0.1  # of the longest run: beginnings lie no further above the lowest number


def continued(time: pd.Series, frame: pd.DataFrame, equipment: list[str]) -> tuple[pd.Series, int]:
    """The numbers running on over each new beginning by the usual step, and how often they began anew.

    Nothing is changed where numbers go back to anywhere else, as where rows are out of their order.

    Args:
        time: (n,) float64, NaN where missing.
        frame: (n, columns) with the equipment columns.
        equipment: columns of which each has a clock of its own.
    """
    numbers = time.to_numpy(np.float64)
    order = np.argsort(group_codes(frame, equipment)[0], kind="stable") if equipment else np.arange(len(numbers))
    order = order[~np.isnan(numbers[order])]
    codes = group_codes(frame, equipment)[0][order] if equipment else np.zeros(len(order), np.intp)
    found, count = _run_on(numbers[order], codes)
    if not count:
        return time, 0
    changed = numbers.copy()
    changed[order] = found
    return pd.Series(changed, index=time.index), count


def _run_on(numbers: NDArray[np.float64], codes: NDArray[np.intp]) -> tuple[NDArray[np.float64], int]:
    same = np.diff(codes) == 0
    steps = np.diff(numbers)
    back = same & (steps < 0)
    forward = steps[same & (steps > 0)]
    if not back.any() or not len(forward) or not _are_runs(numbers, np.flatnonzero(back | ~same) + 1):
        return numbers, 0
    jump = np.where(back, np.median(forward) - steps, 0.0)
    added = np.concatenate([[0.0], np.cumsum(jump)])
    firsts = np.flatnonzero(np.diff(codes, prepend=-1))
    lengths = np.diff(np.append(firsts, len(codes)))
    return numbers + added - np.repeat(added[firsts], lengths), int(back.sum())


def _are_runs(numbers: NDArray[np.float64], starts: NDArray[np.intp]) -> bool:
    """Whether the stretches that begin at the first number and at ``starts`` all begin low and have several rows."""
    borders = np.concatenate([[0], starts, [len(numbers)]])
    lengths = np.diff(borders)
    low = numbers.min() + _NEAR * np.ptp(numbers)
    return bool(np.median(lengths) >= _SHORTEST and (numbers[borders[:-1]] <= low).all())
