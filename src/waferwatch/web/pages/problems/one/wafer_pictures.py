"""The pictures of one problem: its leading indicator wafer by wafer, and the trace of one wafer over what is normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.judge import sensor_values
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.judging.leading import bounds
from waferwatch.indicators.problems.onset import BAND
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.statistics import MEAN
from waferwatch.read.table import Role
from waferwatch.series.steps import step_name
from waferwatch.web.figures.problem.drawing import Dot, Drawing, DrawnPanel, draw
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import place
from waferwatch.web.html.texts import statistic_words
from waferwatch.web.pages.problems.highest import wafer_name
from waferwatch.web.pages.problems.scope import moment_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_SENSORS = 3  # whose traces are shown
_MOST_SISTERS = 3


def trend_picture(judged: JudgedWafers, problem: FabProblem, shown: int, translate: Translator) -> Markup | None:
    """The leading indicator of the problem's chamber and of its sisters; None where it is not known.

    Args:
        shown: the wafer whose trace is shown, as a position in ``judged.runs``.
    """
    at = _column(judged, problem)
    stages = stages_of(judged, problem)
    if at is None or not stages:
        return None
    column = judged.found.columns[at]
    panels = [_trend(judged, problem, at, stage, shown) for stage in stages]
    dated = any(isinstance(run.start, str) for run in judged.runs)
    template = (
        translate("{sensor}, {statistic} in {step}, wafer by wafer, with limits")
        if problem.step
        else translate("{sensor}, {statistic}, wafer by wafer, with limits")
    )
    statistic = statistic_words(translate)[column.statistic]
    label = template.format(sensor=problem.sensor, statistic=statistic, step=step_name(problem.step or ""))
    return draw(Drawing(label, panels, dated=dated, one_scale=True))


def _column(judged: JudgedWafers, problem: FabProblem) -> int | None:
    """The leading indicator; the sensor's mean where rows or a relation lead."""
    for statistic in (problem.statistic, MEAN):
        wanted = IndicatorColumn(problem.sensor, statistic)
        if wanted in judged.found.columns:
            return judged.found.columns.index(wanted)
    return None


def stages_of(judged: JudgedWafers, problem: FabProblem) -> list[int]:
    """The same step of the same recipe: on the chamber itself, then on its sisters."""
    wanted = (problem.recipe or "", problem.step or "")
    alike = [number for number, name in enumerate(judged.cells.names) if (name.recipe, name.step) == wanted]
    own = [number for number in alike if judged.cells.names[number].equipment == (problem.equipment or "")]
    return [*own, *[number for number in alike if number not in own][:_MOST_SISTERS]] if own else []


def _trend(judged: JudgedWafers, problem: FabProblem, at: int, stage: int, shown: int) -> DrawnPanel:
    cells = judged.cells
    mine = np.flatnonzero(cells.stage == stage)
    runs = [judged.runs[number] for number in cells.run[mine].tolist()]
    x = np.array([moment_of(run.start) for run in runs])
    y = judged.found.values[mine, at]
    affected = set(problem.runs)
    dots = []
    for number, run, one, two in zip(cells.run[mine].tolist(), runs, x.tolist(), y.tolist(), strict=True):
        if run.abnormal or number == shown:
            kind = "now" if number == shown else "off" if number in affected else "other"
            text = f"{wafer_name(run)}, {place(run.start or '')}: {two:.4g}"
            dots.append(Dot(one, two, kind, text))
    return DrawnPanel(
        title=judged.cells.names[stage].equipment,
        x=x,
        y=y,
        points=True,
        limits=_limits(judged, stage, int(mine[0]), at),
        dots=sorted(dots, key=lambda dot: dot.kind == "now"),
    )


def _limits(judged: JudgedWafers, stage: int, cell: int, at: int) -> list[float]:
    known = int(judged.model.limits.places(judged.cells)[cell])
    if known < 0:
        return []
    both = bounds(judged.model.limits, known, at, judged.found.columns[at])
    return [one for one in both if one is not None]


def is_one_row(judged: JudgedWafers, run: int) -> bool:
    """Whether all that is known of a wafer is one row, as in tables of summaries: it has values and no trace."""
    return int(judged.cells.runs.lengths[run]) == 1


