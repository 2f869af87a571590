"""The quality of a table: how its rows lie in time, how good each sensor is, and what should be looked at first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from waferwatch.read.table import Role, Table
from waferwatch.series.quality.findings import Finding, ranked
from waferwatch.series.quality.sensor_findings import sensor_findings
from waferwatch.series.quality.sensor_quality import SensorQuality, examine_sensor, find_levels, find_twins
from waferwatch.series.quality.timing import Timing, examine_timing, lay_out
from waferwatch.series.quality.timing_findings import timing_findings
from waferwatch.series.quality.unit_change import find_unit_change


@dataclass(frozen=True)
class Quality:
    """What was found about a table."""

    timing: Timing
    sensors: tuple[SensorQuality, ...]  # in file order
    findings: tuple[Finding, ...]  # what matters most first


def examine(table: Table, progress: Callable[[float], None] = lambda _share: None) -> Quality:
    """Look at every sensor of a table, which is not changed.

    About 50 ms for a sensor of a million rows. Rows without a time are left out, as no detector judges them.

    Args:
        progress: called with the share that is done, after each sensor.
    """
    layout = lay_out(table)
    timing = examine_timing(table, layout)
    levels = find_levels(table, layout)
    names = table.columns(Role.SENSOR)
    twins = find_twins(table, names)
    sensors = []
    for count, name in enumerate(names, start=1):
        found = examine_sensor(table, name, layout, levels)
        sensors.append(replace(found, twin=twins.get(name), unit_change=find_unit_change(table, name, layout)))
        progress(count / len(names))
    findings = [*timing_findings(table, layout, timing), *sensor_findings(table, sensors)]
    return Quality(timing, tuple(sensors), ranked(findings))
