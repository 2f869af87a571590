"""Before and after a maintenance or a recipe change, over a frame or a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.before_after import OF_ROWS, STATISTICS, Back, Compared, compare, frame_of, overall
from waferwatch.indicators.cells import StepCells, cells_of
from waferwatch.indicators.indicators import Indicators, has_statistic, indicators_of
from waferwatch.indicators.judge import sensor_values
from waferwatch.indicators.judging.leading import lower_side
from waferwatch.indicators.learnt.limits import least_spreads
from waferwatch.indicators.learnt.normal_course import NormalCourse, quanta
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table
from waferwatch.read.time_axis.places import place_of
from waferwatch.series.time_text import time_text

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What the comparison rests on, wafer by wafer."""

    table: Table
    found: Indicators
    late: NDArray[np.bool_]  # (runs,) whether a run begins at or after the time
    course: NormalCourse  # of the wafers before
    at: Any  # the time on the clock of the data: datetime64[ns] or float

    @property
    def cells(self) -> StepCells:
        return self.found.cells


@dataclass(frozen=True)
class BeforeAfter:
    """Whether a tool is back."""

    verdict: str  # "back", "settling", "not_known" or "out"
    frame: pd.DataFrame  # one row per equipment, recipe, step, sensor and statistic: see docs/wafers.md
    not_run: tuple[str, ...]  # recipes that have not run since
    measured: Measured = field(repr=False)

    @property
    def counts(self) -> dict[str, int]:
        """Verdict -> number of indicators."""
        found = self.frame["verdict"].value_counts()
        return {one.value: int(found.get(one.value, 0)) for one in Back}

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        rows = self.frame.astype(object).where(self.frame.notna(), None).to_dict("records")
        return {"verdict": self.verdict, "counts": self.counts, "not_run": list(self.not_run), "indicators": rows}


def before_after(
    frame: pd.DataFrame | Table,
    at: str | float,
    *,
    features: Sequence[str] | None = None,
    time: str | None = None,
    group: Sequence[str] | None = None,
    roles: Mapping[str, str] | None = None,
    tolerances: Mapping[str, float] | None = None,
    equipment: str | None = None,
) -> BeforeAfter:
    """Compare the wafers before and after a time, step by step and sensor by sensor.

    Args:
        frame: rows with wafers and times, columns as for :func:`waferwatch.detect`; or the table of a file from
            :func:`waferwatch.read_file`, whose columns are settled.
        at: time of the maintenance, such as "2026-11-20 04:00": wafers that begin before it are before, all others
            after. One with an offset from UTC is turned to the clock of the data.
        tolerances: sensor -> difference of its mean that is harmless; else one spread of the wafers before.
        equipment: only this one; else every equipment of the frame.

    Raises:
        InputError: there are no runs, no times, no wafers on one side of ``at``, or an argument cannot be used.
        NotFoundError: a column or the equipment does not exist.
    """
    if isinstance(frame, Table):
        table = frame
    else:
        table = table_from_frame(frame, name="the frame", features=features, time=time, group=group, roles=roles)
    return compare_table(table, at, tolerances=tolerances, equipment=equipment)


def compare_table(
    table: Table, at: str | float, *, tolerances: Mapping[str, float] | None = None, equipment: str | None = None
) -> BeforeAfter:
    """The same over a table; errors as :func:`before_after`."""
    cells = cells_of(table)
    if cells is None:
        raise InputError(
            "{table} has no wafers, so nothing can be compared before and after.",
            hint="Name the wafer column, or give data with a recipe step or clear pauses.",
            field="file",
            table=table.name,
        )
    border = _border(table, at)
    late = _after(table, cells, border)
    chosen = _chosen(cells, equipment)
    sensors = table.columns(Role.SENSOR)
    check_tolerances(tolerances or {}, sensors)
    found, least, course = measured_indicators(table, cells, sensors, ~late[cells.run])
    rows: list[dict[str, object]] = []
    verdicts: list[Back] = []
    not_run = []
    for stage in chosen:
        mine = np.flatnonzero(cells.stage == stage)
        after = late[cells.run[mine]]
        if not after.any():
            not_run.append(cells.names[stage].recipe)
            continue
        name = cells.names[stage]
        rows_of = dict(zip(sensors, course.row_spread(name), strict=True))
        for row in _stage(found, mine, after, least, rows_of, tolerances or {}):
            rows.append({"equipment": name.equipment, "recipe": name.recipe, "step": name.step, **row})
            verdicts.append(Back(str(row["verdict"])))
    measured = Measured(table, found, late, course, border)
    return BeforeAfter(overall(verdicts), frame_of(rows), tuple(dict.fromkeys(filter(None, not_run))), measured)


