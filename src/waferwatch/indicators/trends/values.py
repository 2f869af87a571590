"""Every indicator of judged wafers with its limits, as tables of cells and columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.judging.leading import bounds
from waferwatch.indicators.learnt.first_wafers import FIRST_WAFERS
from waferwatch.indicators.learnt.limits import IndicatorLimits
from waferwatch.indicators.learnt.normal_course import stage_key

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LimitSides:
    """Lower and upper limits; NaN where there is none."""

    lower: Floats  # (cells, K)
    upper: Floats


def values_of(judged: JudgedWafers) -> Floats:
    """(cells, K) of all columns of ``judged.deviations``: those of the indicators, T2, and trends and contrasts in
    spreads."""
    base = len(judged.found.columns)
    deviations = judged.deviations
    return np.concatenate([judged.found.values, deviations.t2[:, None], deviations.spreads[:, base + 1 :]], axis=1)


def column_of(judged: JudgedWafers, at: int) -> Floats:
    """(cells,) one column of :func:`values_of`, without making the others."""
    base = len(judged.found.columns)
    if at < base:
        return judged.found.values[:, at]
    return judged.deviations.t2 if at == base else judged.deviations.spreads[:, at]


def stage_sides(judged: JudgedWafers, stage: int, at: int) -> tuple[float | None, float | None]:
    """Lower and upper limit of a column in a stage, as :func:`sides_of` has them for all but the first wafers after a
    change of recipe; None where there is none."""
    base, column = len(judged.found.columns), judged.deviations.columns[at]
    if at > base:
        return -judged.deviations.trend_limit, judged.deviations.trend_limit
    limits, place = (judged.model.limits, at) if at < base else (judged.model.t2_limits, 0)
    key = stage_key(judged.cells.names[stage])
    if key not in limits.stages:
        return None, None
    lower, upper = bounds(limits, limits.stages.index(key), place, column)
    return _known(lower), _known(upper)


def _known(side: float | None) -> float | None:
    return side if side is not None and np.isfinite(side) else None


def sides_of(judged: JudgedWafers) -> LimitSides:
    """Limits of all columns of ``judged.deviations``."""
    model, columns, cells = judged.model, judged.deviations.columns, judged.cells
    count = len(judged.found.columns)
    own = _by_stage(model.limits, range(count), columns)
    t2 = _by_stage(model.t2_limits, (0,), columns[count : count + 1])
    wafer = np.minimum(cells.since_change, FIRST_WAFERS)
    found = []
    for side in (0, 1):
        table = np.full((len(cells), len(columns)), np.nan)
        for limits, known, first in ((model.limits, own, 0), (model.t2_limits, t2, count)):
            places = limits.places(cells)
            if known.shape[1]:
                there = np.where((places >= 0)[:, None], known[wafer, places, :, side], np.nan)
                table[:, first : first + there.shape[1]] = there
        table[:, count + 1 :] = (-1 if side == 0 else 1) * judged.deviations.trend_limit
        found.append(table)
    return LimitSides(*found)


def _by_stage(limits: IndicatorLimits, of: Sequence[int], columns: Sequence[IndicatorColumn]) -> Floats:
    """(FIRST_WAFERS + 1, stages, columns, 2), by the number of a wafer after a change of recipe."""
    known = [
        [
            [bounds(limits, stage, at, one, wafer) for at, one in zip(of, columns, strict=False)]
            for stage in range(len(limits.stages))
        ]
        for wafer in range(FIRST_WAFERS + 1)
    ]
    return np.array(known, np.float64).reshape(len(known), len(limits.stages), len(of), 2)
