"""What /runs/{id}/overlay answers: runs of one recipe laid over one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.grouping.groups import Groups, group_columns, natural, number_of, part
from waferwatch.grouping.overlay import FEWEST_NORMAL, Overlay, Trace, lay_over
from waferwatch.jobs.finished import ScoredRows
from waferwatch.jobs.options import check_sensor
from waferwatch.read.cells.values import to_float
from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role
from waferwatch.series.wafer_runs import WaferRuns, find_runs
from waferwatch.web.figures.overlay import overlay_figure
from waferwatch.web.figures.style import Figure
from waferwatch.web.figures.wafers.chambers import ChamberStyle, chamber_styles
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.groups.places import Places
from waferwatch.web.pages.groups.schemas import OverlayQuery
from waferwatch.web.results.answer import sensor_ranking

_MOST_CHOICES = 200


@dataclass(frozen=True)
class _Chosen:
    """The runs laid over one another, and what else could be chosen."""

    runs: WaferRuns
    recipes: list[dict[str, Any]]
    recipe: str | None
    equipments: list[dict[str, Any]]


def overlay_answer(one: ScoredRows, places: Places, query: OverlayQuery, translate: Translator) -> dict[str, Any]:
    """
    Args:
        one: the run of the detection.
        places: of the whole data set.
        query: what to draw.
        translate: the reader's language.

    Raises:
        NotFoundError, InputError: for a sensor, column or value that does not exist.
    """
    sensor = query.sensor or sensor_ranking(one.found)[0]["sensor"]
    check_sensor(one.table, sensor, "sensor")
    color = query.color or one.table.column(Role.EQUIPMENT) or next(iter(group_columns(one.table)), None)
    colors = None if color is None else part(one.table, color, "color")
    about = {
        "run": one.finished.run.id,
        "dataset": one.finished.run.dataset,
        "sensor": sensor,
        "color": color,
        "equipment": query.equipment,
    }
    runs = find_runs(one.table)
    chosen = None if runs is None else _choose(one, runs, query)
    if chosen is None or not len(chosen.runs) or int(chosen.runs.lengths.max()) == 1:
        return about | _nothing(chosen, translate)
    steps = one.table.column(Role.STEP)
    overlay = lay_over(
        chosen.runs,
        one.found,
        to_float(one.table.frame[sensor]),
        None if steps is None else part(one.table, steps),
    )
    names = [name or translate("(empty)") for name in _names(one, chosen.runs, overlay.traces)]
    groups = [None if colors is None else colors.values[colors.codes[trace.rows[0]]] for trace in overlay.traces]
    return about | {
        "recipes": chosen.recipes,
        "recipe": chosen.recipe,
        "equipments": chosen.equipments,
        "runs": overlay.runs,
        "normal": overlay.normal,
        "flagged": [
            _run(one, places, trace, name, group)
            for trace, name, group in zip(overlay.traces, names, groups, strict=True)
        ],
        "notes": _notes(overlay, translate),
        "figure": _figure(one, overlay, names, groups, colors, sensor, translate),
    }


def _figure(
    one: ScoredRows,
    overlay: Overlay,
    names: Sequence[str],
    groups: Sequence[str | None],
    colors: Groups | None,
    sensor: str,
    translate: Translator,
) -> Figure:
    named = [group or translate("(empty)") for group in groups]
    return overlay_figure(overlay, names, named, one.found.flags, sensor, translate, _chambers(one, colors))


def _chambers(one: ScoredRows, colors: Groups | None) -> dict[str, ChamberStyle] | None:
    """Styles of the chambers of the data, where chambers give the colours."""
    if colors is None or colors.column != one.table.column(Role.EQUIPMENT):
        return None
    return chamber_styles(value for value in colors.values if value)


def _nothing(chosen: _Chosen | None, translate: Translator) -> dict[str, Any]:
    """Why nothing is drawn, and what else could be chosen."""
    known = chosen is not None and len(chosen.runs) > 0
    sentence = (
        translate("Every run is one row: there is no course to lay over one another.")
        if known
        else translate(
            "These data tell no runs to lay over one another: "
            "there is no lot or wafer column whose rows stand together."
        )
    )
    lists: dict[str, Any] = {"recipes": [], "equipments": [], "recipe": None}
    if chosen is not None and known:
        lists = {"recipes": chosen.recipes, "equipments": chosen.equipments, "recipe": chosen.recipe}
    return lists | {"flagged": [], "notes": [sentence], "runs": 0, "normal": 0, "figure": None}


def _choose(one: ScoredRows, runs: WaferRuns, query: OverlayQuery) -> _Chosen:
    """The equipment asked for, then of its recipes the one asked for, or that with most flagged runs."""
    firsts, flagged = runs.rows[runs.starts], _flagged(runs, one.found.flags)
    keep = np.ones(len(runs), dtype=np.bool_)
    equipments, recipes, recipe = [], [], None
    column = one.table.column(Role.EQUIPMENT)
    if column is not None:
        machines = part(one.table, column)
        equipments = _choices(machines, machines.codes[firsts], flagged)
        equipments.sort(key=lambda choice: natural(choice["value"]))
        if query.equipment is not None:
            keep &= machines.codes[firsts] == number_of(machines, query.equipment, "equipment")
    column = one.table.column(Role.RECIPE)
    if column is not None:
        kinds = part(one.table, column)
        recipes = _choices(kinds, kinds.codes[firsts[keep]], flagged[keep])
        recipe = (recipes[0]["value"] or "" if recipes else None) if query.recipe is None else query.recipe
        if recipe is not None:
            keep &= kinds.codes[firsts] == number_of(kinds, recipe, "recipe")
    return _Chosen(runs.only(keep), recipes[:_MOST_CHOICES], recipe, equipments[:_MOST_CHOICES])


def _flagged(runs: WaferRuns, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(runs,) whether a run has a flagged row."""
    return np.bincount(runs.numbers, weights=flags[runs.rows], minlength=len(runs)) > 0


