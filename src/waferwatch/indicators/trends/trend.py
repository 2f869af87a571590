"""One indicator wafer by wafer, with its limits and with the rules that fire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import NotFoundError
from waferwatch.indicators.indicators import SPE, IndicatorColumn
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.learnt.limits import ENOUGH_WAFERS
from waferwatch.indicators.learnt.normal_course import stage_key
from waferwatch.indicators.learnt.step_relation import CONTRAST
from waferwatch.indicators.learnt.wafer_model import TREND
from waferwatch.indicators.rules import RULES, Flags, Rule, fired
from waferwatch.indicators.trends.values import column_of, stage_sides

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Indicator:
    """Which value of a step is looked at."""

    step: str
    sensor: str  # "_length", "_missing", "_t2" and "_spe" for what belongs to no sensor
    statistic: str


@dataclass(frozen=True)
class Trend:
    """An indicator on one equipment under one recipe, in order of its wafers."""

    equipment: str
    recipe: str
    indicator: Indicator
    runs: Ints  # (n,) numbers of the wafers, from 0
    values: Floats  # (n,) NaN where nothing was measured
    spreads: Floats  # (n,) distance from the golden median in golden spreads
    beyond: Ints  # (n,) -1 below its limit, 1 above it, 0 within or without a limit
    lower: float | None  # learnt, of all but the first wafers after a change of recipe
    upper: float | None
    usual: float | None  # golden median
    golden: int  # wafers that the limits rest on

    @property
    def provisional(self) -> bool:
        """Whether too few wafers were learnt from for a limit that stays."""
        return self.golden < ENOUGH_WAFERS

    @property
    def as_first_wafers(self) -> int:
        """Wafers outside these limits that lie where the first ones after a change of recipe usually do."""
        return int((self.outside(self.lower, self.upper) & (self.beyond == 0) & np.isfinite(self.spreads)).sum())

    def fired(self, rule: Rule) -> Flags:
        """(n,) where a rule fires."""
        return fired(self.spreads, rule)

    def outside(self, lower: float | None, upper: float | None) -> Flags:
        """(n,) where a value lies outside limits, such as those that a person typed."""
        with np.errstate(invalid="ignore"):
            below = self.values < (-np.inf if lower is None else lower)
            above = self.values > (np.inf if upper is None else upper)
        return np.asarray(below | above)


def trends_of(judged: JudgedWafers, indicator: Indicator, recipe: str, equipment: str | None = None) -> list[Trend]:
    """The indicator on every equipment that ran this step of this recipe, or on one of them.

    Raises:
        NotFoundError: the indicator, or no wafer of it, exists.
    """
    at = _column(judged, indicator)
    values = column_of(judged, at)
    found = []
    for stage, name in enumerate(judged.cells.names):
        if name.anywhere != (recipe, indicator.step) or equipment not in (None, name.equipment):
            continue
        mine = np.flatnonzero(judged.cells.stage == stage)
        off = judged.deviations.off[mine, at]
        beyond = np.where(np.abs(np.nan_to_num(off)) > 1, np.sign(np.nan_to_num(off)), 0).astype(np.int64)
        golden, usual = _golden(judged, stage, at)
        lower, upper = stage_sides(judged, stage, at)
        found.append(
            Trend(
                name.equipment,
                recipe,
                indicator,
                judged.cells.run[mine],
                values[mine],
                judged.deviations.spreads[mine, at],
                beyond,
                lower,
                upper,
                usual,
                golden,
            )
        )
    if not found:
        raise _nothing(judged, indicator, recipe)
    return found


def rates(trends: Sequence[Trend]) -> dict[str, tuple[int, int]]:
    """Rule -> points at which it could fire, and at which it fires."""
    found = {}
    for rule in RULES.values():
        points = sum(max(0, int(np.isfinite(one.spreads).sum()) - rule.points + 1) for one in trends)
        found[rule.name] = points, sum(int(one.fired(rule).sum()) for one in trends)
    return found


def _column(judged: JudgedWafers, indicator: Indicator) -> int:
    wanted = IndicatorColumn(indicator.sensor, indicator.statistic)
    if wanted in judged.deviations.columns:
        return judged.deviations.columns.index(wanted)
    known = [one.statistic for one in judged.deviations.columns if one.sensor == indicator.sensor]
    raise NotFoundError(
        "There is no indicator {statistic} of {sensor}.",
        hint="Choose one of: {known}.",
        field="statistic" if known else "sensor",
        statistic=indicator.statistic[:60],
        sensor=indicator.sensor[:60],
        known=", ".join(known or dict.fromkeys(one.sensor for one in judged.deviations.columns)),
    )


def _golden(judged: JudgedWafers, stage: int, at: int) -> tuple[int, float | None]:
    """Golden wafers of a stage, and the golden median of a column."""
    limits, key = judged.model.limits, stage_key(judged.cells.names[stage])
    if key not in limits.stages:
        return 0, None
    place, column = limits.stages.index(key), judged.deviations.columns[at]
    wafers = int(limits.wafers[place])
    if column.statistic in (TREND, CONTRAST):
        return wafers, 0.0
    if at >= limits.centre.shape[1] or np.isnan(limits.centre[place, at]):
        return wafers, None
    usual = float(limits.centre[place, at])
    return wafers, float(np.exp(usual)) if column.statistic == SPE else usual


def _nothing(judged: JudgedWafers, indicator: Indicator, recipe: str) -> NotFoundError:
    names = judged.cells.names
    recipes = dict.fromkeys(one.recipe for one in names)
    steps = dict.fromkeys(one.step for one in names if one.recipe == recipe)
    return NotFoundError(
        "No wafer ran step {step} of recipe {recipe} here.",
        hint="There are: {known}.",
        field="step" if recipe in recipes else "recipe",
        step=indicator.step[:60],
        recipe=recipe[:60],
        known=", ".join(list(steps or recipes)[:20]),
    )
