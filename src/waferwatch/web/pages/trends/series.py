"""One indicator wafer by wafer: panels, rules with their rates, the file of it, and the trace behind a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from waferwatch.errors import InputError
from waferwatch.export.tables import write_tables
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.learnt.limits import FEWEST_WAFERS
from waferwatch.indicators.rules import RULES
from waferwatch.indicators.trends.trace import StepTrace, leading_sensor, step_trace
from waferwatch.indicators.trends.trend import Indicator, Trend, rates, trends_of
from waferwatch.scoring.result import Detection
from waferwatch.series.steps import step_name
from waferwatch.web.figures.wafers.chambers import ChamberStyle, chamber_styles
from waferwatch.web.figures.wafers.trace import trace_figure
from waferwatch.web.figures.wafers.trend import MOST_PANELS, TrendView, trend_figure, wafer_name
from waferwatch.web.html.indicator_texts import indicator_title, rule_titles
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers
from waferwatch.web.pages.trends.schemas import SeriesQuery, TraceQuery

_MOST_OTHERS = 5


def series_answer(
    judged: JudgedWafers,
    asked: Sequence[TypedLimit],
    marks: Sequence[dict[str, Any]],
    query: SeriesQuery,
    translate: Translator,
) -> dict[str, Any]:
    """The panels of one indicator as a figure, with what is said of them.

    Args:
        asked: typed limits that the detection was asked with; those of the query stand in their place.

    Raises:
        NotFoundError: there is no such indicator, step, recipe or chamber.
        InputError: a rule that does not exist.
    """
    trends, typed = _trends(judged, query), _typed(asked, query)
    if typed is not None and query.lower is None and query.upper is None:
        query = query.model_copy(update={"lower": typed.lower, "upper": typed.upper})
    shown, on = _most_telling(trends), rules_of(query.rules)
    styles = _styles(judged)
    view = TrendView(on, query.lower, query.upper, query.start, query.end, marks, styles)
    found, titles = rates(shown), rule_titles(translate)
    title = [indicator_title(query.sensor, query.statistic, translate), query.step, query.recipe]
    return {
        "title": " · ".join(filter(None, title)),
        "panels": [_panel(judged, one, query, styles[one.equipment], translate) for one in shown],
        "panels_total": len(trends),
        "typed_lower": None if typed is None else typed.lower,
        "typed_upper": None if typed is None else typed.upper,
        "rules": [
            {
                "name": one.name,
                "title": titles[one.name],
                "on": one.name in on,
                "expected_rate": one.false_rate,
                "points": found[one.name][0],
                "fired": found[one.name][1],
            }
            for one in RULES.values()
        ],
        "figure": trend_figure(shown, judged.runs, view, translate),
    }


def rules_of(text: str) -> list[str]:
    """
    Raises:
        InputError: for a name that no rule has.
    """
    names = [one.strip() for one in text.split(",") if one.strip()]
    for one in names:
        if one not in RULES:
            raise InputError(
                "There is no rule {rule}.",
                hint="Rules: {known}.",
                field="rules",
                rule=one[:60],
                known=", ".join(RULES),
            )
    return list(dict.fromkeys(names))


def trend_frame(judged: JudgedWafers, query: SeriesQuery) -> pd.DataFrame:
    """The points of an indicator, one row each, with limits and with what rules say.

    Raises:
        NotFoundError, InputError: as :func:`series_answer`.
    """
    on = rules_of(query.rules)
    return pd.concat([_rows(judged, one, query, on) for one in _trends(judged, query)], ignore_index=True)


def write_trend(judged: JudgedWafers, query: SeriesQuery, kind: str, file: BinaryIO) -> None:
    """The same as a file."""
    write_tables({"trend": trend_frame(judged, query)}, file, kind)


def trace_answer(judged: JudgedWafers, found: Detection, query: TraceQuery, translate: Translator) -> dict[str, Any]:
    """The trace of a wafer in one step over the golden band.

    Raises:
        NotFoundError: there is no such wafer, step or sensor.
    """
    run = query.wafer - 1
    sensor = query.sensor
    if sensor.startswith("_") and sensor not in judged.model.sensors:
        sensor = leading_sensor(judged, run, query.step)
    others = [one for one in _numbers(query.others) if one != run][:_MOST_OTHERS]
    every = [run, *others]
    traces = [step_trace(judged, one, query.step, sensor) for one in every]
    names = [wafer_name(judged.runs[one], one + 1) for one in every]
    styles = _styles(judged)
    drawn = [styles.get(judged.runs[one].equipment or "", ChamberStyle(0)) for one in every]
    before, after = _neighbours(judged, run, query.step)
    return {
        "wafer": query.wafer,
        "name": names[0],
        "sensor": sensor,
        "title": _trace_title(names[0], sensor, query.step, translate),
        "said": _outside(judged, traces[0], run, sensor, translate),
        "previous": before,
        "next": after,
        "figure": trace_figure(traces, names, drawn, sensor, translate),
        "problem": _problem(found, run, translate),
    }


def _trace_title(wafer: str, sensor: str, step: str, translate: Translator) -> str:
    if not step:
        return translate("Trace of {wafer}: {sensor}").format(wafer=wafer, sensor=sensor)
    values = {"wafer": wafer, "sensor": sensor, "step": step_name(step)}
    return translate("Trace of {wafer}: {sensor} in {step}").format(**values)


def _trends(judged: JudgedWafers, query: SeriesQuery) -> list[Trend]:
    return trends_of(judged, Indicator(query.step, query.sensor, query.statistic), query.recipe, query.equipment)


def _most_telling(trends: Sequence[Trend]) -> list[Trend]:
    """Of very many chambers those with most wafers beyond a limit, in the order of their names."""
    if len(trends) <= MOST_PANELS:
        return list(trends)
    beyond = np.array([np.count_nonzero(one.beyond) for one in trends])
    chosen = np.sort(np.argsort(-beyond, kind="stable")[:MOST_PANELS])
    return [trends[at] for at in chosen.tolist()]


def _typed(asked: Sequence[TypedLimit], query: SeriesQuery) -> TypedLimit | None:
    """The last typed limit that holds for an indicator."""
    for one in reversed(asked):
        same = (one.sensor, one.statistic) == (query.sensor, query.statistic)
        if same and one.recipe in (None, query.recipe) and one.step in (None, query.step):
            return one
    return None


def _styles(judged: JudgedWafers) -> dict[str, ChamberStyle]:
    return chamber_styles(one.equipment for one in judged.cells.names)


def _panel(
    judged: JudgedWafers, one: Trend, query: SeriesQuery, style: ChamberStyle, translate: Translator
) -> dict[str, Any]:
    off = (one.beyond != 0) | one.outside(query.lower, query.upper)
    return {
        "equipment": one.equipment,
        "color": style.color,
        "dash": style.dash,
        "said": _said(judged, one, np.flatnonzero(off).tolist(), translate),
        "points": int(np.isfinite(one.values).sum()),
        "beyond": int(off.sum()),
        "lower": one.lower,
        "upper": one.upper,
        "usual": one.usual,
        "golden": one.golden,
        "provisional": one.provisional,
    }


def _said(judged: JudgedWafers, one: Trend, off: Sequence[int], translate: Translator) -> str:
    numbers = Numbers(translate.language)
    name = one.equipment or indicator_title(one.indicator.sensor, one.indicator.statistic, translate)
    values = {"count": numbers.whole(len(one.runs)), "beyond": numbers.whole(len(off))}
    if one.lower is None and one.upper is None:
        return f"{name}: {_no_limit(one, values['count'], translate)}"
    if one.as_first_wafers:
        usual = translate("Outside, as the first wafers after a change of recipe usually are: {count}")
        name = f"{usual.format(count=numbers.whole(one.as_first_wafers))}. {name}"
    if not off:
        text = "{count} wafer, within the limits" if len(one.runs) == 1 else "{count} wafers, all within the limits"
        return f"{name}: {translate(text).format(**values)}"
    number = int(one.runs[off[0]])
    first = wafer_name(judged.runs[number], number + 1)
    return f"{name}: {translate('{count} wafers, {beyond} beyond, first {wafer}').format(**values, wafer=first)}"


def _no_limit(one: Trend, count: str, translate: Translator) -> str:
    missing = FEWEST_WAFERS - one.golden
    if missing <= 0:
        return translate("{count} wafers, no limit of this indicator").format(count=count)
    text = "{count} wafers, no limit yet: {golden} of {needed} normal wafers of this step, {missing} missing"
    return translate(text).format(count=count, golden=one.golden, needed=FEWEST_WAFERS, missing=missing)


def _rows(judged: JudgedWafers, one: Trend, query: SeriesQuery, rules: Sequence[str]) -> pd.DataFrame:
    runs = [judged.runs[number] for number in one.runs.tolist()]
    fired = {name: one.fired(RULES[name]) for name in rules}
    frame = pd.DataFrame(
        {
            "run": one.runs + 1,
            "equipment": one.equipment,
            "lot": [run.lot for run in runs],
            "wafer": [run.wafer for run in runs],
            "recipe": one.recipe,
            "step": one.indicator.step,
            "start": [run.start for run in runs],
            "sensor": one.indicator.sensor,
            "statistic": one.indicator.statistic,
            "value": one.values,
            "lower": one.lower,
            "upper": one.upper,
            "usual": one.usual,
            "spreads": one.spreads,
            "beyond": one.beyond,
        }
    )
    typed = {
        name: side for name, side in (("typed_lower", query.lower), ("typed_upper", query.upper)) if side is not None
    }
    if typed:
        frame = frame.assign(**typed, typed_beyond=one.outside(query.lower, query.upper))
    return frame.assign(**fired)


def _numbers(text: str) -> list[int]:
    """Wafers from 0, of a list of numbers from 1; what is none is left out."""
    return [int(one) - 1 for one in dict.fromkeys(text.split(",")) if one.strip().isascii() and one.strip().isdigit()]


def _neighbours(judged: JudgedWafers, run: int, step: str) -> tuple[int | None, int | None]:
    """Numbers, from 1, of the wafers before and after it on its chamber that ran the step."""
    cells = judged.cells
    equipment = judged.runs[run].equipment
    ran = sorted(
        {
            int(cells.run[at])
            for at in np.flatnonzero([cells.names[one].step == step for one in cells.stage.tolist()]).tolist()
            if judged.runs[int(cells.run[at])].equipment == equipment
        }
    )
    at = ran.index(run)
    return (ran[at - 1] + 1 if at else None), (ran[at + 1] + 1 if at + 1 < len(ran) else None)


def _outside(judged: JudgedWafers, trace: StepTrace, run: int, sensor: str, translate: Translator) -> str:
    name = wafer_name(judged.runs[run], run + 1)
    if not len(trace.middle):
        return translate("{wafer}: no golden band, since too few normal wafers ran this step").format(wafer=name)
    rows = int(trace.outside.sum())
    if not rows:
        return translate("{wafer}: {sensor} stays in the golden band").format(wafer=name, sensor=sensor)
    text = translate("{wafer}: {sensor} is outside the golden band in {rows} of {count} rows, from {seconds} s on")
    first = float(trace.seconds[int(np.argmax(trace.outside))])
    values = {"wafer": name, "sensor": sensor, "rows": rows, "count": len(trace.values)}
    return text.format(**values, seconds=f"{first:.4g}")


def _problem(found: Detection, run: int, translate: Translator) -> dict[str, Any] | None:
    for one in found.problems:
        if run in one.runs:
            title = "" if one.title is None else translate(one.title.template).format(**one.title.values)
            return {"number": one.number, "title": title}
    return None
