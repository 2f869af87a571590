"""Tables in which each sensor has a clock of its own."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.roles.column_names import plain
from waferwatch.read.shapes.clocks import clock_column, holds_times, is_clock_name, rises, seconds_of
from waferwatch.read.shapes.time_line import Readings, one_time_line, report_time_line


def turned(rows: FileRows, name: str, *, wished: bool) -> FileRows | None:
    """The rows with one clock for all sensors; None when there is one clock only."""
    frame = rows.frame
    clocks = [one for one in frame.columns if _is_clock(frame[one], one)]
    if len(clocks) < 2 or clocks[0] != frame.columns[0]:
        return None
    blocks = _blocks(list(frame.columns), clocks)
    if not all(blocks.values()) or not (wished or _belong_to_sensors(frame, blocks)):
        return None
    times = {clock: seconds_of(frame[clock], clock, name) for clock in clocks}
    readings = []
    for clock, sensors in blocks.items():
        seconds = times[clock]
        if seconds is None:
            return None
        at = np.flatnonzero(~np.isnan(seconds))
        readings += [Readings(sensor, seconds[at], at) for sensor in sensors if len(at)]
    return _on_one_clock(rows, name, clocks, blocks, readings) if readings else None


def _is_clock(column: pd.Series, name: str) -> bool:
    return is_clock_name(_stem(name)) and (holds_times(column) or rises(column))


def _stem(name: str) -> str:
    """The name without the number that tells it from others of the same name."""
    return re.sub(r"\s*\(\d+\)$|[ _.]?\d+$", "", name) or name


def _blocks(names: list[str], clocks: list[str]) -> dict[str, list[str]]:
    """Each clock with the columns up to the next one."""
    blocks: dict[str, list[str]] = {}
    for name in names:
        if name in clocks:
            blocks[name] = []
        else:
            blocks[next(reversed(blocks))].append(name)
    return blocks


def _belong_to_sensors(frame: pd.DataFrame, blocks: dict[str, list[str]]) -> bool:
    """Whether the clocks are alike and belong to what follows: by their names, or as they differ in length."""
    clocks = list(blocks)
    if len({holds_times(frame[clock]) for clock in clocks}) > 1:
        return False
    same = len({plain(_stem(clock)) for clock in clocks}) == 1
    of_sensor = all(plain(sensors[0]) in plain(clock) for clock, sensors in blocks.items())
    return same or of_sensor or len({int(frame[clock].notna().sum()) for clock in clocks}) > 1


def _on_one_clock(
    rows: FileRows, name: str, clocks: list[str], blocks: dict[str, list[str]], readings: list[Readings]
) -> FileRows:
    findings = Findings(rows.notes)
    line = one_time_line(readings)
    clock = clock_column(line.times, dated=holds_times(rows.frame[clocks[0]]))
    wide = {clocks[0]: clock}
    for sensors in blocks.values():
        for sensor in sensors:
            at = line.positions.get(sensor, np.full(len(clock), -1))
            taken = rows.frame[sensor].take(np.maximum(at, 0)).reset_index(drop=True)
            wide[sensor] = taken.where(pd.Series(at >= 0))
    findings.repaired(
        "clock_per_sensor",
        "{table} has a clock for each sensor ({clocks}); they were put on one.",
        {"table": name, "clocks": ", ".join(clocks[:5])},
        count=len(clocks),
        remedy="Say that all columns belong to one clock if this is wrong.",
        option="--shape wide",
        field="shape",
    )
    report_time_line(line, name, findings)
    return replace(rows, frame=pd.DataFrame(wide), notes=findings.everything)
