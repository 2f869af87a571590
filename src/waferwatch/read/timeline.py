"""The clock of a table: one time column, joined with the columns that hold its date or its other parts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from waferwatch.read.cell_rules import CellRules
from waferwatch.read.clock.epochs import EPOCHS, as_times
from waferwatch.read.clock.kinds import Kind, kind_of, without_missing
from waferwatch.read.clock.parts import Part, hour_column, part_columns, read_parts
from waferwatch.read.clock.text_times import as_arrow
from waferwatch.read.findings import FileFinding, Level
from waferwatch.read.names import is_date
from waferwatch.read.table import Note
from waferwatch.read.times import Times, on_date, over_midnight, read_times, with_notes
from waferwatch.read.values import is_numeric, is_time, to_float, without_categories

_SPREADSHEET = next(epoch for epoch in EPOCHS if epoch.what == "days since 1900")


def read_clock(
    frame: pd.DataFrame, name: str, beside: Sequence[str], table: str, first_row: int, rules: CellRules
) -> Times:
    """The time column ``name`` as one clock.

    Args:
        frame: columns as read.
        name: of the time column.
        beside: columns that may hold its date or other parts.
        table, first_row, rules: as for ``read_times``.
    """
    columns = part_columns(frame, [name, *beside])
    if name in columns.values() and len(columns) > 1:
        return _joined_parts(frame, columns, name, beside, table, first_row, rules)
    if hour_column(frame, [name]) is not None and (date := _date_beside(frame, beside)) is not None:
        hours = Times(pd.Series(to_float(frame[name]) * 3600.0), of_day=True)
        return _on_date(frame, name, hours, date, table, first_row, rules)
    date = _date_beside(frame, beside) if kind_of(frame[name], name) is Kind.OF_DAY else None
    if date is not None and _is_text(frame[name]) and _is_text(frame[date]):
        joined = read_times(_joined_text(frame[date], frame[name]), name, table, first_row, rules)
        return with_notes(joined, (_said_joined(name, [date]),))
    times = read_times(frame[name], name, table, first_row, rules)
    if not times.of_day:
        return times
    return over_midnight(times) if date is None else _on_date(frame, name, times, date, table, first_row, rules)


def _joined_parts(
    frame: pd.DataFrame,
    columns: dict[Part, str],
    name: str,
    beside: Sequence[str],
    table: str,
    first_row: int,
    rules: CellRules,
) -> Times:
    values, dated = read_parts(frame, columns)
    others = [column for column in columns.values() if column != name]
    if dated:
        return Times(values, (_said_joined(name, others),))
    times = Times(values, (_said_joined(name, others),), of_day=True)
    date = _date_beside(frame, [column for column in beside if column not in others])
    return over_midnight(times) if date is None else _on_date(frame, name, times, date, table, first_row, rules)


def _on_date(
    frame: pd.DataFrame, name: str, times: Times, date: str, table: str, first_row: int, rules: CellRules
) -> Times:
    column = without_categories(frame[date])
    if is_numeric(column) and kind_of(column, date) is Kind.DAYS and to_float(column).max() < 1e6:
        days = Times(as_times(column, to_float(column), _SPREADSHEET))
    else:
        days = read_times(column, date, table, first_row, rules)
    joined = on_date(times, days)
    return over_midnight(times) if joined is None else with_notes(joined, (_said_joined(name, [date]),))


def _date_beside(frame: pd.DataFrame, beside: Sequence[str]) -> str | None:
    """The column of dates alone; one that is called a date before others."""
    found = [name for name in beside if kind_of(frame[name], name) is Kind.DAYS]
    return min(found, key=lambda name: not is_date(name)) if found else None


def _is_text(column: pd.Series) -> bool:
    column = without_categories(column)
    return not is_numeric(column) and not is_time(column) and not pd.api.types.is_timedelta64_dtype(column.dtype)


def _joined_text(date: pd.Series, of_day: pd.Series) -> pd.Series:
    """Date and time of day in one text; missing where one is."""
    first, second = (without_missing(as_arrow(without_categories(column))) for column in (date, of_day))
    kind = pa.large_string()
    joined = pc.binary_join_element_wise(first.cast(kind), second.cast(kind), pa.scalar(" ", kind))
    return pd.Series(pd.array(joined.to_numpy(zero_copy_only=False), dtype="str"))


def _said_joined(name: str, others: Sequence[str]) -> Note:
    said: dict[str, object] = {"column": name, "others": ", ".join(others)}
    text = "The time was put together from {column} and {others}."
    return FileFinding(text, said, level=Level.REPAIRED, code="joined_time", column=name)
