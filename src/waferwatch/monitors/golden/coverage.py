"""How much there is to learn from, chamber by chamber and recipe by recipe, and how much is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.alarm_counts import AT_95_PERCENT
from waferwatch.monitors.alarms.hours import hours_of
from waferwatch.monitors.golden.golden_set import Golden
from waferwatch.monitors.golden.wafers import Wafers, equipment_columns, wafers_of
from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.scoring.thresholds.promise import HOURS_A_WEEK, Promise
from waferwatch.series.series import Series
from waferwatch.series.split import split

ENOUGH_WAFERS = 25  # of a recipe on an equipment: fewer show its spread too roughly
ENOUGH_ROWS = 2048  # of an equipment without wafers: four blocks that each hold a window of 512


@dataclass(frozen=True)
class Coverage:
    """What a golden set holds of one recipe on one equipment."""

    equipment: str  # "" where nothing names equipment
    recipe: str | None  # None where nothing names recipes
    rows: int  # 0: never seen, although the data hold it
    wafers: int  # 0 where nothing names wafers
    hours: float | None  # None where times are no dates
    enough: bool
    missing_wafers: int  # until it is enough; 0 where nothing names wafers
    missing_rows: int  # until it is enough; 0 where wafers are named

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class Carried:
    """A promise of false alarms compared with what was asked for; per equipment and week."""

    asked_per_week: float | None
    carried_per_week: float | None  # at most, with 95 % confidence; None without dates
    hours: float | None  # of normal rows, left out of learning
    missing_hours: float | None  # more without a false event, until what was asked for is carried; None: not asked

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return asdict(self)


def coverage(table: Table, golden: Golden) -> tuple[Coverage, ...]:
    """Of each recipe on each equipment that the data or the golden set hold.

    Args:
        table: the data that the monitor is to watch, with the columns of the golden set.
    """
    kept = _cells(golden.table)
    every = dict.fromkeys([*_cells(table), *kept])
    wafers, series = wafers_of(golden.table), split(golden.table).series
    return tuple(_coverage(key, kept.get(key), wafers, series) for key in every)


def carried(promise: Promise, asked_per_week: float | None) -> Carried:
    """What the golden hours carry: from T hours without a false event at most 3 / T an hour."""
    most = promise.at_most_per_hour
    per_week = None if most is None else most * HOURS_A_WEEK
    missing = None
    if asked_per_week is not None and promise.hours is not None:
        needed = AT_95_PERCENT * HOURS_A_WEEK / asked_per_week
        missing = 0.0 if per_week is not None and per_week <= asked_per_week else max(0.0, needed - promise.hours)
    return Carried(asked_per_week, per_week, promise.hours, missing)


def _cells(table: Table) -> dict[tuple[str, str | None], NDArray[np.bool_]]:
    """(equipment, recipe) -> (rows,) its rows."""
    equipment, recipe = equipment_columns(table), table.columns(Role.RECIPE)
    codes, keys = group_codes(table.frame, [*equipment, *recipe])
    count = len(equipment)
    return {
        (" / ".join(key[:count]), " / ".join(key[count:]) if recipe else None): codes == number
        for number, key in enumerate(keys)
        if len(codes)
    }


def _coverage(
    key: tuple[str, str | None], rows: NDArray[np.bool_] | None, wafers: Wafers | None, series: Sequence[Series]
) -> Coverage:
    count = 0 if rows is None else int(rows.sum())
    runs = 0 if rows is None or wafers is None else int(wafers.touched(rows).sum())
    hours = None if rows is None or not count else hours_of(series, rows)
    missing_wafers = 0 if wafers is None else max(0, ENOUGH_WAFERS - runs)
    missing_rows = 0 if wafers is not None else max(0, ENOUGH_ROWS - count)
    return Coverage(*key, count, runs, hours, not (missing_wafers or missing_rows), missing_wafers, missing_rows)
