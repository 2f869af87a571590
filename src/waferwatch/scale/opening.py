"""Some days of one equipment of a fleet, opened by the pages: a data set with its result.

The units are scored once more, since the pages explain rows that are not flagged too, and compared with what the run
of the plan has written: what is opened is what was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.judge import RowScores
from waferwatch.jobs.detection import summary
from waferwatch.jobs.options import Options
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.recipe.recipe import NO_RECIPE
from waferwatch.read.table import Table
from waferwatch.read.time_axis.places import place_of
from waferwatch.scale import results
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit, name_of
from waferwatch.scale.tasks import kept_model, kept_starts
from waferwatch.scale.units.scoring import scored
from waferwatch.scoring.detecting.with_model import found_in
from waferwatch.scoring.model import Model
from waferwatch.scoring.result import Detection
from waferwatch.scoring.thresholds.threshold import choose
from waferwatch.series.split import split
from waferwatch.store.runs import Run
from waferwatch.store.store import Store

_NEAR = 1e-4  # scores of a unit that is scored again, on another machine maybe, differ by less


@dataclass(frozen=True)
class Opened:
    """What the pages open."""

    run: Run
    rows: int
    units: int
    missing: tuple[str, ...]  # units in between that have no results


@dataclass(frozen=True)
class _Scored:
    """The own rows of some units."""

    frame: pd.DataFrame
    scores: Any  # (rows,) float64
    flags: Any  # (rows,) bool
    contributions: Any  # (rows, sensors) float32


def open_units(plan: ScalePlan, equipment: str, first: str | None, last: str | None, store: Store, user: str) -> Opened:
    """Keep some units as a data set with a finished detection; one that was opened before is found again.

    Args:
        equipment: as the report names it.
        first, last: times of the data or days, both counted in; None: from the first, up to the last.

    Raises:
        NotFoundError: there is no such equipment, or none of its units in this time has results.
        InputError: the rows have changed since they were scored, or are too many for a data set.
    """
    every = _chosen(plan, equipment, first, last)
    done = [one for one in every if results.get_json(plan.results, f"{results.MARKERS}/{one.key}") is not None]
    if not done:
        raise NotFoundError(
            "{equipment} has no results in this time.",
            hint="See what was done with: waferwatch scale status",
            field="equipment",
            equipment=equipment,
        )
    missing = tuple(name_of(one.begin) for one in every if one not in done)
    model = kept_model(plan, done[0].equipment)
    fingerprint = _fingerprint(plan, done, model)
    before = store.runs.same(fingerprint)
    if before is not None:
        with suppress(NotFoundError):
            rows = store.datasets.get(before.dataset).rows
            return Opened(before, rows, len(done), missing)
    run, rows = _kept(plan, model, done, equipment, store, user, fingerprint)
    return Opened(run, rows, len(done), missing)


def _chosen(plan: ScalePlan, equipment: str, first: str | None, last: str | None) -> list[WorkUnit]:
    mine = next((units for one, units in plan.by_equipment() if " / ".join(one) == equipment), None)
    if mine is None:
        some = [" / ".join(one) for one, _ in zip((each for each, _ in plan.by_equipment()), range(5), strict=False)]
        raise NotFoundError(
            "The plan has no equipment {equipment}.",
            hint="Take one of its own, such as {some}.",
            field="equipment",
            equipment=equipment,
            some=", ".join(some),
        )
    begin, end = (_moment(text, field) for text, field in ((first, "first"), (last, "last")))
    return [
        one
        for one in mine
        if (begin is None or name_of(one.begin) >= name_of(begin)) and (end is None or one.begin <= end)
    ]


def _moment(text: str | None, field: str) -> int | None:
    place = None if text is None else place_of(text, True, field)
    return None if place is None else int(place.astype("datetime64[ns]").astype(np.int64))


def _fingerprint(plan: ScalePlan, units: Sequence[WorkUnit], model: Model) -> str:
    said = [plan.settings, model.digest, [(one.key, one.files, one.sizes) for one in units]]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _kept(
    plan: ScalePlan, model: Model, units: Sequence[WorkUnit], equipment: str, store: Store, user: str, fingerprint: str
) -> tuple[Run, int]:
    """The data set and its finished run; neither is left behind where something fails."""
    rows = _all_scored(plan, model, units)
    incoming = store.datasets.open_incoming()
    try:
        rows.frame.to_parquet(incoming.file, index=False)
    except BaseException:
        store.datasets.discard(incoming)
        raise
    name = f"{equipment} {name_of(units[0].begin)}..{name_of(units[-1].begin)}.parquet"
    dataset, table = store.datasets.keep(incoming, name, _reading(plan, model, rows.frame), NO_RECIPE)
    run: Run | None = None
    try:
        found = _detection(plan, model, table, rows)
        options = Options(
            dataset=dataset.id,
            version=dataset.version,
            detector=plan.detector,
            checkpoint=plan.checkpoint,
            threshold=plan.threshold,  # type: ignore[arg-type]
            false_alarms=plan.false_alarms,
        )
        run = store.runs.add("detection", dataset.id, dataset.name, options.to_dict(), fingerprint, user)
        store.runs.start(run.id)
        store.results.put_detection(run.id, found)
        store.problems.found_by(run, found)
        store.runs.finish(run.id, summary(found))
    except BaseException:
        if run is not None:
            store.delete_run(run.id)
        store.datasets.delete(dataset.id)
        raise
    store.audit.add(user, "open fleet", run.id, dataset=dataset.id)
    return store.runs.get(run.id), dataset.rows


def _reading(plan: ScalePlan, model: Model, frame: pd.DataFrame) -> ImportOptions:
    """How the file is read: as its rows were when they were scored."""
    there = {str(column) for column in frame.columns}
    roles = {column: role for column, role in model.roles.items() if column in there and column != plan.time}
    group = tuple(column for column in model.groups if column in there)
    return ImportOptions(time=(plan.time,), features=tuple(model.features), group=group or None, roles=roles)


def _all_scored(plan: ScalePlan, model: Model, units: Sequence[WorkUnit]) -> _Scored:
    """The own rows of all units, in time order."""
    parts = list(_each_scored(plan, model, units))
    frame = pd.concat([one.frame for one in parts], ignore_index=True)
    order = np.argsort(frame[plan.time].to_numpy(), kind="stable")
    scores, flags, contributions = (
        np.concatenate([getattr(one, name) for one in parts])[order] for name in ("scores", "flags", "contributions")
    )
    return _Scored(frame.iloc[order].reset_index(drop=True), scores, flags, contributions)


def _each_scored(plan: ScalePlan, model: Model, units: Sequence[WorkUnit]) -> Iterator[_Scored]:
    starts = kept_starts(plan, units[0].equipment)
    for unit in units:
        near, found = scored(plan, unit, model, starts)
        own = np.flatnonzero(near.own)
        one = _Scored(near.table.frame.iloc[own], found.scores[own], found.flags[own], found.contributions[own])
        _check(plan, unit, one)
        yield one


def _check(plan: ScalePlan, unit: WorkUnit, one: _Scored) -> None:
    """
    Raises:
        InputError: the results of the unit are others.
    """
    kept = results.read_unit(plan.results, "scores", unit.key)
    same = len(kept) == len(one.scores) and np.allclose(kept["score"], one.scores, atol=_NEAR, equal_nan=True)
    if not same:
        raise InputError(
            "{unit} has other scores now than the results say.",
            hint="Its files, or the version of waferwatch, have changed: make the plan again and run it.",
            field="plan",
            unit=unit.key,
        )


def _detection(plan: ScalePlan, model: Model, table: Table, rows: _Scored) -> Detection:
    """Events, wafers and problems of the opened rows."""
    fitting = model.fits(table)
    parts = split(fitting, layout=model.layout)
    series = [one.with_sensors(parts.features, model.features) for one in parts.series]
    chosen = choose(plan.wish, model.fitted, rows.scores)
    scores = RowScores(rows.scores, rows.flags, rows.contributions, chosen.value)
    return replace(found_in(model, fitting, series, scores, chosen), notes=model.notes)


def link_of(opened: Opened) -> str:
    """Where the pages show it, below the address of the server."""
    return f"/problems?run={opened.run.id}"
