"""The clock of a table: one time column, joined with the columns that hold its date or its other parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.cells.rules import CellRules
from waferwatch.read.cells.values import is_numeric, is_time, to_float, without_categories
from waferwatch.read.clock.epochs import EPOCHS, as_times
from waferwatch.read.clock.kinds import ClockKind, kind_of, without_missing
from waferwatch.read.clock.parts import (
    ClockPart,
    half_column,
    hour_column,
    millisecond_column,
    part_columns,
    read_parts,
    seconds_of_day,
)
from waferwatch.read.clock.text_times import as_arrow
from waferwatch.read.findings import FileFinding, Level
from waferwatch.read.roles.column_names import is_date
from waferwatch.read.table import Note
from waferwatch.read.time_axis.since_start import elapsed_column, seconds_since_start
from waferwatch.read.time_axis.times import Times, on_date, over_midnight, read_times, with_notes
from waferwatch.read.time_axis.zones import shown_in

_SPREADSHEET = next(epoch for epoch in EPOCHS if epoch.what == "days since 1900")


def read_clock(
    frame: pd.DataFrame, name: str, nearby: Sequence[str], table: str, first_row: int, rules: CellRules
) -> Times:
    """The time column ``name`` as one clock.

    Args:
        frame: columns as read.
        name: of the time column.
        nearby: columns that may hold its date or other parts.
        table, first_row, rules: as for ``read_times``.
    """
    times = _read(frame, name, nearby, table, first_row, rules)
    fine = millisecond_column(frame, [other for other in nearby if other != name])
    times = times if fine is None else _with_milliseconds(times, name, frame[fine], fine)
    elapsed = elapsed_column(frame, name, [other for other in nearby if other != fine])
    times = times if elapsed is None else _since_start(times, name, frame[elapsed], elapsed)
    return times if rules.time_zone is None else _in_wished_zone(times, name, rules.time_zone)


def _in_wished_zone(times: Times, name: str, wished: str) -> Times:
    if not pd.api.types.is_datetime64_any_dtype(times.values.dtype):
        raise InputError(
            "{column} holds no dates, so that a time zone says nothing of it.",
            hint="Leave the time zone out.",
            field="time_zone",
            column=name,
        )
    values, zone, note = shown_in(times.values, times.zone, wished, name)
    return Times(values, (*times.notes, note), zone=zone)


def _read(frame: pd.DataFrame, name: str, nearby: Sequence[str], table: str, first_row: int, rules: CellRules) -> Times:
    columns = part_columns(frame, [name, *nearby])
    if name in columns.values() and len(columns) > 1:
        return _joined_parts(frame, columns, name, nearby, table, first_row, rules)
    kind = kind_of(frame[name], name)
    date = _date_among(frame, nearby)
    numbers = _numbers_of_day(frame[name], name) if date is not None else None
    if date is not None and numbers is not None:
        return _on_date(frame, name, Times(pd.Series(numbers), of_day=True), date, table, first_row, rules)
    if kind is not ClockKind.OF_DAY:
        return read_times(frame[name], name, table, first_row, rules)
    texts = [other for other in (date, half_column(frame, nearby)) if other is not None and _is_text(frame[other])]
    if texts and _is_text(frame[name]):
        joined = read_times(_joined_text([frame[other] for other in (*texts, name)]), name, table, first_row, rules)
        times = with_notes(joined, (_said_joined(name, texts),))
    else:
        times = read_times(frame[name], name, table, first_row, rules)
    if not times.of_day:
        return times
    return over_midnight(times) if date is None else _on_date(frame, name, times, date, table, first_row, rules)


def _numbers_of_day(column: pd.Series, name: str) -> NDArray[np.float64] | None:
    """Whole hours, or numbers such as 80000 and 0.3333, as seconds of the day; None where they are none."""
    column = without_categories(column)
    if not is_numeric(column):
        return None
    if hour_column(pd.DataFrame({name: column}), [name]) is not None:
        return to_float(column) * 3600.0
    return seconds_of_day(to_float(column))


def _with_milliseconds(times: Times, name: str, column: pd.Series, fine: str) -> Times:
    """The times with the milliseconds of another column, unless they have parts of a second of their own."""
    dated = pd.api.types.is_datetime64_any_dtype(times.values.dtype)
    own = times.values.dt.nanosecond + times.values.dt.microsecond if dated else times.values % 1
    if (own.fillna(0) != 0).any() or not (dated or times.of_day or times.notes):
        return times
    parts = pd.Series(to_float(column))
    added = pd.to_timedelta(parts, unit="ms").astype("timedelta64[ns]") if dated else parts / 1e3
    return replace(times, values=times.values + added, notes=(*times.notes, _said_joined(name, [fine])))


def _since_start(times: Times, name: str, column: pd.Series, elapsed: str) -> Times:
    """The times, which are those of the starts of runs, with the time since then."""
    if not pd.api.types.is_datetime64_any_dtype(times.values.dtype):
        return times
    passed = pd.to_timedelta(pd.Series(seconds_since_start(column, elapsed)), unit="s").astype("timedelta64[ns]")
    return replace(times, values=times.values + passed, notes=(*times.notes, _said_joined(name, [elapsed])))


def _joined_parts(
    frame: pd.DataFrame,
    columns: dict[ClockPart, str],
    name: str,
    nearby: Sequence[str],
    table: str,
    first_row: int,
    rules: CellRules,
) -> Times:
    values, dated = read_parts(frame, columns)
    others = [column for column in columns.values() if column != name]
    if dated:
        return Times(values, (_said_joined(name, others),))
    if ClockPart.MONTH in columns:
        return Times(values, (_said_joined(name, others),))
    times = Times(values, (_said_joined(name, others),), of_day=True)
    date = _date_among(frame, [column for column in nearby if column not in others])
    return over_midnight(times) if date is None else _on_date(frame, name, times, date, table, first_row, rules)


def _on_date(
    frame: pd.DataFrame, name: str, times: Times, date: str, table: str, first_row: int, rules: CellRules
) -> Times:
    column = without_categories(frame[date])
    if is_numeric(column) and kind_of(column, date) is ClockKind.DAYS and to_float(column).max() < 1e6:
        days = Times(as_times(column, to_float(column), _SPREADSHEET))
    else:
        days = read_times(column, date, table, first_row, rules)
    joined = on_date(times, days)
    return over_midnight(times) if joined is None else with_notes(joined, (_said_joined(name, [date]),))


def _date_among(frame: pd.DataFrame, nearby: Sequence[str]) -> str | None:
    """The column of dates alone; one that is called a date before others."""
    found = [name for name in nearby if kind_of(frame[name], name) is ClockKind.DAYS]
    return min(found, key=lambda name: not is_date(name)) if found else None


def _is_text(column: pd.Series) -> bool:
    column = without_categories(column)
    return not is_numeric(column) and not is_time(column) and not pd.api.types.is_timedelta64_dtype(column.dtype)


def _joined_text(columns: Sequence[pd.Series]) -> pd.Series:
    """The texts of several columns with blanks between them; missing where one is."""
    kind = pa.large_string()
    texts = [without_missing(as_arrow(without_categories(column))).cast(kind) for column in columns]
    joined = pc.binary_join_element_wise(*texts, pa.scalar(" ", kind))
    return pd.Series(pd.array(joined.to_numpy(zero_copy_only=False), dtype="str"))


def _said_joined(name: str, others: Sequence[str]) -> Note:
    said: dict[str, object] = {"column": name, "others": ", ".join(others)}
    text = "The time was put together from {column} and {others}."
    return FileFinding(text, said, level=Level.REPAIRED, code="joined_time", column=name)
