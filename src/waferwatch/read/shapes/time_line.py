"""Sensors read at different times, put on one time line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.findings import Findings

_OLDEST = 2.0  # usual intervals of a sensor: an older reading says nothing of now


@dataclass(frozen=True)
class Readings:
    """What one sensor measured."""

    name: str
    times: NDArray[np.float64]  # (n,) finite
    positions: NDArray[np.intp]  # (n,) rows of the file in which the readings stand


@dataclass(frozen=True)
class TimeLine:
    """One row for each time."""

    sensor: str  # whose times these are
    times: NDArray[np.float64]  # (rows,) rising
    positions: dict[str, NDArray[np.intp]]  # sensor -> (rows,) row of the file with its reading, -1 for none
    unused: int  # readings that stand in no row


def one_time_line(sensors: Sequence[Readings]) -> TimeLine:
    """Rows at the times of the sensor with the most readings, and at those of the others before its first and after its
    last.
    """
    ordered = [_ordered(sensor) for sensor in sensors]
    base = max(ordered, key=lambda sensor: len(sensor.times))
    outside = [sensor.times[(sensor.times < base.times[0]) | (sensor.times > base.times[-1])] for sensor in ordered]
    times = np.unique(np.concatenate([base.times, *outside]))
    positions = {sensor.name: _last_reading(sensor, times) for sensor in ordered}
    used = sum(len(np.unique(rows[rows >= 0])) for rows in positions.values())
    return TimeLine(base.name, times, positions, sum(len(sensor.times) for sensor in ordered) - used)


def _ordered(sensor: Readings) -> Readings:
    """In time order; of two readings at the same time the later one."""
    order = np.argsort(sensor.times, kind="stable")
    times, positions = sensor.times[order], sensor.positions[order]
    last = np.append(np.diff(times) > 0, True)[: len(times)]
    return Readings(sensor.name, times[last], positions[last])


def _last_reading(sensor: Readings, times: NDArray[np.float64]) -> NDArray[np.intp]:
    steps = np.diff(sensor.times)
    oldest = _OLDEST * float(np.median(steps)) if len(steps) else 0.0
    at = np.searchsorted(sensor.times, times, side="right") - 1
    age = times - sensor.times[np.maximum(at, 0)]
    return np.where((at >= 0) & (age <= oldest), sensor.positions[np.maximum(at, 0)], -1)


def report_time_line(line: TimeLine, table: str, findings: Findings) -> None:
    """Say by which rule readings came to stand in one row."""
    findings.repaired(
        "one_time_line",
        "{table}: the sensors were read at different times. The rows are those of {sensor}, which has the most "
        "readings; every other sensor gives its last reading up to then, unless that is older than twice its usual "
        "interval. {unused} readings stand in no row.",
        {"table": table, "sensor": line.sensor, "unused": line.unused},
        count=line.unused,
    )
