"""Time columns: text and numbers in many forms -> datetime64[ns] or float64."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.cells.rules import USUAL, CellRules
from waferwatch.read.cells.values import is_numeric, is_time, to_float, without_categories
from waferwatch.read.clock.dates import Days
from waferwatch.read.clock.epochs import as_times, epoch_of
from waferwatch.read.clock.kinds import ClockKind, is_compact, kind_of, without_missing
from waferwatch.read.clock.text_times import TextTimes, as_arrow, read_text_times
from waferwatch.read.findings import FileFinding, Level
from waferwatch.read.table import Note
from waferwatch.read.time_axis.zones import in_zone

_FIRST_YEAR, _LAST_YEAR = 1678, 2261  # of datetime64[ns], whole years
_HALF = 0.5  # of a day or an hour: a clock without a date that goes back by more begins the next one
_NAT = np.iinfo(np.int64).min
_EPOCH_TEXTS = {
    "seconds since 1970": "The numbers in {column} were read as seconds since 1970 (UTC).",
    "milliseconds since 1970": "The numbers in {column} were read as milliseconds since 1970 (UTC).",
    "microseconds since 1970": "The numbers in {column} were read as microseconds since 1970 (UTC).",
    "nanoseconds since 1970": "The numbers in {column} were read as nanoseconds since 1970 (UTC).",
    "seconds since 1904": "The numbers in {column} were read as seconds since 1904, as LabVIEW counts them.",
    "Windows file times": "The numbers in {column} were read as file times of Windows.",
    "ticks of .NET": "The numbers in {column} were read as ticks of .NET.",
    "days since 1900": "The numbers in {column} were read as days since 1900, as spreadsheets count them.",
    "days since year 0": "The numbers in {column} were read as days since year 0, as MATLAB counts them.",
}


@dataclass(frozen=True)
class Times:
    """A time column that could be read."""

    values: pd.Series  # (n,) datetime64[ns] as the clock of the data shows it, or float64
    notes: tuple[Note, ...] = ()
    of_day: bool = False  # seconds of a day that another column may name
    zone: str | None = None  # such as UTC+09:00, where the data say it
    wraps: float = 86_400.0  # seconds after which times of day begin anew


def read_times(column: pd.Series, name: str, table: str, first_row: int, rules: CellRules = USUAL) -> Times:
    """Read a column as time: as the clock of the data shows it, with its zone where offsets from UTC tell it.

    Among the notes may be an obstacle: dates of which neither how time runs nor the rules say what comes first.

    Raises:
        InputError: naming the first row whose cell is no time or outside of the years 1678 to 2261, if there are more
            of them than the rules allow, or that mixes times with and without offset.
    """
    column = without_categories(column)
    if is_time(column):
        return _typed(column, name, table, first_row)
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        return Times(column.dt.total_seconds())
    if is_numeric(column):
        numbers = to_float(column)
        if not is_compact(numbers):
            return _of_numbers(column, numbers, name)
        column = pd.Series(numbers).map(lambda value: f"{value:.0f}", na_action="ignore")
    return _of_text(column, name, table, first_row, rules)


def looks_like_time(column: pd.Series) -> bool:
    """Whether a column of any name holds dates, times of day, or numbers that count time from a known date."""
    return kind_of(column, "") in (ClockKind.DATED, ClockKind.DAYS, ClockKind.OF_DAY)


def on_date(times: Times, date: Times) -> Times | None:
    """Times of day on the days of another column; None where that one holds no days."""
    if not pd.api.types.is_datetime64_any_dtype(date.values.dtype):
        return None
    joined = date.values.dt.normalize() + pd.to_timedelta(times.values, unit="s").astype("timedelta64[ns]")
    return Times(joined, date.notes)


def over_midnight(times: Times) -> Times:
    """Times of day without a date that run on where the clock goes back by more than half a day.

    Times of which only minutes and seconds were written run on from hour to hour in the same way.
    """
    back = times.values.diff() < -_HALF * times.wraps
    return Times(times.values + times.wraps * back.cumsum(), times.notes)


def _of_numbers(column: pd.Series, numbers: NDArray[np.float64], name: str) -> Times:
    epoch = epoch_of(numbers)
    if epoch is None:
        return Times(pd.Series(np.where(np.isfinite(numbers), numbers, np.nan)))
    said: dict[str, object] = {"column": name}
    note = FileFinding(_EPOCH_TEXTS[epoch.what], said, level=Level.REPAIRED, code="epoch", column=name)
    zone = "UTC" if epoch.sure and "1970" in epoch.what else None
    return Times(as_times(column, numbers, epoch), (note,), zone=zone)


def _typed(column: pd.Series, name: str, table: str, first_row: int) -> Times:
    """Times of a type of their own, with or without a zone."""
    if isinstance(column.dtype, pd.PeriodDtype):
        _refuse_outside(column, column, name, table, first_row)
        column = column.dt.to_timestamp()
    if str(column.dtype).startswith("timestamp"):  # of Arrow
        column = pd.Series(pd.array(column.array.__arrow_array__().to_pandas()))
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        _refuse_outside(column, column, name, table, first_row)
        return Times(column.astype("datetime64[ns]"))
    naive = column.dt.tz_convert("UTC").dt.tz_localize(None)
    _refuse_outside(naive, column, name, table, first_row)
    utc = naive.astype("datetime64[ns]")
    ahead = column.dt.tz_localize(None).astype("datetime64[ns]") - utc
    local, zone, notes = in_zone(utc, ahead.dt.total_seconds().to_numpy(np.float64), name)
    return Times(local, notes, zone=zone)


def _refuse_outside(found: pd.Series, cells: pd.Series, name: str, table: str, first_row: int) -> None:
    outside = _outside(found)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise _other_age(table, name, first_row + row, cells.iloc[row])


def _outside(found: pd.Series) -> NDArray[np.bool_]:
    """Which times datetime64[ns] cannot hold."""
    outside: NDArray[np.bool_] = (~found.dt.year.between(_FIRST_YEAR, _LAST_YEAR) & found.notna()).to_numpy(np.bool_)
    return outside


def _of_text(column: pd.Series, name: str, table: str, first_row: int, rules: CellRules) -> Times:
    text = without_missing(as_arrow(column))
    found = read_text_times(text, rules.date_order, least=0.0)
    if found is None:
        return _of_text_numbers(column, text, name, table, first_row)
    notes = _check(found, text, name, table, first_row, rules)
    if not found.dated:
        seconds = pd.Series(np.where(found.ns == _NAT, np.nan, found.ns / 1e9))
        said = Note("{column} holds times of day without a date; they were read as seconds.", {"column": name})
        return Times(seconds, (*notes, said), of_day=True, wraps=found.wraps / 1e9)
    notes = (*notes, *_order_notes(found.order, name), *_zone_notes(found, name))
    times = pd.Series(found.ns.view("datetime64[ns]"), copy=False)
    if found.offsets is None:
        return Times(times, notes)
    utc = times - pd.to_timedelta(pd.Series(found.offsets).fillna(0), unit="s").astype("timedelta64[ns]")
    local, zone, zone_notes = in_zone(utc, found.offsets, name)
    return Times(local, (*notes, *zone_notes), zone=zone)


def _of_text_numbers(column: pd.Series, text: pa.ChunkedArray, name: str, table: str, first_row: int) -> Times:
    """Numbers that a few words have made text."""
    numbers = pd.to_numeric(pd.Series(text.to_pandas()), errors="coerce").to_numpy(np.float64)
    wrong = np.isnan(numbers) & pc.is_valid(text).to_numpy()
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise _no_time(table, name, first_row + row, column.iloc[row])
    return _of_numbers(pd.Series(numbers), numbers, name)


def _check(
    found: TextTimes, text: pa.ChunkedArray, name: str, table: str, first_row: int, rules: CellRules
) -> tuple[Note, ...]:
    """Refuse a column with too many cells that are no time; what to say of a few."""
    if found.unzoned.any():
        row = int(np.flatnonzero(found.unzoned)[0])
        raise _without_offset(table, name, first_row + row, text[row].as_py())
    filled = pc.is_valid(text).to_numpy().astype(np.bool_)
    bad = np.flatnonzero(filled & (found.ns == _NAT))
    if not bad.size:
        return ()
    row = int(bad[0])
    if bad.size > rules.bad_cells * filled.sum():
        error = _other_age if found.outside[row] else _no_time
        raise error(table, name, first_row + row, text[row].as_py())
    said: dict[str, object] = {
        "column": name,
        "count": int(bad.size),
        "row": first_row + row,
        "value": repr(text[row].as_py()),
    }
    lines = tuple(first_row + int(at) for at in bad[:10])
    return (
        FileFinding(
            "Cells of the time column {column} that are not times: {count}, the first of them {value} in row {row}.",
            said,
            level=Level.REPAIRED,
            code="bad_times",
            lines=lines,
            column=name,
            count=int(bad.size),
            remedy="Correct them, or leave them as they are: rows without a time are not judged.",
        ),
    )


def _order_notes(days: Days | None, name: str) -> tuple[Note, ...]:
    """What to say of dates that can be read in two ways: a question where it matters, else what was assumed."""
    if days is None or days.order is None or (not days.others and days.one_day):
        return ()
    option = "--" + (days.others[0] if days.others else days.order)
    said: dict[str, object] = {"column": name, "order": days.order.value}
    place = {"column": name, "field": "date_order"}
    if not days.others:
        text = "The dates in {column} were read {order}, which alone gives an even run of time."
        return (FileFinding(text, said, code="date_order", **place),)  # type: ignore[arg-type]
    said["other"] = days.others[0].value
    if days.one_day:
        text = "The dates in {column} were read {order}; {other} would fit as well. All rows lie on one day either way."
        return (FileFinding(text, said, code="date_order", option=option, remedy=_ORDER_TEXT, **place),)  # type: ignore[arg-type]
    text = "The dates in {column} can be read {order} or {other}, and how time runs does not show which is right."
    options = f"--{days.order} | --{days.others[0]}"
    obstacle = Level.OBSTACLE
    return (
        FileFinding(text, said, level=obstacle, code="date_order", option=options, remedy=_ORDER_TEXT, **place),  # type: ignore[arg-type]
    )


_ORDER_TEXT = "Say which comes first: --day-first, --month-first or --year-first."


def _zone_notes(found: TextTimes, name: str) -> tuple[Note, ...]:
    if not found.unknown_zones:
        return ()
    text = "The times in {column} name a zone that is not known for certain ({zones}); they were kept as written."
    said: dict[str, object] = {"column": name, "zones": ", ".join(found.unknown_zones[:5])}
    return (FileFinding(text, said, code="unknown_zone", column=name),)


def with_notes(times: Times, notes: tuple[Note, ...]) -> Times:
    """The times with further notes after their own."""
    return replace(times, notes=(*times.notes, *notes))


def _without_offset(table: str, name: str, row: int, value: object) -> InputError:
    return InputError(
        "Row {row} of {table}: the time {value} in {column} has no offset from UTC, unlike others.",
        hint="Write every time with an offset, or none.",
        field="time",
        row=row,
        table=table,
        column=name,
        value=repr(str(value)),
    )


def _other_age(table: str, name: str, row: int, value: object) -> InputError:
    return InputError(
        "Row {row} of {table}: {value} in the time column {column} lies outside the years {first} to {last}.",
        hint="Correct it, or leave the cell empty if it stands for no date.",
        field="time",
        row=row,
        table=table,
        column=name,
        value=repr(str(value)),
        first=_FIRST_YEAR,
        last=_LAST_YEAR,
    )


def _no_time(table: str, name: str, row: int, value: object) -> InputError:
    return InputError(
        "Row {row} of {table}: {value} in the time column {column} cannot be read as a time.",
        hint="Write it like 2026-01-31 13:45:00.250, leave the cell empty, or give the column another role.",
        field="time",
        row=row,
        table=table,
        column=name,
        value=repr(str(value)),
    )
