"""Time columns: text and numbers in many forms -> datetime64[ns] or float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.table import Note
from waferwatch.read.values import MISSING, is_numeric, is_time, to_float, without_categories
from waferwatch.read.zones import in_zone, text_offsets

_OFFSET = r"[T ]\d{1,2}:?\d{2}.*(?:[+-]\d{2}:?\d{2}|[Zz])$"
# Of a day and a month that are both at most 12, American tools write the month first; the note tells the user.
_MONTH_FIRST = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y")
_FORMATS = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S.%f",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y/%m/%d %p %I:%M:%S",
    "%Y/%m/%d %p %I:%M",
    "%Y/%m/%d %I:%M:%S %p",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M%S%f",
    "%Y%m%d %H%M%S",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d%H%M",
    "%Y%m%d",
    *_MONTH_FIRST,
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S.%f",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%d %b %Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%d-%b-%y %H:%M:%S",
)
_SAMPLE = 200
_BLOCK = 200_000  # cells parsed at once, since each becomes a Python object for that time
_FIRST_YEAR, _LAST_YEAR = 1678, 2261  # of datetime64[ns], whole years
_HALF_DAY = 43_200.0  # seconds


@dataclass(frozen=True)
class Times:
    """A time column that could be read."""

    values: pd.Series  # (n,) datetime64[ns] as the clock of the data shows it, or float64
    notes: tuple[Note, ...] = ()
    of_day: bool = False  # seconds of a day that another column may name
    zone: str | None = None  # such as UTC+09:00, where the data say it


def read_times(column: pd.Series, name: str, table: str, first_row: int) -> Times:
    """Read a column as time: as the clock of the data shows it, with its zone where offsets from UTC tell it.

    Raises:
        InputError: naming the first row whose cell is no time or outside of the years 1678 to 2261, or that mixes times
            with and without offset.
    """
    column = without_categories(column)
    if is_time(column):
        return _typed(column, name, table, first_row)
    if is_numeric(column):
        numbers = pd.Series(to_float(column))
        compact = _compact(numbers)
        if compact is None:
            return Times(numbers.where(np.isfinite(numbers)))
        column = compact
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        return Times(column.dt.total_seconds())
    text = _clean(column)
    seconds = _seconds_of_day(text)
    if seconds is not None:
        note = Note("{column} holds times of day without a date; they were read as seconds.", {"column": name})
        return Times(seconds, (note,), of_day=True)
    return _parse(text, column, name, table, first_row)


def on_date(times: Times, date: Times) -> Times | None:
    """Times of day on the days of another column; None where that one holds no days."""
    if not pd.api.types.is_datetime64_any_dtype(date.values.dtype):
        return None
    return Times(date.values.dt.normalize() + pd.to_timedelta(times.values, unit="s").astype("timedelta64[ns]"))


def over_midnight(times: Times) -> Times:
    """Times of day without a date that run on where the clock goes back by more than half a day."""
    back = times.values.diff() < -_HALF_DAY
    return Times(times.values + 2 * _HALF_DAY * back.cumsum(), times.notes)


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


def _compact(numbers: pd.Series) -> pd.Series | None:
    """Numbers such as 20260102 or 20260102101112, which are dates written without signs, as text."""
    present = numbers.dropna()
    for digits in (8, 14):
        low, high = 1900 * 10 ** (digits - 4), 2200 * 10 ** (digits - 4)
        if len(present) and present.between(low, high).all() and (present % 1 == 0).all():
            month = present // 10 ** (digits - 6) % 100
            if month.between(1, 12).all() and (present // 10 ** (digits - 8) % 100).between(1, 31).all():
                return numbers.map(lambda value: f"{value:.0f}", na_action="ignore")
    return None


def _clean(column: pd.Series) -> pd.Series:
    """Trimmed text, missing cells as NaN, Korean and dotted dates in the form 2026/01/02 AM 10:11:12."""
    text = column if isinstance(column.dtype, pd.StringDtype) else column.map(str, na_action="ignore")
    text = text.astype("str").str.strip()
    text = text.mask(text.str.lower().isin(MISSING))
    sample = text.dropna().head(_SAMPLE)
    if sample.str.contains("오전|오후", regex=True).any():
        text = text.str.replace("오전", "AM").str.replace("오후", "PM").str.replace("-", "/")
    if sample.str.contains("년").any():
        text = text.str.replace(r"\s*[년월]\s*", "/", regex=True).str.replace("일", " ")
        text = text.str.replace(r"\s*[시분]\s*", ":", regex=True).str.replace("초", "")
        text = text.str.replace(r"\s+", " ", regex=True).str.strip(" :")
    if sample.str.match(r"\d{4}\.\s*\d").any():
        text = text.str.replace(r"^(\d{4})\.\s*(\d+)\.\s*(\d+)\.?\s*", r"\1/\2/\3 ", regex=True).str.strip()
    if sample.str.match(r"\d{1,2}\.\d{1,2}\.\d{4}").any():  # a dotted date that ends in the year puts the day first
        text = text.str.replace(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})", r"\3/\2/\1", regex=True)
    return text


def _seconds_of_day(text: pd.Series) -> pd.Series | None:
    present = text.dropna()
    pattern = r"\d{1,3}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
    if present.empty or not present.str.fullmatch(pattern).all():
        return None
    long = text.str.replace(r"^(\d+:\d+)$", r"\1:00", regex=True).str.replace(",", ".")
    return pd.to_timedelta(long).dt.total_seconds()


def _parse(text: pd.Series, column: pd.Series, name: str, table: str, first_row: int) -> Times:
    missing = text.isna().to_numpy()
    offset = text.str.contains(_OFFSET, regex=True, na=False).to_numpy(dtype=np.bool_)
    if offset.any() and not (offset | missing).all():
        row = int(np.flatnonzero(~offset & ~missing)[0])
        raise InputError(
            "Row {row} of {table}: the time {value} in {column} has no offset from UTC, unlike others.",
            hint="Write every time with an offset, or none.",
            field="time",
            row=first_row + row,
            table=table,
            column=name,
            value=repr(str(column.iloc[row])),
        )
    has_offset = bool(offset.any())
    best, outside = _read_blocks(text, "ISO8601", utc=has_offset)
    notes: tuple[Note, ...] = ()
    if _failed(best, missing).any() and not has_offset:
        best, outside, notes = _try_formats(text, best, outside, missing, name)
    bad = np.flatnonzero(_failed(best, missing))
    if bad.size:
        error = _other_age if outside[bad[0]] else _no_time
        raise error(table, name, first_row + int(bad[0]), column.iloc[int(bad[0])])
    if not has_offset:
        return Times(best, notes)
    local, zone, notes = in_zone(best, text_offsets(text), name)
    return Times(local, notes, zone=zone)


def _read_blocks(text: pd.Series, form: str, *, utc: bool = False) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Times (n,) as datetime64[ns], NaT for what is none, and which of those (n,) are times that this cannot hold."""
    blocks, outsides = [], []
    for start in range(0, max(1, len(text)), _BLOCK):
        found = pd.to_datetime(text.iloc[start : start + _BLOCK], format=form, errors="coerce", utc=utc)
        found = found.dt.tz_localize(None) if utc else found
        outsides.append(_outside(found))
        blocks.append(found.mask(outsides[-1]).astype("datetime64[ns]"))
    return pd.concat(blocks), np.concatenate(outsides)


