"""A pandas frame -> table: roles found, sensors to float64, time and label read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from waferwatch.errors import InputError
from waferwatch.read import values
from waferwatch.read.findings import Findings
from waferwatch.read.groups import find_groups
from waferwatch.read.labels import bad_label
from waferwatch.read.limits import Limits
from waferwatch.read.names import is_date, time_rank
from waferwatch.read.roles import Found, find_roles
from waferwatch.read.table import Note, Role, Table
from waferwatch.read.times import Times, on_date, over_midnight, read_times
from waferwatch.read.wishes import Wishes, read_wishes

_LONGEST = Limits()


def table_from_frame(
    frame: pd.DataFrame,
    *,
    name: str = "the frame",
    features: Sequence[str] | None = None,
    time: str | None = None,
    group: Sequence[str] | None = None,
    label: str | None = None,
    roles: Mapping[str, str] | None = None,
    first_row: int = 1,
    notes: Iterable[Note] = (),
) -> Table:
    """Make a table of a frame, which is not changed.

    The index is left aside, except that a DatetimeIndex becomes the time column (named as the index is, or ``time``)
    when neither the options nor the columns give one.

    Args:
        frame: (rows, columns); column names are turned to text.
        name: opens every message about the data.
        features: exactly these columns are the sensors; ``Table.columns`` keeps them in the order of the frame.
        time, group, label: columns with these roles; found from names and contents when not given.
        roles: column -> role, for any other column.
        first_row: number of the first row in messages.
        notes: what was done to the data before.

    Raises:
        InputError: the data cannot be used: the message names row, column and remedy.
        NotFoundError: a named column or role does not exist.
    """
    plain = _with_index(_plain_frame(frame, name), frame.index, time, roles)
    wishes = read_wishes(name, list(plain.columns), features=features, time=time, group=group, label=label, roles=roles)
    findings = Findings(notes)
    findings.refuse()
    found = find_roles(plain, wishes, name, first_row)
    if Role.SENSOR not in found.roles.values():
        raise InputError(
            "{table} has no numeric column that could be a sensor.",
            hint="Check the delimiter (comma, semicolon or tab) and the decimal sign, or name the sensors as features.",
            table=name,
        )
    converted = _convert(plain, found, name, first_row)
    groups = _groups(converted, found.roles, wishes)
    return Table(name, converted, found.roles, groups, first_row, (*findings.notes, *found.notes), found.zone)


def _plain_frame(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """A shallow copy with text names and rows numbered from 0."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            "{table} is a {found}, not a pandas DataFrame.",
            hint="Make a DataFrame of it, with one named column for each sensor.",
            table=table,
            found=type(frame).__name__,
        )
    if not len(frame):
        raise InputError("{table} has no rows of data.", hint="Choose data with at least one row.", table=table)
    plain = frame.copy(deep=False)
    plain.columns = pd.Index([str(column) for column in frame.columns], dtype=object)
    _LONGEST.check_names(table, list(plain.columns))
    repeated = list(dict.fromkeys(plain.columns[plain.columns.duplicated()]))
    if repeated:
        raise duplicate_names(table, repeated)
    plain = plain.reset_index(drop=True)
    return plain


def _with_index(
    plain: pd.DataFrame, index: pd.Index, time: str | None, roles: Mapping[str, str] | None
) -> pd.DataFrame:
    """The frame with a DatetimeIndex as its first column, unless something else gives the time."""
    name = "time" if index.name is None else str(index.name)
    if not isinstance(index, pd.DatetimeIndex) or name in plain.columns:
        return plain
    asked_for = (time is not None and time != name) or Role.TIME.value in (roles or {}).values()
    if asked_for or any(values.is_time(plain[column]) or time_rank(column) is not None for column in plain.columns):
        return plain
    plain.insert(0, name, index.to_series(index=plain.index))
    return plain


