"""A pandas frame -> table: roles found, sensors to float64, time and label read."""

from __future__ import annotations

import os
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from waferwatch.errors import InputError
from waferwatch.read.cells import values
from waferwatch.read.cells.rules import USUAL, CellRules
from waferwatch.read.findings import FileFinding, Findings, Level, merged
from waferwatch.read.frame_index import with_index
from waferwatch.read.limits import Limits
from waferwatch.read.roles.column_names import require_column
from waferwatch.read.roles.find import FoundRoles, find_roles
from waferwatch.read.roles.groups import find_groups
from waferwatch.read.roles.labels import bad_label
from waferwatch.read.roles.sensors import read_sensor
from waferwatch.read.roles.things import NAMING, one_spelling, rows_with
from waferwatch.read.roles.wishes import Columns, Wishes, named, read_wishes
from waferwatch.read.table import Note, Role, Table
from waferwatch.read.time_axis.continued import continued
from waferwatch.read.time_axis.timeline import read_clock

_LONGEST = Limits()


def table_from_frame(
    frame: pd.DataFrame,
    *,
    name: str = "the frame",
    features: Columns | None = None,
    time: Columns | None = None,
    group: Columns | None = None,
    label: Hashable | None = None,
    roles: Mapping[Any, str] | None = None,
    first_row: int = 1,
    notes: Iterable[Note] = (),
    rules: CellRules = USUAL,
) -> Table:
    """Make a table of a frame, which is not changed.

    The index is left aside but for what :func:`waferwatch.read.frame_index.with_index` takes from it: times become the
    time column (named as the index is, or ``time``) when neither the options nor the columns give one, and names of
    equipment, lots, wafers, recipes and steps become columns.

    Args:
        frame: (rows, columns); column names are turned to text, also those that the options name.
        name: opens every message about the data.
        features: exactly these columns are the sensors; ``Table.columns`` keeps them in the order of the frame.
        time, group, label: columns with these roles; found from names and contents when not given. Several columns as
            the time are parts of one clock, such as a date and a time of day.
        roles: column -> role, for any other column.
        first_row: number of the first row in messages.
        notes: what was done to the data before; may hold obstacles.
        rules: how cells are read where their own look does not settle it.

    Raises:
        ObstaclesError: with everything that stands in the way, of the notes as well.
        InputError: the data cannot be used: the message names row, column and remedy.
        NotFoundError: a named column or role does not exist.
    """
    clock = named(time) or [str(column) for column, role in (roles or {}).items() if role == Role.TIME.value]
    asked = [*clock, *(named(features) or []), *(named(group) or []), *map(str, roles or {}), str(label)]
    plain = plain_frame(frame, name, asked=asked, clock=clock)
    wishes = read_wishes(name, list(plain.columns), features=features, time=time, group=group, label=label, roles=roles)
    findings = Findings(notes)
    found = find_roles(plain, wishes, name, first_row, findings, rules)
    if Role.SENSOR not in found.roles.values():
        with findings.caught("no_sensor"):
            raise InputError(
                "{table} has no numeric column that could be a sensor.",
                hint="Check the delimiter and the decimal sign, or name the sensors as features.",
                table=name,
            )
    converted = _convert(plain, found, name, first_row, rules)
    findings.refuse()
    converted = _leave_out_rows(_gate(converted, found), found, name, rules)
    groups = _groups(converted, found.roles, wishes)
    converted = _run_on(converted, found, groups)
    return Table(name, converted, found.roles, groups, first_row, merged(findings.notes), found.zone)


