"""Golden wafers measured by limits that were learnt without them, and how heavy the tails of normal wafers are so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from waferwatch.indicators.cells import StepCells
from waferwatch.indicators.indicators import BEND, IndicatorColumn
from waferwatch.indicators.learnt.limits import SPREADS, IndicatorLimits

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 5
_RARE = 1e-3  # share of left-out values that says how heavy the tails of a statistic are
# Where statistics have tails by their nature, how much farther out a limit lies at least. With that of a bend, chance
# alone puts one normal step in a million beyond a limit of 35 wafers, where a mean has fewer.
TAILS = {BEND: 1.15}


@dataclass(frozen=True)
class LeftOutCells:
    """How far cells are off, golden ones by limits learnt from the runs of other folds."""

    off: Floats  # (cells, K) as ``IndicatorLimits.off``
    plain: Floats  # (cells, K) the same as if first wafers were later ones: how wide wafers lie altogether


def left_out(
    values: Floats, cells: StepCells, golden: NDArray[np.bool_], columns: list[IndicatorColumn], least: Floats
) -> LeftOutCells:
    """See :class:`LeftOutCells`; cells that are not golden are measured by limits of all golden ones."""
    fold = turns(cells, FOLDS)
    every = IndicatorLimits.learn(values, cells, golden, columns, least)
    off, plain = every.off(values, cells, columns), every.off(values, cells, columns, first_wafers=False)
    for number in range(FOLDS):
        mine = golden & (fold == number)
        others = IndicatorLimits.learn(values, cells, golden & (fold != number), columns, least)
        off[mine] = others.off(values, cells, columns)[mine]
        plain[mine] = others.off(values, cells, columns, first_wafers=False)[mine]
    return LeftOutCells(off, plain)


def heavy_tails(off: Floats, run: Ints, columns: Sequence[IndicatorColumn]) -> dict[str, float]:
    """Statistic -> factor by which its limits lie farther out, as its left-out golden values do.

    Of each wafer and sensor the farthest step counts, since what a wafer has in one step it often has in all of them,
    and one odd wafer must not widen every limit.

    Args:
        off: (cells, K) of golden cells, in multiples of their limits.
        run: (cells,) the run of each, ascending.
    """
    usual = float(norm.isf(_RARE / 2)) / SPREADS
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    steps = len(run) / max(len(starts), 1)
    far = np.where(np.isfinite(off), np.abs(off), -1.0)
    worst = np.maximum.reduceat(far, starts, axis=0) if len(starts) else far
    found = {}
    for statistic in dict.fromkeys(one.statistic for one in columns):
        mine = worst[:, [one.statistic == statistic for one in columns]]
        mine = mine[mine >= 0]
        share = max(1 - _RARE * steps, 0.5)
        seen = float(np.quantile(mine, share)) / usual if len(mine) else 1.0
        found[statistic] = max(TAILS.get(statistic, 1.0), seen)
    return found


def turns(cells: StepCells, folds: int) -> Ints:
    """(cells,) successive cells of a stage take turns."""
    found = np.empty(len(cells), np.int64)
    for number in range(len(cells.names)):
        mine = np.flatnonzero(cells.stage == number)
        found[mine] = np.arange(len(mine)) % folds
    return found
