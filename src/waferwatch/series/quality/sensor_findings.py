"""What should be looked at in the sensors of a table. Many sensors with the same fault make one finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from waferwatch.read.table import Note, Role, Table
from waferwatch.series.quality.findings import Finding, Severity, Share, listed
from waferwatch.series.quality.sensor_quality import FEW_VALUES, SensorQuality, Stretch

_ONE_BY_ONE = 3  # sensors with the same fault that get a sentence each
_MISSING_WARNING, _MISSING_SERIOUS = 0.05, 0.5
_RARE, _FEW = 0.0005, 3  # more values far away than this share (and number) are a state of the process, not outliers
_TOGETHER = 0.5  # of the moving sensors, that must stand still at once to call it a standstill,
_FEWEST_TOGETHER = 3  # and at least this number
_OVERLAP = 0.5  # of the shorter of two stretches, to be the same stretch

_IGNORE = Note("Give it the role ignored.")
_CHECK_SENSOR = Note("Check the sensor and its line at this place.")
_MANY = {
    "empty": Note("Sensors without any value: {count} ({columns})."),
    "slow": Note("Sensors that have a value only every so many rows: {count} ({columns})."),
    "missing": Note("Sensors with missing values: {count} ({columns})."),
    "constant": Note("Sensors with the same value in every row: {count} ({columns})."),
    "stuck": Note("Sensors that stand still for unusually long: {count} ({columns})."),
    "outliers": Note("Sensors with single values far from the rest: {count} ({columns})."),
    "unit_change": Note("Sensors whose unit seems to change within the table: {count} ({columns})."),
    "few_values": Note("Sensors with very few different values: {count} ({columns})."),
    "rising": Note("Sensors that never fall: {count} ({columns})."),
    "twin": Note("Sensors with the very same values as another: {count} ({columns})."),
}


@dataclass(frozen=True)
class _Standstill:
    """A stretch in which many sensors stand still at once."""

    stretch: Stretch
    sensors: tuple[str, ...]


def sensor_findings(table: Table, sensors: Sequence[SensorQuality]) -> Iterator[Finding]:
    """The findings about sensors."""
    standstills = _standstills(sensors)
    moving = sum(1 for one in sensors if not one.constant and one.low is not None)
    for one in standstills:
        yield _standing(table, one, moving)
    found = [finding for sensor in sensors for finding in _of(table, sensor, standstills)]
    groups: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in found:
        groups.setdefault((finding.kind, finding.severity), []).append(finding)
    for (kind, _), group in groups.items():
        yield from group if len(group) <= _ONE_BY_ONE else [_together(_MANY[kind], group)]


def _together(sentence: Note, group: list[Finding]) -> Finding:
    """One finding for several sensors; its place is that of the worst."""
    group = sorted(group, key=lambda one: -one.share)
    columns = tuple(name for one in group for name in one.columns[:1])
    values: Mapping[str, object] = {"count": len(columns), "columns": listed(columns)}
    fix = tuple(pair for one in group for pair in one.fix)
    return replace(group[0], sentence=replace(sentence, values=dict(values)), columns=columns, fix=fix)


def _of(table: Table, sensor: SensorQuality, standstills: Sequence[_Standstill]) -> Iterator[Finding]:
    """The findings about one sensor."""
    name = sensor.name
    column: dict[str, object] = {"column": name}
    if sensor.low is None:
        sentence = Note("{column} has no value.", column)
        yield Finding("empty", Severity.SERIOUS, sentence, _IGNORE, (name,), share=1.0, fix=((name, Role.IGNORED),))
        return
    yield from _missing(table, sensor)
    if sensor.constant:
        yield Finding(
            "constant",
            Severity.WARNING,
            Note("{column} has the same value in every row.", column),
            _IGNORE,
            (name,),
            share=1.0,
            fix=((name, Role.IGNORED),),
        )
        return
    yield from _stuck(table, sensor, standstills)
    yield from _outliers(table, sensor)
    yield from _unit_change(table, sensor)
    yield from _roles(sensor)


def _roles(sensor: SensorQuality) -> Iterator[Finding]:
    """Whether the column may be something else than a sensor."""
    name = sensor.name
    column: dict[str, object] = {"column": name}
    if sensor.distinct is not None and sensor.distinct <= FEW_VALUES:
        yield Finding(
            "few_values",
            Severity.NOTE,
            Note("{column} has only {count} different values.", column | {"count": sensor.distinct}),
            Note("If it is a state and no measurement, give it the role context or step."),
            (name,),
        )
    if sensor.rising:
        yield Finding(
            "rising",
            Severity.NOTE,
            Note("{column} never falls: it may be a counter or a clock.", column),
            Note("If it is one, give it the role ignored."),
            (name,),
        )
    if sensor.twin is not None:
        yield Finding(
            "twin",
            Severity.NOTE,
            Note("{column} holds the very same values as {other}.", column | {"other": sensor.twin}),
            Note("One of them is enough: give the other the role ignored."),
            (name, sensor.twin),
        )


def _missing(table: Table, sensor: SensorQuality) -> Iterator[Finding]:
    longest, share = sensor.longest_missing, sensor.missing_share
    if longest is None:
        return
    if sensor.every is not None:
        yield Finding(
            "slow",
            Severity.WARNING,
            Note("{column} has a value only every {every} rows.", {"column": sensor.name, "every": sensor.every}),
            Note("Repeat the last value in the rows between: where most are missing, nothing is judged."),
            (sensor.name,),
            share=share,
        )
        return
    severity = Severity(int(share > _MISSING_WARNING) + int(share > _MISSING_SERIOUS))
    yield Finding(
        "missing",
        severity,
        Note(
            "{column} lacks {share} of its values, in single rows such as row {row}."
            if longest.rows == 1
            else "{column} lacks {share} of its values. The longest stretch, {rows} rows, begins in row {row}.",
            {
                "column": sensor.name,
                "share": Share(share),
                "rows": longest.rows,
                "row": longest.row + table.first_row,
            },
        ),
        _CHECK_SENSOR,
        (sensor.name,),
        row=longest.row,
        share=share,
        fix=((sensor.name, Role.IGNORED),) if severity is Severity.SERIOUS else (),
    )


def _stuck(table: Table, sensor: SensorQuality, standstills: Sequence[_Standstill]) -> Iterator[Finding]:
    alone = [
        stretch
        for stretch in sensor.stuck
        if not any(sensor.name in one.sensors and _same(stretch, one.stretch) for one in standstills)
    ]
    if not alone:
        return
    values = {
        "column": sensor.name,
        "rows": alone[0].rows,
        "row": alone[0].row + table.first_row,
        "usual": sensor.usual_run,
        "group": alone[0].group,
    }
    yield Finding(
        "stuck",
        Severity.WARNING,
        Note(
            "{column} ({group}) stands still for {rows} rows from row {row} on (usually {usual}).",
            values,
        )
        if alone[0].group
        else Note("{column} stands still for {rows} rows from row {row} on (usually {usual}).", values),
        _CHECK_SENSOR,
        (sensor.name,),
        row=alone[0].row,
        share=sum(one.rows for one in alone) / sensor.rows,
    )


def _outliers(table: Table, sensor: SensorQuality) -> Iterator[Finding]:
    share = sensor.outliers / sensor.rows
    if sensor.farthest is None or sensor.outliers > max(_FEW, _RARE * sensor.rows):
        return
    yield Finding(
        "outliers",
        Severity.NOTE,
        Note(
            "Values of {column} far from the rest: {count}, the farthest in row {row}.",
            {"column": sensor.name, "count": sensor.outliers, "row": sensor.farthest + table.first_row},
        ),
        Note("Look there: it may be a fault of the sensor, or an event that detection should find."),
        (sensor.name,),
        row=sensor.farthest,
        share=share,
    )


def _unit_change(table: Table, sensor: SensorQuality) -> Iterator[Finding]:
    change = sensor.unit_change
    if change is None:
        return
    values: dict[str, object] = {
        "column": sensor.name,
        "factor": _text(change.factor),
        "inverse": _text(1 / change.factor),
        "row": change.row + table.first_row,
        "equipment": change.equipment,
    }
    yield Finding(
        "unit_change",
        Severity.WARNING,
        Note(
            "From row {row} on {column} of {equipment} is {factor} times what it was, with its noise: "
            "its unit seems to change there."
            if change.equipment
            else "From row {row} on {column} is {factor} times what it was, with its noise: "
            "its unit seems to change there.",
            values,
        ),
        Note("Multiply the values from there on by {inverse}, or export the data anew in one unit.", values),
        (sensor.name,),
        row=change.row,
        share=1 - change.row / len(table.frame),
    )


def _text(factor: float) -> str:
    return f"{factor:.6g}"


def _standstills(sensors: Sequence[SensorQuality]) -> list[_Standstill]:
    """Stretches that many sensors share."""
    stretches = sorted(
        ((stretch, one.name) for one in sensors for stretch in one.stuck), key=lambda pair: (pair[0].at, pair[1])
    )
    clusters: list[tuple[Stretch, list[str]]] = []
    for stretch, name in stretches:
        home = next((names for first, names in clusters[-5:] if _same(first, stretch)), None)
        if home is None:
            clusters.append((stretch, [name]))
        elif name not in home:
            home.append(name)
    moving = sum(1 for one in sensors if not one.constant and one.low is not None)
    least = max(_FEWEST_TOGETHER, _TOGETHER * moving)
    return [_Standstill(stretch, tuple(names)) for stretch, names in clusters if len(names) >= least]


def _same(one: Stretch, other: Stretch) -> bool:
    shared = min(one.at + one.rows, other.at + other.rows) - max(one.at, other.at)
    return shared >= _OVERLAP * min(one.rows, other.rows)


def _standing(table: Table, found: _Standstill, moving: int) -> Finding:
    return Finding(
        "standstill",
        Severity.WARNING,
        Note(
            "{count} of {all} sensors stand still at once, for about {rows} rows from row {row} on.",
            {
                "count": len(found.sensors),
                "all": moving,
                "rows": found.stretch.rows,
                "row": found.stretch.row + table.first_row,
            },
        ),
        Note("The recorder may have repeated its last values, or the equipment stood still: leave these rows out."),
        found.sensors,
        row=found.stretch.row,
        share=found.stretch.rows / len(table.frame),
    )