def values_picture(
    judged: JudgedWafers, problem: FabProblem, sensors: Sequence[str], shown: int, translate: Translator
) -> Markup | None:
    """Sensors wafer by wafer on the chamber of a problem, in place of the trace that one row has not.

    Args:
        sensors: in the order in which they are drawn; the leading one has the trend above and is left out.
        shown: the wafer that is ringed, as a position in ``judged.runs``.
    """
    columns = {name: IndicatorColumn(name, MEAN) for name in sensors if name != problem.sensor}
    known = {name: judged.found.columns.index(one) for name, one in columns.items() if one in judged.found.columns}
    stages = stages_of(judged, problem)
    if not known or not stages:
        return None
    panels = [replace(_trend(judged, problem, at, stages[0], shown), title=name) for name, at in known.items()]
    dated = any(isinstance(run.start, str) for run in judged.runs)
    label = translate("{sensors}, wafer by wafer, with limits").format(sensors=", ".join(known))
    return draw(Drawing(label, panels, dated=dated))


def trace_picture(
    judged: JudgedWafers, sensors: Sequence[str], run: int, before: int | None, translate: Translator
) -> Markup:
    """One wafer from its first step to its last, over the golden band of each step.

    Args:
        before: a normal wafer of the same recipe, drawn thinly; None without one.
    """
    columns = [judged.model.sensors.index(name) for name in sensors]
    rows, seconds, low, high = _course(judged, run, columns)
    values = sensor_values(judged.table, sensors)(rows)
    other = None if before is None else _values(judged, before, sensors)
    panels = [
        DrawnPanel(
            title=name,
            x=seconds,
            y=values[:, at],
            band=(low[:, at], high[:, at]),
            before=None if other is None else (other[0], other[1][:, at]),
        )
        for at, name in enumerate(sensors)
    ]
    one = judged.runs[run]
    label = translate("{sensors} of wafer {wafer} over the golden band").format(
        sensors=", ".join(sensors), wafer=wafer_name(one) or str(run + 1)
    )
    return draw(Drawing(label, panels, unit=" s" if timed(judged) else "", steps=_steps(judged, run, rows, seconds)))


def _rows(judged: JudgedWafers, run: int) -> Ints:
    runs = judged.cells.runs
    start = int(runs.starts[run])
    found: Ints = runs.rows[start : start + int(runs.lengths[run])]
    return found


def _course(judged: JudgedWafers, run: int, columns: Sequence[int]) -> tuple[Ints, Floats, Floats, Floats]:
    """Rows of a wafer, seconds since its first, and its golden band."""
    rows = _rows(judged, run)
    course, cells = judged.model.course, judged.cells
    of_row = np.full(len(judged.table.frame), -1, np.int64)
    of_row[cells.rows] = course.places(cells)
    places = of_row[rows]
    low = np.full((len(rows), len(columns)), np.nan)
    high = low.copy()
    known = places >= 0
    if len(course.middle):
        middle = course.middle[places[known]][:, columns].astype(np.float64)
        spread = BAND * course.spread[places[known]][:, columns].astype(np.float64)
        low[known], high[known] = middle - spread, middle + spread
    return rows, seconds_of(judged, rows), low, high


def _values(judged: JudgedWafers, run: int, sensors: Sequence[str]) -> tuple[Floats, Floats]:
    rows = _rows(judged, run)
    return seconds_of(judged, rows), sensor_values(judged.table, sensors)(rows)


def timed(judged: JudgedWafers) -> bool:
    """Whether rows have dates, so that the course of a wafer is drawn in seconds."""
    column = judged.table.column(Role.TIME)
    return column is not None and judged.table.frame[column].dtype.kind == "M"


def seconds_of(judged: JudgedWafers, rows: Ints) -> Floats:
    """(n,) time since the first of these rows: seconds where rows have dates, else as the time column counts."""
    column = judged.table.column(Role.TIME)
    if column is None:
        return np.arange(len(rows), dtype=np.float64)
    time: NDArray[Any] = judged.table.frame[column].to_numpy()[rows]
    if time.dtype.kind == "M":
        time = (time - time[0]).astype("timedelta64[ms]").astype(np.float64) / 1000
    found: Floats = (time - time[0]).astype(np.float64)
    return found


def _steps(judged: JudgedWafers, run: int, rows: Ints, seconds: Floats) -> list[tuple[float, str]]:
    """Where each step begins."""
    stage = judged.cells.stage[judged.cell_of_row[rows]]
    borders = [0, *(np.flatnonzero(np.diff(stage)) + 1).tolist()]
    return [(float(seconds[at]), judged.cells.names[int(stage[at])].step) for at in borders]
