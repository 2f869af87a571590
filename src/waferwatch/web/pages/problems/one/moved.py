"""What moved where a problem begins: every sensor that left its band in the first wafer, in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.judge import JudgedWafers
from waferwatch.indicators.problems.onset import departures
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.statistics import MEAN
from waferwatch.read.table import Role
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers

_MOST = 12


@dataclass(frozen=True)
class MovedSensor:
    """One sensor that left its band in the first wafer."""

    sensor: str
    after: str  # the first one of them
    step: str
    value: str  # mean of that step in the wafer, and the golden one
    usual: str
    own: bool  # whether it is a sensor of the problem


def what_moved(judged: JudgedWafers, problem: FabProblem, translate: Translator) -> list[MovedSensor]:
    """In order of time; without wafers nothing is known."""
    if not problem.runs:
        return []
    left = sorted(departures(judged, problem.runs[0]).items(), key=lambda each: each[1].row)
    own = {one.sensor for one in problem.sensors}
    first = left[0][1].row if left else 0
    return [
        MovedSensor(
            sensor, _after(judged, first, at.row, translate), *_where(judged, sensor, at.row, translate), sensor in own
        )
        for sensor, at in left[:_MOST]
    ]


def _after(judged: JudgedWafers, first: int, row: int, translate: Translator) -> str:
    column = judged.table.column(Role.TIME)
    if first == row:
        return translate("first")
    if column is None:
        return translate("{count} rows later").format(count=row - first)
    time = judged.table.frame[column].to_numpy()
    if time.dtype.kind == "M":
        return f"+{(time[row] - time[first]) / np.timedelta64(1, 's'):.4g} s"
    return f"+{float(time[row]) - float(time[first]):.4g}"


def _where(judged: JudgedWafers, sensor: str, row: int, translate: Translator) -> tuple[str, str, str]:
    """Step, mean there and golden mean."""
    cell, numbers = int(judged.cell_of_row[row]), Numbers(translate.language)
    step = judged.cells.names[int(judged.cells.stage[cell])].step
    wanted = IndicatorColumn(sensor, MEAN)
    known = int(judged.model.limits.places(judged.cells)[cell])
    if wanted not in judged.found.columns or known < 0:
        return step, "", ""
    at = judged.found.columns.index(wanted)
    value, usual = judged.found.values[cell, at], judged.model.limits.centre[known, at]
    return step, numbers.short(float(value)), numbers.short(float(usual))
