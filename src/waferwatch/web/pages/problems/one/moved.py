"""What moved where a problem begins: every sensor that left its band in the first wafer, in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.problems.onset import IN_A_ROW, departures
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.statistics import MEAN
from waferwatch.read.table import Role
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers

_MOST = 12
ARROWS = {"up": "↑", "down": "↓"}
LENGTH_SENSOR = "_length"  # stands for the length of a step


@dataclass(frozen=True)
class MovedSensor:
    """One sensor that left its band in the first wafer, or is part of the problem without having left it."""

    sensor: str
    arrow: str  # to which side, where it is a sensor of the problem
    share: str  # of the deviation; empty where it is none
    after: str  # the first one of them; empty where the wafer has too few rows to leave a band
    step: str
    value: str  # mean of that step in the wafer, and the golden one
    usual: str


def what_moved(judged: JudgedWafers, problem: FabProblem, translate: Translator) -> list[MovedSensor]:
    """In order of time, those that stayed in their bands at the end; without wafers nothing is known.

    A wafer of fewer rows than leave a band says nothing of the order: of it there are the values.
    """
    if not problem.runs:
        return []
    left = sorted(departures(judged, problem.runs[0]).items(), key=lambda each: each[1].row)[:_MOST]
    first = left[0][1].row if left else 0
    own, numbers = {one.sensor: one for one in problem.sensors}, Numbers(translate.language)
    stayed = [name for name in own if name not in dict(left)]
    found = [
        (sensor, _after(judged, first, at.row, translate), *_where(judged, sensor, at.row, numbers))
        for sensor, at in left
    ] + [(sensor, *_stayed(judged, problem.runs[0], sensor, numbers, translate)) for sensor in stayed]
    return [
        MovedSensor(
            translate("length of the step") if sensor == LENGTH_SENSOR else sensor,
            ARROWS.get(own[sensor].direction, "~") if sensor in own else "",
            numbers.share(own[sensor].share, 0) if sensor in own else "",
            *rest,
        )
        for sensor, *rest in found
    ]


def _after(judged: JudgedWafers, first: int, row: int, translate: Translator) -> str:
    column = judged.table.column(Role.TIME)
    if first == row:
        return translate("first")
    if column is None:
        later = row - first
        return translate("{count} row later" if later == 1 else "{count} rows later").format(count=later)
    time = judged.table.frame[column].to_numpy()
    if time.dtype.kind == "M":
        return f"+{(time[row] - time[first]) / np.timedelta64(1, 's'):.4g} s"
    return f"+{float(time[row]) - float(time[first]):.4g}"


def _stayed(
    judged: JudgedWafers, run: int, sensor: str, numbers: Numbers, translate: Translator
) -> tuple[str, str, str, str]:
    """When, where, mean there and golden mean of a sensor that no row of the wafer shows to have left its band."""
    start, length = int(judged.cells.runs.starts[run]), int(judged.cells.runs.lengths[run])
    if length >= IN_A_ROW:
        return translate("stayed in its band"), "", "", ""
    return "", *_where(judged, sensor, int(judged.cells.runs.rows[start]), numbers)


def _where(judged: JudgedWafers, sensor: str, row: int, numbers: Numbers) -> tuple[str, str, str]:
    """Step, mean there and golden mean."""
    cell = int(judged.cell_of_row[row])
    step = judged.cells.names[int(judged.cells.stage[cell])].step
    wanted = IndicatorColumn(sensor, MEAN)
    known = int(judged.model.limits.places(judged.cells)[cell])
    if wanted not in judged.found.columns or known < 0:
        return step, "", ""
    at = judged.found.columns.index(wanted)
    value, usual = judged.found.values[cell, at], judged.model.limits.centre[known, at]
    return step, numbers.short(float(value)), numbers.short(float(usual))
