"""Rules that need no score: a sensor stuck or missing, a step too long or short, a value outside typed limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.indicators.cells import StepCells
from waferwatch.indicators.indicators import LENGTH, IndicatorColumn, Indicators
from waferwatch.indicators.learnt.limits import IndicatorLimits
from waferwatch.indicators.statistics import HIGHEST, LOWEST, MEAN, SPREAD
from waferwatch.read.roles.groups import group_text

Floats = NDArray[np.float64]

UP, DOWN = "up", "down"
STUCK, ABSENT, DURATION, RANGE = "stuck", "missing", "length", "range"
FEWEST_ROWS = 8  # of a cell, so that equal values are no chance


@dataclass(frozen=True)
class TypedLimit:
    """A limit that a person has set. None stands for every recipe, every step, or no bound."""

    sensor: str
    statistic: str = MEAN
    recipe: str | None = None
    step: str | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Broken:
    """A rule broken in one cell."""

    cell: int
    sensor: str
    rule: str
    statistic: str
    direction: str  # "up", "down" or "other"
    ratio: float = 1.0  # how far off, as a multiple of the limit


def broken_rules(found: Indicators, limits: IndicatorLimits, typed: Sequence[TypedLimit] = ()) -> list[Broken]:
    """Every rule broken, cell by cell."""
    return [*_stuck(found, limits), *_absent(found, limits), *_lengths(found, limits), *_outside(found, typed)]


def typed_limits(frame: pd.DataFrame) -> list[TypedLimit]:
    """From a table with the column ``sensor``, and any of statistic, recipe, step, lower and upper; empty = any.

    Raises:
        InputError: a column is missing or unknown, or a bound is not a number.
    """
    known = ("sensor", "statistic", "recipe", "step", "lower", "upper")
    unknown = [str(name) for name in frame.columns if name not in known]
    if unknown or "sensor" not in frame.columns:
        raise InputError(
            "The limits have the columns {columns}.",
            hint="Give the columns sensor, statistic, recipe, step, lower and upper; only sensor has to be there.",
            field="limits",
            columns=", ".join(map(str, frame.columns)),
        )
    return [_typed(row, number) for number, row in enumerate(frame.to_dict("records"), start=1)]


def _typed(row: dict[object, object], number: int) -> TypedLimit:
    said = {str(name): None if _is_empty(value) else value for name, value in row.items()}
    bounds: dict[str, float | None] = {}
    for side in ("lower", "upper"):
        try:
            bounds[side] = None if said.get(side) is None else _finite(str(said[side]))
        except ValueError:
            raise InputError(
                "The {side} limit in row {row} is not a number: {value}.",
                hint="Write a number such as 8.4, or leave it empty.",
                field="limits",
                side=side,
                row=number,
                value=said[side],
            ) from None
    words = {name: group_text(said[name]) for name in ("recipe", "step") if said.get(name) is not None}
    return TypedLimit(str(said["sensor"]), str(said.get("statistic") or MEAN), **words, **bounds)  # type: ignore[arg-type]


def _is_empty(cell: object) -> bool:
    return not cell.strip() if isinstance(cell, str) else bool(pd.isna(cell))  # type: ignore[call-overload]


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _column(columns: Sequence[IndicatorColumn], sensor: str, statistic: str) -> int | None:
    return next((at for at, one in enumerate(columns) if one == IndicatorColumn(sensor, statistic)), None)


def _sensors(found: Indicators) -> list[str]:
    return [one.sensor for one in found.columns if one.statistic == MEAN]


def _stuck(found: Indicators, limits: IndicatorLimits) -> list[Broken]:
    at = limits.places(found.cells)
    broken = []
    for sensor in _sensors(found):
        column = _column(found.columns, sensor, SPREAD)
        low, high = _column(found.columns, sensor, LOWEST), _column(found.columns, sensor, HIGHEST)
        if column is None or low is None or high is None or not len(limits.stages):
            continue
        least = limits.centre[at, column] - limits.reach[at, column] * limits.spread[at, column]
        same = (found.values[:, low] == found.values[:, high]) & (found.cells.lengths >= FEWEST_ROWS)
        cells = np.flatnonzero(same & (at >= 0) & (least > 0))
        broken += [Broken(int(cell), sensor, STUCK, STUCK, "other") for cell in cells]
    return broken


def _absent(found: Indicators, limits: IndicatorLimits) -> list[Broken]:
    at = limits.places(found.cells)
    if not len(limits.stages):
        return []
    broken = []
    for sensor in _sensors(found):
        column = _column(found.columns, sensor, MEAN)
        gone = np.isnan(found.values[:, column]) & np.isfinite(limits.centre[at, column])
        cells = np.flatnonzero(gone & (at >= 0) & (found.cells.lengths >= FEWEST_ROWS))
        broken += [Broken(int(cell), sensor, ABSENT, ABSENT, "other") for cell in cells]
    return broken


def _lengths(found: Indicators, limits: IndicatorLimits) -> list[Broken]:
    """Steps too long or short; one at which a table begins or ends may have been cut by it."""
    column = _column(found.columns, "_length", LENGTH)
    if column is None or not len(limits.stages):
        return []
    off = limits.off(found.values, found.cells, found.columns)[:, column]
    off[found.cells.of_unknown_start] = np.nan
    cut = found.cells.of_unknown_end
    far = np.flatnonzero((off > 1) | ((off < -1) & ~cut)).tolist()
    return [
        Broken(cell, "_length", DURATION, LENGTH, UP if off[cell] > 0 else DOWN, float(abs(off[cell]))) for cell in far
    ]


def _outside(found: Indicators, typed: Sequence[TypedLimit]) -> list[Broken]:
    broken = []
    for one in typed:
        column = _column(found.columns, one.sensor, one.statistic)
        if column is None:
            raise _unknown(one, found.columns)
        mine = _cells(found.cells, one)
        values = found.values[:, column]
        with np.errstate(invalid="ignore"):
            low = mine & (values < (-np.inf if one.lower is None else one.lower))
            high = mine & (values > (np.inf if one.upper is None else one.upper))
        for cells, direction in ((low, "down"), (high, "up")):
            broken += [Broken(int(cell), one.sensor, RANGE, one.statistic, direction) for cell in np.flatnonzero(cells)]
    return broken


def _cells(cells: StepCells, one: TypedLimit) -> NDArray[np.bool_]:
    stages = [
        (one.recipe is None or name.recipe == one.recipe) and (one.step is None or name.step == one.step)
        for name in cells.names
    ]
    return np.array(stages, np.bool_)[cells.stage]


def _unknown(one: TypedLimit, columns: Sequence[IndicatorColumn]) -> InputError:
    return InputError(
        "There is no indicator {statistic} of {sensor} for a typed limit.",
        hint="Name a sensor of the data and one of these statistics: {statistics}.",
        field="limits",
        statistic=one.statistic,
        sensor=one.sensor,
        statistics=", ".join(dict.fromkeys(each.statistic for each in columns)),
    )