def _choices(groups: Groups, codes: NDArray[np.intp], flagged: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """The groups that runs have, most flagged runs first, then most runs."""
    runs, hits = (np.bincount(some, minlength=len(groups)).tolist() for some in (codes, codes[flagged]))
    found = [
        {"value": value, "runs": count, "flagged": hit}
        for value, count, hit in zip(groups.values, runs, hits, strict=True)
        if count
    ]
    return sorted(found, key=lambda choice: (-choice["flagged"], -choice["runs"], natural(choice["value"])))


def _names(one: ScoredRows, runs: WaferRuns, traces: Sequence[Trace]) -> list[str]:
    """What each run is called: its equipment, lot and wafer."""
    codes, keys = group_codes(one.table.frame.iloc[[int(trace.rows[0]) for trace in traces]], runs.columns)
    return [" / ".join(filter(None, keys[code])) for code in codes.tolist()]


def _run(one: ScoredRows, places: Places, trace: Trace, name: str, group: str | None) -> dict[str, Any]:
    first, last = places.span(one.rows[trace.rows]) or (None, None)
    return {
        "name": name,
        "group": group,
        "score": None if math.isnan(trace.score) else trace.score,
        "rows": len(trace.rows),
        "flagged": trace.flagged,
        "first": first,
        "last": last,
    }


def _notes(overlay: Overlay, translate: Translator) -> list[str]:
    notes = []
    if overlay.runs < FEWEST_NORMAL:
        notes.append(translate("Fewer than {least} runs make no envelope.").format(least=FEWEST_NORMAL))
    elif overlay.by_rows:
        sentence = translate(
            "Fewer than {least} runs have no flagged row: the envelope is that of the unflagged rows of all runs."
        )
        notes.append(sentence.format(least=FEWEST_NORMAL))
    notes.append(
        translate("Every step is stretched to its usual length, so that a late step does not shift the rest.")
        if overlay.steps
        else translate("The data tell no steps: the runs are aligned by their beginning.")
    )
    if not overlay.traces:
        notes.append(translate("No run of this choice has a flagged row."))
    return notes
