"""Whether numbers run as a clock does: up from row to row, perhaps beginning anew in every run."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

_CHANGES = 0.1  # of the steps: numbers that stand still longer do not run evenly
_LOOK = 2_000  # steps that are looked at before all are
_SELDOM = 0.02  # of the steps: rows out of their order
_EVEN = 0.1  # steps are even that differ by less than this share of the usual one
_MOSTLY = 0.9  # of the steps that are even
_NEAR = 0.1  # of a run's length: beginnings lie no further apart


class Rise(IntEnum):
    """How numbers run, the surer clock the higher."""

    NO = 0
    UP = 1  # by steps of any length
    EVEN = 2  # by steps of one length, but for a few


def run_of(numbers: NDArray[np.float64]) -> Rise:
    """How the numbers (n,) run: up or down all the way, or beginning anew now and then; NaN is passed over."""
    first = numbers[:_LOOK]
    if _of_present(first[~np.isnan(first)]) is Rise.NO:
        return Rise.NO
    return _of_present(numbers[~np.isnan(numbers)])


def is_even_when_sorted(numbers: NDArray[np.float64]) -> bool:
    """Whether rows in any order would be an even clock if they were sorted: each number once, at even distances."""
    present = np.sort(numbers[~np.isnan(numbers)])
    steps = np.diff(present)
    return len(steps) > 1 and bool((steps > 0).all()) and _even(steps)


def _of_present(numbers: NDArray[np.float64]) -> Rise:
    if len(numbers) < 2 or not np.isfinite(numbers).all():
        return Rise.NO
    steps = np.diff(numbers)
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    if up + down < _CHANGES * len(steps):
        return Rise.UP if up and not down else Rise.NO  # a coarse clock, or a state that changes now and then
    if down > up:
        steps, up, down = -steps, down, up
        numbers = -numbers
    if down > _SELDOM * len(steps) and not _begins_anew(numbers, steps):
        return Rise.NO
    return Rise.EVEN if _even(steps[steps >= 0]) else Rise.UP


def _even(rising: NDArray[np.float64]) -> bool:
    usual = float(np.median(rising))
    return usual > 0 and bool((np.abs(rising - usual) <= _EVEN * usual).mean() >= _MOSTLY)


def _begins_anew(numbers: NDArray[np.float64], steps: NDArray[np.float64]) -> bool:
    """Whether each step back leads to where a run begins, and runs have several rows."""
    starts = np.flatnonzero(steps < 0) + 1
    if 2 * len(starts) >= len(numbers):
        return False
    borders = np.array([0, *starts, len(numbers)])
    beginnings, ends = numbers[borders[:-1]], numbers[borders[1:] - 1]
    low = float(np.median(beginnings))
    reach = float(np.median(ends - beginnings))
    return bool(reach > 0 and (np.abs(beginnings - low) <= _NEAR * reach).all())