def plain_frame(
    frame: pd.DataFrame, table: str, *, asked: Collection[str] = (), clock: Collection[str] = ()
) -> pd.DataFrame:
    """A shallow copy with text names, rows numbered from 0, and what its index says of them as first columns.

    Args:
        frame: what the caller gave, of any type.
        table: what messages call it.
        asked, clock: names that the caller gave to any option, and those of the time.

    Raises:
        InputError: it is no DataFrame with rows and with names that differ.
    """
    if not isinstance(frame, pd.DataFrame):
        raise _no_frame(frame, table)
    if not len(frame):
        raise InputError("{table} has no rows of data.", hint="Choose data with at least one row.", table=table)
    if frame.columns.nlevels > 1:
        raise InputError(
            "The column names of {table} have {levels} levels; they must have one.",
            hint="Join them, for example frame.columns = frame.columns.map(' '.join).",
            table=table,
            levels=frame.columns.nlevels,
        )
    plain = frame.copy(deep=False)
    plain.columns = pd.Index([str(column) for column in frame.columns], dtype=object)
    _LONGEST.check_names(table, list(plain.columns))
    repeated = list(dict.fromkeys(plain.columns[plain.columns.duplicated()]))
    if repeated:
        raise duplicate_names(table, repeated)
    return with_index(plain, asked=asked, clock=clock)


def _no_frame(given: Any, table: str) -> InputError:
    package, kind = type(given).__module__.partition(".")[0], type(given).__name__
    hint = "Make a DataFrame of it, with one named column for each sensor."
    if isinstance(given, str | os.PathLike):
        hint = "Give waferwatch.read_file(path) instead of the path."
    if hasattr(given, "to_pandas"):
        hint = "Give its to_pandas()."
    found = kind if package == "builtins" else f"{package} {kind}"
    return InputError("{table} is a {found}, not a pandas DataFrame.", hint=hint, table=table, found=found)


def duplicate_names(table: str, repeated: Sequence[str]) -> InputError:
    return InputError(
        "{table} has more than one column named {columns}.",
        hint="Give every column a name of its own.",
        table=table,
        columns=", ".join(repeated[:10]),
    )


def _convert(frame: pd.DataFrame, found: FoundRoles, table: str, first_row: int, rules: CellRules) -> pd.DataFrame:
    """The frame with sensors as float64, the time read, the label as truth values, and one spelling of each name."""
    columns: dict[str, pd.Series] = {}
    infinite: dict[str, int] = {}
    for name in frame.columns:
        columns[name] = column = frame[name]
        role = found.roles[name]
        with found.findings.caught("bad_column"):
            if role is Role.SENSOR:
                columns[name] = _sensor(column, name, table, first_row, found, rules, infinite)
            elif role is Role.TIME:
                times = read_clock(frame, name, found.further, table, first_row, rules)
                columns[name], found.zone = times.values, times.zone
                found.findings.extend(times.notes)
            elif role is Role.LABEL:
                columns[name] = _label(column, name, found, table, first_row)
            elif role in NAMING:
                spelt, notes = one_spelling(column, name)
                columns[name] = values.with_categories(spelt)
                found.findings.extend(notes)
    if infinite:
        template = "Infinite values were taken as missing: {count}, in {columns}."
        listed = ", ".join(list(infinite)[:10]) + (", ..." if len(infinite) > 10 else "")
        found.findings.repaired("infinite", template, {"count": sum(infinite.values()), "columns": listed})
    return pd.DataFrame(columns, index=frame.index, copy=False)


def _sensor(
    column: pd.Series,
    name: str,
    table: str,
    first_row: int,
    found: FoundRoles,
    rules: CellRules,
    infinite: dict[str, int],
) -> pd.Series:
    cells = found.cells.pop(name, None)
    numbers = read_sensor(column, name, table, first_row, found.findings, rules, cells)
    infinities = np.isinf(numbers)
    if infinities.any():
        infinite[name] = int(infinities.sum())
        numbers = np.where(infinities, np.nan, numbers)
    return pd.Series(numbers, copy=False)


