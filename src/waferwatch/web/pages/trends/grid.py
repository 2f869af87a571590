"""Where to look: the grid of steps and sensors, worst first, and its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.learnt.limits import FEWEST_WAFERS
from waferwatch.indicators.statistics import MEAN
from waferwatch.indicators.trends.coverage import FarMean, LimitCoverage, coverage_of, far_means
from waferwatch.indicators.trends.grid import OF_CELLS, GridPart, Place, places_of, steps_in_order, worst_cells
from waferwatch.indicators.verdicts import RunScore
from waferwatch.store.runs import Run
from waferwatch.web.figures.wafers.chambers import chamber_styles, styles_shown
from waferwatch.web.figures.wafers.trend import wafer_name
from waferwatch.web.html.indicator_texts import indicator_title, sensor_title, statistic_titles
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers
from waferwatch.web.pages.trends.schemas import GridQuery

MOST_SENSORS, MOST_STEPS = 60, 30
_NAMED, _WORST = 3, 10


def grid_answer(judged: JudgedWafers, run: Run, query: GridQuery, translate: Translator) -> dict[str, Any]:
    """The grid of one detection."""
    part = GridPart(query.equipment, query.recipe, query.last)
    places = places_of(judged, part)
    wanted = query.search.casefold()
    cells = worst_cells(one for one in places if wanted in sensor_title(one.sensor, translate).casefold())
    far, coverage = ([] if places else far_means(judged)), coverage_of(judged)
    sensors = list(dict.fromkeys(sensor for sensor, _ in cells)) or _by_distance(judged, far, wanted)
    steps = steps_in_order(judged, part)[:MOST_STEPS]
    shown = _ordered(sensors)[:MOST_SENSORS]
    listed = [one for (sensor, step), one in cells.items() if sensor in shown and step in steps]
    names = dict.fromkeys(one.equipment for one in judged.cells.names)
    said = [_place(one, judged.runs, translate) for one in listed]
    return {
        "run": run.id,
        "dataset": run.dataset,
        "dataset_name": run.dataset_name,
        "sentence": _sentence(places, coverage, translate),
        "about": _about(judged, coverage, translate),
        "wafers": len(judged.runs),
        "indicators": len(places),
        "beyond": sum(one.beyond > 0 for one in places),
        "chambers": styles_shown(chamber_styles(names), sorted(names)),
        "recipes": list(dict.fromkeys(one.recipe for one in judged.cells.names)),
        "steps": steps,
        "recipes_of": _recipes_of(judged),
        "sensors": [_sensor(judged, one, translate) for one in shown],
        "sensors_total": len(sensors),
        "cells": said,
        "worst": _worst(said),
        "far": [_far(one, judged.runs, translate) for one in far[:_WORST]],
        "coverage": [_coverage(one, translate) for one in coverage],
        "statistics": statistic_titles(translate),
    }


def _worst(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The worst step of each sensor on each chamber, with the other steps; what belongs to no sensor comes last."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in sorted((one for one in cells if one["severity"]), key=lambda one: one["sensor"] in OF_CELLS):
        first = found.setdefault((one["sensor"], one["equipment"]), {**one, "also": []})
        if first["step"] != one["step"]:
            first["also"].append(one["step"])
    return list(found.values())[:_WORST]


def _by_distance(judged: JudgedWafers, far: Sequence[FarMean], wanted: str) -> list[str]:
    """Sensors of data without limits: those that differ most between wafers first."""
    every = dict.fromkeys([*(one.sensor for one in far), *judged.model.sensors])
    return [one for one in every if wanted in one.casefold()]


def _recipes_of(judged: JudgedWafers) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for one in judged.cells.names:
        found.setdefault(one.step, {})[one.recipe] = None
    return {step: list(recipes) for step, recipes in found.items()}


def _far(one: FarMean, runs: Sequence[RunScore], translate: Translator) -> dict[str, Any]:
    text = "{wafer}: {spreads} spreads above the middle of {count} wafers"
    if one.spreads < 0:
        text = "{wafer}: {spreads} spreads below the middle of {count} wafers"
    spreads = f"{min(abs(one.spreads), 999.0):.1f}"
    return {
        "sensor": one.sensor,
        "step": one.step,
        "equipment": one.equipment,
        "recipe": one.recipe,
        "statistic": MEAN,
        "wafer": one.run + 1,
        "title": indicator_title(one.sensor, MEAN, translate),
        "short": translate(text).format(
            wafer=wafer_name(runs[one.run], one.run + 1), spreads=spreads, count=one.wafers
        ),
    }


def _coverage(one: LimitCoverage, translate: Translator) -> dict[str, Any]:
    if one.limited and one.missing_to_stay:
        text = "provisional limits, normal wafers missing until they stay: {missing}"
    elif one.limited:
        text = "limits that stay"
    elif one.missing:
        text = "no limits yet, normal wafers missing: {missing}"
    else:
        text = "no limits: too few of the normal wafers are alike"
    missing = one.missing_to_stay if one.limited else one.missing
    return {
        "equipment": one.equipment,
        "recipe": one.recipe,
        "wafers": one.wafers,
        "golden": one.golden,
        "missing": one.missing,
        "missing_to_stay": one.missing_to_stay,
        "said": translate(text).format(missing=missing),
    }


def _ordered(sensors: Sequence[str]) -> list[str]:
    """Sensors worst first, then what belongs to no sensor."""
    return [*(one for one in sensors if one not in OF_CELLS), *(one for one in OF_CELLS if one in sensors)]


def _sensor(judged: JudgedWafers, sensor: str, translate: Translator) -> dict[str, Any]:
    statistics = [one.statistic for one in judged.deviations.columns if one.sensor == sensor]
    return {"sensor": sensor, "title": sensor_title(sensor, translate), "statistics": statistics}


def _place(one: Place, runs: Sequence[RunScore], translate: Translator) -> dict[str, Any]:
    severity = one.severity
    return {
        "sensor": one.sensor,
        "step": one.step,
        "equipment": one.equipment,
        "recipe": one.recipe,
        "statistic": one.statistic,
        "ratio": one.ratio,
        "beyond": one.beyond,
        "in_a_row": one.in_a_row,
        "wafers": one.wafers,
        "wafer": one.run + 1,
        "direction": one.direction,
        "severity": None if severity is None else severity.value,
        "title": indicator_title(one.sensor, one.statistic, translate),
        "said": _said(one, runs, translate),
        "short": _short(one, runs, translate),
    }


def _said(one: Place, runs: Sequence[RunScore], translate: Translator) -> str:
    what = f"{indicator_title(one.sensor, one.statistic, translate)} ({where(one)})"
    return f"{what}: {_short(one, runs, translate)}"


def _short(one: Place, runs: Sequence[RunScore], translate: Translator) -> str:
    if not one.beyond:
        text = "{count} wafer, within the limits" if one.wafers == 1 else "{count} wafers, all within the limits"
        return translate(text).format(count=one.wafers)
    return translate("{beyond} of {count} wafers beyond, first {wafer}, up to {ratio} x limit").format(
        beyond=one.beyond,
        count=one.wafers,
        wafer=wafer_name(runs[one.run], one.run + 1),
        ratio=f"{min(one.ratio, 999.0):.1f}",
    )


def where(one: Place) -> str:
    """Step and chamber of a place."""
    return ", ".join(filter(None, (one.step, one.equipment)))


def _sentence(places: Sequence[Place], coverage: Sequence[LimitCoverage], translate: Translator) -> str:
    numbers = Numbers(translate.language)
    off = [one for one in places if one.beyond]
    if not places:
        return translate(
            "No limits yet: {needed} normal wafers of a chamber and recipe are needed, and none has more than {most}."
        ).format(needed=FEWEST_WAFERS, most=max((one.golden for one in coverage), default=0))
    if not off:
        return translate("All {count} indicators are within their limits.").format(count=numbers.whole(len(places)))
    named = _apart(off)
    first = [f"{indicator_title(one.sensor, one.statistic, translate)} ({where(one)})" for one in named]
    return translate("{beyond} of {count} indicators are beyond their limits. Worst: {worst}.").format(
        beyond=numbers.whole(len(off)),
        count=numbers.whole(len(places)),
        worst=", ".join(first[:_NAMED]),
    )


def _apart(off: Sequence[Place]) -> list[Place]:
    """The worst of each chamber and sensor, those of other chambers first: three steps of one fault are one thing."""
    sensors = [one for one in off if one.sensor not in OF_CELLS] or off
    by_chamber: dict[str, Place] = {}
    by_sensor: dict[tuple[str, str], Place] = {}
    for one in sensors:
        by_chamber.setdefault(one.equipment, one)
        by_sensor.setdefault((one.equipment, one.sensor), one)
    return list(dict.fromkeys([*by_chamber.values(), *by_sensor.values()]))


def _about(judged: JudgedWafers, coverage: Sequence[LimitCoverage], translate: Translator) -> str:
    numbers = Numbers(translate.language)
    known = judged.model.limits.wafers
    without = sum(not one.limited for one in coverage)
    if without == len(coverage):
        return translate(
            "{wafers} wafers, {golden} of them learnt from. Values are shown as they are; no wafer is judged here."
        ).format(wafers=numbers.whole(len(judged.runs)), golden=numbers.whole(judged.model.wafers))
    text = translate("{wafers} wafers; limits learnt from {golden} normal ones.").format(
        wafers=numbers.whole(len(judged.runs)), golden=numbers.whole(judged.model.wafers)
    )
    if len(known) and int(known.min()) < 25:
        text += " " + translate("Where fewer than 25 of a step were learnt from, limits are provisional (dotted).")
    if without:
        text += " " + translate("No limits yet: {count} of {all} chambers and recipes.").format(
            count=without, all=len(coverage)
        )
    return text
