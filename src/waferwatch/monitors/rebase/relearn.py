"""After a maintenance: the new level of each sensor is learnt from good wafers, shapes and relations stay.

What is learnt and what is refused is the rule of :mod:`waferwatch.monitors.rebase.absorb`. What the model still flags
afterwards in most of the later wafers is another shape or relation: it is named, and stays flagged.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from waferwatch.errors import InputError, NotFoundError
from waferwatch.models.contract import Progress, no_progress
from waferwatch.models.fitted import EVERY_SCOPE
from waferwatch.models.levels import BLOCK, LevelShift, UsualLevels, offsets_at, units_of
from waferwatch.monitors.levels.indicators import StepLevel, step_levels
from waferwatch.monitors.levels.settling import FEWEST
from waferwatch.monitors.levels.stage_names import stage_names
from waferwatch.monitors.levels.watched import (
    from_place,
    levels_of,
    nanoseconds,
    place_in,
    watched_series,
    without_bad,
)
from waferwatch.monitors.rebase.absorb import absorb
from waferwatch.monitors.rebase.rebased import Rebased
from waferwatch.monitors.rebase.report import RebaseReport
from waferwatch.monitors.rebase.still_flagged import still_flagged
from waferwatch.read.table import Table
from waferwatch.scoring.model import Model
from waferwatch.series.series import Series

USUAL_WAFERS = 25


def rebase(
    model: Model,
    table: Table,
    *,
    since: str | None = None,
    wafers: int = USUAL_WAFERS,
    rows: int | None = None,
    accept: Collection[str] = (),
    keep: Collection[str] = (),
    progress: Progress = no_progress,
) -> Rebased:
    """Learn the new levels after a maintenance.

    Args:
        table: rows with the model's columns. Wafers labelled anomalous are not learnt from.
        since: when the maintenance was over; None: every row is after it.
        wafers: of each equipment, the first ones after it; blocks of 64 rows where nothing names wafers.
        rows: instead, for tables without wafers.
        accept: sensors whose new level is learnt even where the rule refuses it.
        keep: sensors whose level stays.

    Raises:
        InputError: no equipment has five wafers after it, an option cannot be used, or the model has no usual levels.
        NotFoundError: a sensor that the model does not have.
    """
    wanted = _count(wafers, rows)
    wish = _sensors(model, accept, "accept"), _sensors(model, keep, "keep")
    fitting = model.fits(table)
    place = place_in(fitting, since, "since")
    used = _used(model, fitting, place, wanted)
    _check_enough(used)
    for scope, series in used.items():
        _check_between(model, scope, _since(place, series), series)
    report = RebaseReport(model.features, stage_names(fitting), wanted)
    found = [_learnt_shift(model, scope, series, place, wish, report) for scope, series in used.items()]
    shifts = [one for one in found if one is not None]
    report.add_undated(shifts)
    rebased = replace(model, shifts=[*model.shifts, *shifts]) if shifts else model
    for scope, series in _used(rebased, fitting, place, wanted).items():
        if report.looked_at(scope):
            report.add_shapes(scope, still_flagged(rebased, series, len(fitting.frame), progress))
    progress(1.0)
    return report.rebased(rebased)


def _learnt_shift(
    model: Model, scope: str, series: list[Series], place: Any, wish: tuple[set[int], set[int]], report: RebaseReport
) -> LevelShift | None:
    """What is learnt of one equipment; None where it is nothing."""
    levels = levels_of(model, scope)
    if levels is None or len(units_of(series)) < FEWEST:
        report.skip(scope, series, levels)
        return None
    steps = step_levels(levels, series)
    decided = absorb(steps, *wish)
    report.add(scope, series, levels, steps, decided)
    return _shift(model, scope, levels, decided.moved, _since(place, series)) if decided.moved else None


def _used(model: Model, table: Table, place: Any, wanted: int) -> dict[str, list[Series]]:
    """Scope -> its first good wafers after the maintenance."""
    found = {}
    for scope, series in watched_series(model, table).items():
        after = series if place is None else from_place(series, place)
        good = without_bad(after, table.labels())
        if units_of(good):
            found[scope] = _first(good, wanted)
    return found


def _first(series: list[Series], wanted: int) -> list[Series]:
    """The first series that together hold the wanted number of wafers; a stream is cut after the last block."""
    found, left = [], wanted
    for one in series:
        units = units_of([one])
        if left <= 0:
            break
        found.append(one if len(units) <= left else one.at(slice(0, sum(len(unit) for unit in units[:left]))))
        left -= len(units)
    return found


def _shift(model: Model, scope: str, levels: UsualLevels, moved: list[StepLevel], since: int | None) -> LevelShift:
    """What was taken away so far, and what has come to it."""
    offset = offsets_at(model.shifts, scope, since, levels.stages, len(model.features)).copy()
    for one in moved:
        offset[one.sensor, one.column] += one.shift
    decades = None if levels.decades is None else levels.decades.sensors
    return LevelShift(scope, since, levels.stages, offset, decades)


def _check_between(model: Model, scope: str, since: int | None, series: list[Series]) -> None:
    """Wafers on both sides of a shift of before stand at two levels: no one shift can be learnt from them.

    Raises:
        InputError: the model was rebased for a time between the first and the last of these wafers.
    """
    last = max((nanoseconds(one.time[-1]) or 0 for one in series if one.time is not None and len(one)), default=0)
    known = [one.since for one in model.shifts if one.scope in (scope, EVERY_SCOPE) and one.since is not None]
    between = [one for one in known if since is not None and since < one <= last]
    if between:
        raise InputError(
            "The model was rebased for {known} already; the good wafers after {asked} lie on both sides of it.",
            hint="Ask for fewer wafers, or give a time from then on.",
            field="since",
            known=_moment(min(between)),
            asked=_moment(since or 0),
        )


def _moment(nanosecond: int) -> str:
    return str(np.datetime64(nanosecond, "ns").astype("datetime64[s]"))


def _since(place: Any, series: list[Series]) -> int | None:
    first = series[0].time
    return nanoseconds(place) if place is not None else None if first is None else nanoseconds(first[0])


def _count(wafers: int, rows: int | None) -> int:
    wanted = wafers if rows is None else rows // BLOCK
    if wanted < FEWEST:
        raise InputError(
            "A rebase needs at least {fewest} wafers, or {rows} rows where nothing names wafers.",
            hint="Give a larger number; {usual} wafers are usual.",
            field="wafers" if rows is None else "rows",
            fewest=FEWEST,
            rows=FEWEST * BLOCK,
            usual=USUAL_WAFERS,
        )
    return wanted


def _sensors(model: Model, names: Collection[str], field: str) -> set[int]:
    missing = [name for name in names if name not in model.features]
    if missing:
        raise NotFoundError(
            "The model has no sensor named {missing}.",
            hint="Choose among: {known}.",
            field=field,
            missing=", ".join(missing[:5]),
            known=", ".join(model.features[:20]),
        )
    return {model.features.index(name) for name in names}


def _check_enough(used: dict[str, list[Series]]) -> None:
    most = max((len(units_of(series)) for series in used.values()), default=0)
    if most < FEWEST:
        raise InputError(
            "There are {count} good wafers after the maintenance; a rebase needs at least {fewest}.",
            hint="Wait for more wafers, or choose an earlier time.",
            field="wafers",
            count=most,
            fewest=FEWEST,
        )