def _run_on(frame: pd.DataFrame, found: FoundRoles, groups: Sequence[str]) -> pd.DataFrame:
    """The frame with a clock that runs on where it begins anew, unless the groups tell the runs apart."""
    time = next((name for name, role in found.roles.items() if role is Role.TIME), None)
    runs = any(found.roles[name] is not Role.EQUIPMENT for name in groups)
    if time is None or runs or frame[time].dtype != np.float64:
        return frame
    values, count = continued(frame[time], frame, list(groups))
    if not count:
        return frame
    text = "{column} begins anew ({count} x) and no column names the runs; its time was taken to run on."
    found.findings.repaired(
        "clock_begins_anew",
        text,
        {"column": time, "count": count},
        column=time,
        count=count,
        remedy="If these are runs, give the column that names them the role wafer.",
        option="--role COL=wafer",
        field="roles",
    )
    return frame.assign(**{time: values})


def _gate(frame: pd.DataFrame, found: FoundRoles) -> pd.DataFrame:
    """Sensors without the values that their status calls bad."""
    for name, status in found.status.items():
        sensors = [sensor for sensor in status.sensors if found.roles.get(sensor) is Role.SENSOR]
        if status.bad is None:
            text = "{column} looks like the status of {sensors}, but its good codes are not clear; it was not used."
            said: dict[str, object] = {"column": name, "sensors": ", ".join(sensors[:5])}
            found.findings.info("status_unclear", text, said, column=name)
            continue
        count = int(status.bad.sum())
        if count and sensors:
            frame = frame.assign(**{sensor: frame[sensor].mask(status.bad) for sensor in sensors})
            found.findings.add(_said_gated(name, sensors, count, status.good))
    return frame


def _said_gated(name: str, sensors: Sequence[str], count: int, good: str) -> Note:
    text = "Values of {sensors} that {column} does not call good ({good}) count as no value: {count}."
    listed = ", ".join(sensors[:5]) + (", ..." if len(sensors) > 5 else "")
    said: dict[str, object] = {"column": name, "sensors": listed, "count": count, "good": good}
    return FileFinding(
        text,
        said,
        level=Level.REPAIRED,
        code="bad_status",
        column=name,
        count=count,
        remedy="To keep these values, give {column} another role.",
        option=f'--role "{name}=context"',
        field="roles",
    )


def _leave_out_rows(frame: pd.DataFrame, found: FoundRoles, table: str, rules: CellRules) -> pd.DataFrame:
    """The frame without sensor values in the rows that the rules leave out, such as those of maintenance."""
    out = np.zeros(len(frame), np.bool_)
    for column, value in rules.leave_out_rows:
        require_column(table, list(frame.columns), column, "leave_out_rows")
        rows = rows_with(frame[column], value)
        if not rows.any():
            raise InputError(
                "No row of {table} has {value} in {column}.",
                hint="Check the value: the column holds {found}.",
                field="leave_out_rows",
                table=table,
                column=column,
                value=value,
                found=", ".join(map(str, frame[column].dropna().unique()[:10])),
            )
        out |= rows
    if not out.any():
        return frame
    said: dict[str, object] = {
        "count": int(out.sum()),
        "rules": ", ".join(f"{column} = {value}" for column, value in rules.leave_out_rows),
    }
    found.findings.repaired(
        "left_out_rows", "Rows left out of judging: {count}, where {rules}.", said, count=int(out.sum())
    )
    sensors = [name for name, role in found.roles.items() if role is Role.SENSOR]
    return frame.assign(**{name: frame[name].mask(out) for name in sensors})


def _label(column: pd.Series, name: str, found: FoundRoles, table: str, first_row: int) -> pd.Series:
    labels, bad = values.to_labels(column)
    if bad.any():
        raise bad_label(column, bad, name, table, first_row)
    rarer = values.rarer_sign(column)
    if rarer is not None:
        text: dict[str, object] = {"column": name, "value": rarer}
        found.findings.add(Note("{column} holds -1 and 1; {value}, the rarer of the two, was taken as abnormal.", text))
    return pd.Series(labels, copy=False)


def _groups(frame: pd.DataFrame, roles: dict[str, Role], wishes: Wishes) -> tuple[str, ...]:
    return find_groups(frame, roles) if wishes.group is None else wishes.group