def _try_formats(
    text: pd.Series, best: pd.Series, outside: NDArray[np.bool_], missing: NDArray[np.bool_], name: str
) -> tuple[pd.Series, NDArray[np.bool_], tuple[Note, ...]]:
    """The format that reads most cells; formats are tried on a sample first."""
    sample = text.dropna().head(_SAMPLE)
    fewest = int(_failed(best, missing).sum())
    notes: tuple[Note, ...] = ()
    for form in _FORMATS:
        if pd.to_datetime(sample, format=form, errors="coerce").isna().mean() > 0.5:
            continue
        found, beyond = _read_blocks(text, form)
        failed = int(_failed(found, missing).sum())
        if failed < fewest:
            best, outside, fewest = found, beyond, failed
            notes = (_month_first(name),) if form in _MONTH_FIRST else ()
    return best, outside, notes


def _month_first(name: str) -> Note:
    return Note("The dates in {column} were read with the month first.", {"column": name})


def _failed(found: pd.Series, missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    failed: NDArray[np.bool_] = found.isna().to_numpy() & ~missing
    return failed


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


def looks_like_time(column: pd.Series) -> bool:
    """Whether the first cells of a column of any name are times with a date."""
    if is_time(column):
        return True
    sample = column.dropna().head(_SAMPLE)
    text = _clean(sample)
    signs = text.str.contains(r"\d[-/]\d+[-/]\d", regex=True, na=False)
    if not len(sample) or not signs.all():
        return False
    try:
        return bool(_parse(text, sample, "", "", 0).values.notna().any())
    except InputError:
        return False