def duplicate_names(table: str, repeated: Sequence[str]) -> InputError:
    return InputError(
        "{table} has more than one column named {columns}.",
        hint="Give every column a name of its own.",
        table=table,
        columns=", ".join(repeated[:10]),
    )


def _convert(frame: pd.DataFrame, found: Found, table: str, first_row: int) -> pd.DataFrame:
    """The frame with sensors as float64, the time read and the label as truth values."""
    columns: dict[str, pd.Series] = {}
    infinite: dict[str, int] = {}
    for name in frame.columns:
        column, role = frame[name], found.roles[name]
        if role is Role.SENSOR:
            columns[name] = _sensor(column, name, table, first_row, infinite)
        elif role is Role.TIME:
            times = _time(frame, name, found, table, first_row)
            columns[name] = times.values
            found.zone = times.zone
            found.notes.extend(times.notes)
        elif role is Role.LABEL:
            columns[name] = _label(column, name, found, table, first_row)
        else:
            columns[name] = column
    if infinite:
        template = "Infinite values were taken as missing: {count}, in {columns}."
        listed = ", ".join(list(infinite)[:10]) + (", ..." if len(infinite) > 10 else "")
        found.notes.append(Note(template, {"count": sum(infinite.values()), "columns": listed}))
    return pd.DataFrame(columns, index=frame.index, copy=False)


def _time(frame: pd.DataFrame, name: str, found: Found, table: str, first_row: int) -> Times:
    """The time column, with the day of a date column beside it where it holds only times of day."""
    times = read_times(frame[name], name, table, first_row)
    if not times.of_day:
        return times
    for other in frame.columns:
        if found.roles[other] is Role.IGNORED and is_date(other):
            dated = on_date(times, read_times(frame[other], other, table, first_row))
            if dated is not None:
                return dated
    return over_midnight(times)


def _sensor(column: pd.Series, name: str, table: str, first_row: int, infinite: dict[str, int]) -> pd.Series:
    if values.is_time(column) or pd.api.types.is_complex_dtype(column.dtype):
        junk = column.notna().to_numpy()
        numbers = np.full(len(column), np.nan)
    else:
        cells = values.look_at(_true_as_one(column))
        junk, numbers = cells.junk, cells.numbers
    if junk.any():
        row = int(np.flatnonzero(junk)[0])
        raise InputError(
            "Row {row} of {table}: {value} in the column {column} is no number.",
            hint="Correct the cell, leave it empty, or leave the column out of the features.",
            field="features",
            row=first_row + row,
            table=table,
            column=name,
            value=repr(str(column.iloc[row])),
        )
    infinities = np.isinf(numbers)
    if infinities.any():
        infinite[name] = int(infinities.sum())
        numbers = np.where(infinities, np.nan, numbers)
    return pd.Series(numbers, copy=False)


def _true_as_one(column: pd.Series) -> pd.Series:
    """A column of the texts true and false as numbers."""
    column = values.without_categories(column)
    if values.is_numeric(column) or pd.api.types.is_bool_dtype(column.dtype):
        return column
    _, texts = values.distinct_texts(column)
    words = set(texts.to_pylist())
    if not words & {"true", "false"} or not words <= {"true", "false", *values.MISSING}:
        return column
    return column.map(str, na_action="ignore").str.strip().str.lower().map({"true": 1.0, "false": 0.0})


def _label(column: pd.Series, name: str, found: Found, table: str, first_row: int) -> pd.Series:
    labels, bad = values.to_labels(column)
    if bad.any():
        raise bad_label(column, bad, name, table, first_row)
    rarer = values.rarer_sign(column)
    if rarer is not None:
        text: dict[str, object] = {"column": name, "value": rarer}
        found.notes.append(Note("{column} holds -1 and 1; {value}, the rarer of the two, was taken as abnormal.", text))
    return pd.Series(labels, copy=False)


def _groups(frame: pd.DataFrame, roles: dict[str, Role], wishes: Wishes) -> tuple[str, ...]:
    return find_groups(frame, roles) if wishes.group is None else wishes.group
