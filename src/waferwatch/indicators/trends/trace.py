"""The trace of one wafer in one step, over what golden wafers showed there row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import NotFoundError
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.learnt.normal_course import stage_key

Floats = NDArray[np.float64]

BAND = 4.0  # spreads of a row: the normal band, as for the onset of problems


@dataclass(frozen=True)
class StepTrace:
    """The rows of a sensor in one step of one wafer, and the golden band of that step."""

    seconds: Floats  # (n,) since the step began; rows where the table has no time
    values: Floats  # (n,)
    course_seconds: Floats  # (ticks,)
    middle: Floats  # (ticks,) NaN where nothing is known
    low: Floats
    high: Floats

    @property
    def outside(self) -> NDArray[np.bool_]:
        """(n,) rows outside the golden band."""
        ticks = len(self.middle)
        if not ticks:
            return np.zeros(len(self.values), np.bool_)
        at = np.minimum(np.arange(len(self.values)), ticks - 1)
        with np.errstate(invalid="ignore"):
            return np.asarray((self.values < self.low[at]) | (self.values > self.high[at]))


def step_trace(judged: JudgedWafers, run: int, step: str, sensor: str) -> StepTrace:
    """The trace of a wafer.

    Args:
        run: number of the wafer, from 0.

    Raises:
        NotFoundError: there is no such wafer, step or sensor.
    """
    cells, course = judged.cells, judged.model.course
    _check(judged, run, sensor)
    mine = [int(one) for one in np.flatnonzero(cells.run == run) if cells.names[cells.stage[one]].step == step]
    if not mine:
        steps = [cells.names[cells.stage[one]].step for one in np.flatnonzero(cells.run == run)]
        raise NotFoundError(
            "Wafer {number} did not run step {step}.",
            hint="It ran: {known}.",
            field="step",
            number=run + 1,
            step=step[:60],
            known=", ".join(dict.fromkeys(steps)),
        )
    cell = mine[0]
    part = slice(int(cells.starts[cell]), int(cells.starts[cell] + cells.lengths[cell]))
    seconds = cells.clock[part]
    column = judged.model.sensors.index(sensor)
    values = judged.values(cells.rows[part])[:, column]
    key = stage_key(cells.names[int(cells.stage[cell])])
    if key not in course.stages:
        nothing = np.empty(0)
        return StepTrace(seconds, values, nothing, nothing, nothing, nothing)
    at = course.stages.index(key)
    ticks = slice(int(course.starts[at]), int(course.starts[at] + course.ticks[at]))
    middle = course.middle[ticks, column].astype(np.float64)
    reach = BAND * course.spread[ticks, column].astype(np.float64)
    return StepTrace(seconds, values, _ticks(seconds, len(middle)), middle, middle - reach, middle + reach)


def leading_sensor(judged: JudgedWafers, run: int, step: str) -> str:
    """The sensor of a step of a wafer whose mean or shape is farthest off, for what belongs to no sensor."""
    cells, columns = judged.cells, judged.deviations.columns
    mine = [int(one) for one in np.flatnonzero(cells.run == run) if cells.names[cells.stage[one]].step == step]
    known = [at for at, one in enumerate(columns) if one.sensor in judged.model.sensors]
    if not mine:
        return judged.model.sensors[0]
    far = np.abs(np.nan_to_num(judged.deviations.off[mine[0], known]))
    return columns[known[int(np.argmax(far))]].sensor


def _check(judged: JudgedWafers, run: int, sensor: str) -> None:
    if not 0 <= run < len(judged.runs):
        raise NotFoundError(
            "There is no wafer {number}.",
            hint="Wafers are numbered from 1 to {most}.",
            field="wafer",
            number=run + 1,
            most=len(judged.runs),
        )
    if sensor not in judged.model.sensors:
        raise NotFoundError(
            "There is no sensor {sensor} with limits.",
            hint="Choose one of: {known}.",
            field="sensor",
            sensor=sensor[:60],
            known=", ".join(judged.model.sensors[:20]),
        )


def _ticks(seconds: Floats, count: int) -> Floats:
    """Where rows of the course lie: as the wafer's own, and on at its usual pace."""
    steps = np.diff(seconds)
    pace = float(np.median(steps)) if len(steps) else 1.0
    further = np.arange(1, max(0, count - len(seconds)) + 1) * pace + (seconds[-1] if len(seconds) else 0.0)
    return np.concatenate([seconds, further])[:count]
