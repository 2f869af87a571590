"""Every indicator of judged wafers with its limits, as tables of cells and columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.judge import JudgedWafers, bounds
from waferwatch.indicators.learnt.limits import IndicatorLimits

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LimitSides:
    """Lower and upper limits; NaN where there is none."""

    lower: Floats  # (cells, K)
    upper: Floats


def values_of(judged: JudgedWafers) -> Floats:
    """(cells, K) of all columns of ``judged.deviations``: those of the indicators, T2, and trends in spreads."""
    base = len(judged.found.columns)
    deviations = judged.deviations
    return np.concatenate([judged.found.values, deviations.t2[:, None], deviations.spreads[:, base + 1 :]], axis=1)


def sides_of(judged: JudgedWafers) -> LimitSides:
    """Limits of all columns of ``judged.deviations``."""
    model, columns, cells = judged.model, judged.deviations.columns, judged.cells
    count = len(judged.found.columns)
    own = _by_stage(model.limits, range(count), columns)
    t2 = _by_stage(model.t2_limits, (0,), columns[count : count + 1])
    found = []
    for side in (0, 1):
        table = np.full((len(cells), len(columns)), np.nan)
        for limits, known, first in ((model.limits, own, 0), (model.t2_limits, t2, count)):
            places = limits.places(cells)
            if len(known):
                there = np.where((places >= 0)[:, None], known[places, :, side], np.nan)
                table[:, first : first + there.shape[1]] = there
        table[:, count + 1 :] = (-1 if side == 0 else 1) * judged.deviations.trend_limit
        found.append(table)
    return LimitSides(*found)


def _by_stage(limits: IndicatorLimits, of: Sequence[int], columns: Sequence[IndicatorColumn]) -> Floats:
    """(stages, columns, 2)."""
    known = [
        [bounds(limits, stage, at, one) for at, one in zip(of, columns, strict=False)]
        for stage in range(len(limits.stages))
    ]
    return np.array(known, np.float64).reshape(len(known), len(of), 2)
