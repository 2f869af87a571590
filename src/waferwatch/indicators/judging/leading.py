"""What leads among the facets of a wafer, in numbers: its value, what is usual, its limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.indicators import NEVER_NEGATIVE, SPE, T2, IndicatorColumn, Indicators
from waferwatch.indicators.judging.facets import Facet, column_numbers
from waferwatch.indicators.learnt.first_wafers import FIRST_WAFERS
from waferwatch.indicators.learnt.limits import UPPER_ONLY, IndicatorLimits
from waferwatch.indicators.learnt.wafer_model import TREND, Deviations
from waferwatch.indicators.statistics import MEAN

Ints = NDArray[np.int64]

MOST_SENSORS = 5  # of a verdict
_LEAST_CHANGE = 5.0  # spreads between the usual value and zero, so that a change in per cent means something
_NEAR = 0.5  # share of the leading deviation that another one of the same wafer must have, to name it as well
_MOST_WEIGHT = 1e3


@dataclass(frozen=True)
class Leading:
    """Says of the wafers of one table what leads in each."""

    found: Indicators
    limits: IndicatorLimits
    deviations: Deviations

    def of(self, facets: Sequence[Facet]) -> dict[str, Any]:
        """Fields of a ``RunScore``; empty without facets, the first of which leads."""
        if not facets:
            return {}
        lead = facets[0]
        said: dict[str, Any] = {name: getattr(lead, name) for name in ("step", "sensor", "statistic", "direction")}
        said["sensors"] = _shares(facets)
        statistic = MEAN if lead.statistic == TREND else lead.statistic
        at = self._number.get(IndicatorColumn(lead.sensor, statistic))
        return said if at is None else said | self._numbers(lead, at)

    @cached_property
    def stages(self) -> Ints:
        """(cells,) which stage of the limits each cell is of; -1 where there is none."""
        return self.limits.places(self.found.cells)

    @cached_property
    def _number(self) -> dict[IndicatorColumn, int]:
        return column_numbers(self.found.columns)

    @cached_property
    def _deviation(self) -> dict[IndicatorColumn, int]:
        return column_numbers(self.deviations.columns)

    def _numbers(self, lead: Facet, at: int) -> dict[str, Any]:
        limits, cell = self.limits, lead.cell
        stage = int(self.stages[cell])
        value = float(self.found.values[cell, at])
        if stage < 0 or np.isnan(limits.centre[stage, at]):
            return {"value": value}
        usual, spread = float(limits.centre[stage, at]), float(limits.spread[stage, at])
        wafer = int(self.found.cells.since_change[cell])
        lower, upper = bounds(limits, stage, at, self.found.columns[at], wafer)
        if self.found.columns[at].statistic == SPE:
            usual = float(np.exp(usual))
        known = abs(usual) > _LEAST_CHANGE * spread and usual != 0
        far = self.deviations.spreads[cell, at]
        if lead.statistic == TREND:
            far = self.deviations.spreads[cell, self._deviation[IndicatorColumn(lead.sensor, lead.statistic)]]
        change = (value - usual) / abs(usual) if known else None
        return {"value": value, "usual": usual, "lower": lower, "upper": upper, "spreads": float(far), "change": change}


def bounds(
    limits: IndicatorLimits, stage: int, at: int, column: IndicatorColumn, wafer: int = FIRST_WAFERS
) -> tuple[float | None, float | None]:
    """Lower and upper limit of a column; None where it has none to that side.

    Args:
        wafer: its number after a change of recipe, from 0; those from FIRST_WAFERS on have the same limits.
    """
    centre, far = float(limits.centre[stage, at]), float(limits.reach[stage, at] * limits.spread[stage, at])
    if np.isnan(centre):
        return None, None
    usual = limits.usual_offset(stage, at, wafer)
    lower, upper = centre + min(usual, 0.0) - far, centre + max(usual, 0.0) + far
    if column.statistic in (SPE, T2):
        return None, float(np.exp(upper))
    return lower_side(column.statistic, lower), upper


def lower_side(statistic: str, lower: float) -> float | None:
    """A lower limit; None where nothing can lie below it."""
    unreached = statistic in UPPER_ONLY or (statistic in NEVER_NEGATIVE and lower <= 0)
    return None if unreached else lower


def _shares(facets: Sequence[Facet]) -> dict[str, float]:
    """Sensor -> share of the deviation, highest first."""
    total: dict[str, float] = {}
    for one in facets:
        if one.weight >= _NEAR * facets[0].weight or len(total) < MOST_SENSORS:
            total[one.sensor] = max(total.get(one.sensor, 0.0), min(one.weight, _MOST_WEIGHT))
    whole = sum(total.values()) or 1.0
    return {name: weight / whole for name, weight in sorted(total.items(), key=lambda item: -item[1])[:MOST_SENSORS]}