def _stage(
    found: Indicators,
    mine: NDArray[np.int64],
    after: NDArray[np.bool_],
    least: Floats,
    rows_of: Mapping[str, float],
    tolerances: Mapping[str, float],
) -> list[dict[str, object]]:
    rows = []
    for at, column in enumerate(found.columns):
        if column.statistic not in STATISTICS or not has_statistic(column.statistic, found.cells.lengths[mine]):
            continue
        values = found.values[mine, at]
        typed = tolerances.get(column.sensor) if column.statistic == "mean" else None
        row = rows_of.get(column.sensor, 0.0) if column.statistic in OF_ROWS else 0.0
        one = compare(values[~after], values[after], float(least[at]), row, typed)
        sides = {"wafers_before": int((~after).sum()), "wafers_after": int(after.sum())}
        lower = lower_side(column.statistic, one.lower)
        shown = {"lower": math.nan if lower is None else lower}
        rows.append({"sensor": column.sensor, "statistic": column.statistic, **_record(one), **shown, **sides})
    return rows


def _record(one: Compared) -> dict[str, object]:
    change = one.after - one.before
    return {
        "verdict": one.verdict.value,
        "before": one.before,
        "after": one.after,
        "change": change,
        "spreads": change / one.tolerance if one.tolerance else float("nan"),
        "interval_low": one.interval[0],
        "interval_high": one.interval[1],
        "tolerance": one.tolerance,
        "lower": one.lower,
        "upper": one.upper,
        "beyond": one.beyond,
        "of": one.of,
        "settled_after": one.settled_after,
        "missing_wafers": one.missing,
    }


def measured_indicators(
    table: Table, cells: StepCells, sensors: list[str], before: NDArray[np.bool_]
) -> tuple[Indicators, Floats, NormalCourse]:
    """Indicators of all cells, with the least spreads of their columns and the normal course.

    Args:
        before: (cells,) from which the normal course is learnt.
    """
    values = sensor_values(table, sensors)
    every = values(cells.rows)
    quantum = quanta(every)
    course = NormalCourse.learn(every, cells, before, quantum)
    found = indicators_of(values, cells, sensors, course)
    least = least_spreads(found.columns, sensors, quantum, cells.usual_interval, float(np.median(cells.lengths)))
    return found, least, course


def _border(table: Table, at: str | float) -> Any:
    """The time of the maintenance on the clock of the data."""
    column = table.column(Role.TIME)
    if column is None:
        raise InputError(
            "{table} has no time, so nothing can be before or after.",
            hint="Name the time column.",
            field="time",
            table=table.name,
        )
    border = place_of(str(at), table.frame[column].to_numpy().dtype.kind == "M", "at", table.zone)
    if border is None:
        raise InputError(
            "The time of the maintenance is missing.", hint="Write it like 2026-11-20 04:00:00.", field="at"
        )
    return border


def _after(table: Table, cells: StepCells, at: Any) -> NDArray[np.bool_]:
    """(runs,) whether a run begins at or after a time."""
    time: NDArray[Any] = table.frame[table.column(Role.TIME)].to_numpy()[cells.runs.rows[cells.runs.starts]]
    late: NDArray[np.bool_] = np.asarray(time >= at)
    if late.all() or not late.any():
        raise InputError(
            "All wafers lie on one side of {at}: they are from {first} to {last}.",
            hint="Give a time between two wafers.",
            field="at",
            at=time_text(at),
            first=time_text(time.min()),
            last=time_text(time.max()),
        )
    return late


def _chosen(cells: StepCells, equipment: str | None) -> list[int]:
    found = [at for at, name in enumerate(cells.names) if equipment is None or name.equipment == equipment]
    if not found:
        raise NotFoundError(
            "There is no equipment {equipment} in the data.",
            hint="The data have: {known}.",
            field="equipment",
            equipment=equipment,
            known=", ".join(sorted({name.equipment for name in cells.names})),
        )
    return found


def check_tolerances(tolerances: Mapping[str, float], sensors: Sequence[str]) -> None:
    """
    Raises:
        NotFoundError: one of the names is no sensor.
        InputError: a tolerance is below 0 or no finite number.
    """
    for name, tolerance in tolerances.items():
        if not (math.isfinite(tolerance) and tolerance >= 0):
            raise InputError(
                "The tolerance of {sensor} cannot be {value}.",
                hint="Give a number of 0 or more, in the unit of the sensor.",
                field="tolerance",
                sensor=name,
                value=tolerance,
            )
        if name not in sensors:
            raise NotFoundError(
                "There is no sensor {sensor} to have a tolerance.",
                hint="The data have: {known}.",
                field="tolerance",
                sensor=name,
                known=", ".join(sensors[:20]),
            )
