"""Which rows belong to a unit, and which ones near it their scores rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.read.table import Table
from waferwatch.scale.plans.contents import UNIT_NS
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit
from waferwatch.scale.plans.wishes import MARGIN
from waferwatch.scale.units.clock import SeriesStarts, placed
from waferwatch.scale.units.tables import table_of
from waferwatch.scoring.model import Model
from waferwatch.scoring.part import only_rows
from waferwatch.series.series import Series, steps_of
from waferwatch.series.split import split

Mask = NDArray[np.bool_]

RUNS_BEFORE = 16  # in each step of a unit's recipes: the trend of a step looks back on 15 wafers of its recipe


@dataclass(frozen=True)
class NearRows:
    """A unit with its neighbourhood."""

    table: Table  # in time order
    series: list[Series]
    own: Mask  # (rows,) rows of the unit itself
    number: NDArray[np.int64]  # (rows,) number of each among all rows of the equipment


def near_rows(plan: ScalePlan, model: Model, frame: pd.DataFrame, unit: WorkUnit, starts: SeriesStarts) -> NearRows:
    """The rows of a unit and no more around them than their scores rest on.

    A row belongs to the unit in which it was measured; a wafer belongs as a whole to the one in which it begins.

    Args:
        frame: rows of the equipment in time order.
        starts: where the series of the equipment begin.
    """
    end = unit.begin + UNIT_NS[plan.unit]
    table = model.fits(table_of(plan, frame, unit.name, model))
    series = _series(model, table)
    at = _moments(table, series)
    first, last = np.searchsorted(at, [unit.begin, end])
    own = own_rows(series, len(table.frame), unit.begin, end)
    kept = _kept(model, series, own, int(first), int(last))
    number = (unit.first_row + np.arange(len(at)) - int(first))[kept]
    near = only_rows(table, np.flatnonzero(kept))
    interval = model.layout.interval(unit.equipment)
    return NearRows(near, placed(_series(model, near), number, starts, interval), own[kept], number)


def own_rows(series: Sequence[Series], rows: int, begin: int, end: int) -> Mask:
    """(rows,) which rows of a table belong to a unit."""
    own = np.zeros(rows, np.bool_)
    last: dict[tuple[str, ...], tuple[tuple[str, ...], int]] = {}  # scope -> its last wafer, and when it began
    for one in series:
        at = nanoseconds(one)
        if not one.is_run:
            own[one.rows] = (at >= begin) & (at < end)
            continue
        name = (*one.key, *one.run)
        wafer, began = last.get(one.scope, ((), 0))
        began = began if wafer == name else int(at[0])  # behind a pause it is still the same wafer
        last[one.scope] = name, began
        own[one.rows] = begin <= began < end
    return own


def nanoseconds(series: Series) -> NDArray[np.int64]:
    """(n,) the times of a series, which has a clock, since 1970."""
    if series.time is None:
        raise ValueError("a series without a clock has no place in a unit")
    return np.asarray(series.time.astype("datetime64[ns]").view(np.int64))


def _series(model: Model, table: Table) -> list[Series]:
    parts = split(table, layout=model.layout)
    return [one.with_sensors(parts.features, model.features) for one in parts.series]


def _moments(table: Table, series: Sequence[Series]) -> NDArray[np.int64]:
    """(rows,) in the order of the table, which is that of time."""
    at = np.zeros(len(table.frame), np.int64)
    for one in series:
        at[one.rows] = nanoseconds(one)
    return at


def _kept(model: Model, series: Sequence[Series], own: Mask, first: int, last: int) -> Mask:
    """(rows,) the unit's own rows and those that their scores rest on."""
    kept = own.copy()
    kept[max(0, first - model.context - MARGIN) : last + model.delay + MARGIN] = True
    for scope in dict.fromkeys(one.scope for one in series if one.is_run):
        mine = [one for one in series if one.scope == scope]
        for one in mine:  # a run counts whole or not at all
            kept[one.rows] = False
        for one in _runs_near(mine, own, model.context):
            kept[one.rows] = True
    return kept


def _runs_near(runs: Sequence[Series], own: Mask, context: int) -> Sequence[Series]:
    """The unit's own runs, and those before them as far as their scores and verdicts reach."""
    mine = [number for number, one in enumerate(runs) if own[one.rows[0]]]
    if not mine:
        return []
    first, rows = mine[0], 0
    missing = dict.fromkeys((stage for at in mine for stage in _stages(runs[at])), RUNS_BEFORE)
    while first > 0 and (rows < context or any(left > 0 for left in missing.values())):
        first -= 1
        rows += len(runs[first])
        for stage in _stages(runs[first]):
            missing[stage] = missing.get(stage, 0) - 1
    return runs[first : mine[-1] + 1]


def _stages(run: Series) -> list[int]:
    found: list[int] = np.unique(steps_of(run).stage).tolist()
    return found
