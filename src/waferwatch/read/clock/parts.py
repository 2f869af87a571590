"""A clock whose parts stand in columns of their own: year, month, day, hour, minute, second; or a date and a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.read.cells.values import is_numeric, to_float, without_categories
from waferwatch.read.clock.dates import DAY_NS, NO_DAY, day_of_year, days_of
from waferwatch.read.clock.words import HALVES
from waferwatch.read.roles.column_names import plain

_NAT = np.iinfo(np.int64).min
_HALF = re.compile(HALVES, re.IGNORECASE)
_LEAP_YEAR = 2000
_LOOK = 1_000  # rows that are looked at before all are


class ClockPart(StrEnum):
    """What one column of such a clock holds."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    DAY_OF_YEAR = "day of the year"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"
    MILLISECOND = "millisecond"
    HOUR_MINUTE = "hour and minute"


_NAMES = {
    ClockPart.YEAR: "year yyyy yr 년 년도 연도 연 年 jahr",
    ClockPart.MONTH: "month mon mo 월 月 monat",
    ClockPart.DAY: "day dd dom dayofmonth 일 日 tag",
    ClockPart.DAY_OF_YEAR: "doy dayofyear julianday jday yday julday",
    ClockPart.HOUR: "hour hh hr hours 시 時 时 stunde",
    ClockPart.MINUTE: "minute min mi mins minutes 분 分",
    ClockPart.SECOND: "second sec ss secs seconds 초 秒 sekunde",
    ClockPart.MILLISECOND: "millisecond ms msec milliseconds millis 밀리초",
    ClockPart.HOUR_MINUTE: "hhmm hourminute hrmn time utc gmt kst jst mst pst cst est lst localtime",
}
_PART_OF = {name: part for part, names in _NAMES.items() for name in names.split()}
_MOST = {
    ClockPart.YEAR: 2261,
    ClockPart.MONTH: 12,
    ClockPart.DAY: 31,
    ClockPart.DAY_OF_YEAR: 366,
    ClockPart.HOUR: 24,
    ClockPart.MINUTE: 59,
    ClockPart.SECOND: 60,
    ClockPart.MILLISECOND: 999,
    ClockPart.HOUR_MINUTE: 2400,
}


def part_columns(frame: pd.DataFrame, names: Iterable[str]) -> dict[ClockPart, str]:
    """The columns that hold parts of one clock by name and content; empty when they do not make a clock together."""
    found: dict[ClockPart, str] = {}
    for name in names:
        part = _PART_OF.get(plain(name))
        if part is not None and part not in found and _fits(frame[name], part):
            found[part] = name
    dated = ClockPart.YEAR in found and (
        {ClockPart.MONTH, ClockPart.DAY} <= found.keys() or ClockPart.DAY_OF_YEAR in found
    )
    if dated or {ClockPart.MONTH, ClockPart.DAY, ClockPart.HOUR} <= found.keys():
        return found
    if {ClockPart.HOUR, ClockPart.MINUTE} <= found.keys():
        return {
            part: name for part, name in found.items() if part in (ClockPart.HOUR, ClockPart.MINUTE, ClockPart.SECOND)
        }
    return {}


def hour_column(frame: pd.DataFrame, names: Iterable[str]) -> str | None:
    """A column of whole hours of the day."""
    return next(
        (name for name in names if _PART_OF.get(plain(name)) is ClockPart.HOUR and _fits(frame[name], ClockPart.HOUR)),
        None,
    )


def half_column(frame: pd.DataFrame, names: Iterable[str]) -> str | None:
    """A column that holds nothing but halves of the day: AM and PM, 오전 and 오후."""
    return next((name for name in names if _holds_halves(frame[name])), None)


def _holds_halves(column: pd.Series) -> bool:
    column = without_categories(column)
    if is_numeric(column) or pd.api.types.is_bool_dtype(column.dtype):
        return False
    first = column.iloc[:_LOOK].dropna()
    if not len(first) or not all(isinstance(word, str) and _HALF.fullmatch(word.strip()) for word in first):
        return False
    return all(isinstance(word, str) and _HALF.fullmatch(word.strip()) for word in column.dropna().unique())


def millisecond_column(frame: pd.DataFrame, names: Iterable[str]) -> str | None:
    """A column of whole milliseconds within a second, which begin anew again and again."""
    for name in names:
        fits = _PART_OF.get(plain(name)) is ClockPart.MILLISECOND and _fits(frame[name], ClockPart.MILLISECOND)
        if fits and (np.diff(to_float(frame[name])) < 0).any():
            return name
    return None


def seconds_of_day(numbers: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Numbers (n,) that stand for a time of day as its seconds: HHMMSS, HHMM, seconds, or the fraction of a day.

    Of those that are possible the one that runs most evenly is taken; None where none is.
    """
    present = numbers[np.isfinite(numbers)]
    if not len(present) or present.min() < 0 or present.max() >= 240_000:
        return None
    if present.max() <= 1 and (present % 1 != 0).any():
        return np.asarray(np.round(numbers * 86_400, 3))  # the fraction of a day
    found = [seconds for seconds in (_hms(numbers), _hm(numbers), _seconds(numbers)) if seconds is not None]
    return max(found, key=_evenness) if found else None


def _hms(numbers: NDArray[np.float64]) -> NDArray[np.float64] | None:
    hours, minutes, seconds = numbers // 10_000, numbers // 100 % 100, numbers % 100
    wrong = (minutes >= 60) | (seconds >= 60) | (hours > 24)
    return None if wrong.any() else hours * 3600 + minutes * 60 + seconds


def _hm(numbers: NDArray[np.float64]) -> NDArray[np.float64] | None:
    wrong = (numbers % 100 >= 60) | (numbers > 2400) | (numbers % 1 != 0) & ~np.isnan(numbers)
    return None if wrong.any() else numbers // 100 * 3600 + numbers % 100 * 60


def _seconds(numbers: NDArray[np.float64]) -> NDArray[np.float64] | None:
    return None if np.nanmax(numbers) > 86_400 else numbers


def _evenness(seconds: NDArray[np.float64]) -> float:
    steps = np.diff(seconds[~np.isnan(seconds)])
    rising = steps[steps > 0]
    return float((np.abs(rising - np.median(rising)) <= 0.1 * np.median(rising)).mean()) if len(rising) else 0.0


def read_parts(frame: pd.DataFrame, columns: Mapping[ClockPart, str]) -> tuple[pd.Series, bool]:
    """The clock (n,): datetime64[ns], or seconds of the day without a date; and whether it has a date."""
    numbers = {part: to_float(frame[name]) for part, name in columns.items()}
    present = np.asarray(np.isfinite(np.column_stack(list(numbers.values()))).all(axis=1))
    whole = {part: np.where(present, values, 1).astype(np.int64) for part, values in numbers.items()}
    of_day = _of_day(numbers, whole, present)
    if ClockPart.YEAR not in columns and ClockPart.MONTH in columns:
        return pd.Series(np.where(present, _of_year_without(whole) * 86_400 + of_day / 1e9, np.nan)), False
    if ClockPart.YEAR not in columns:
        return pd.Series(np.where(present, of_day / 1e9, np.nan)), False
    days = _days(whole)
    right = present & (days != NO_DAY)
    ns = np.where(right, np.where(right, days, 0) * DAY_NS + of_day, _NAT)
    return pd.Series(ns.view("datetime64[ns]")), True


def _of_year_without(whole: Mapping[ClockPart, NDArray[np.int64]]) -> NDArray[np.float64]:
    """(n,) days since the year began, NaN where there is no such day; the 29th of February is one."""
    year = np.full_like(whole[ClockPart.MONTH], _LEAP_YEAR)
    days = days_of(year, whole[ClockPart.MONTH], whole[ClockPart.DAY])
    first = days_of(year[:1], np.ones_like(year[:1]), np.ones_like(year[:1]))
    return np.where(days == NO_DAY, np.nan, days - first)


def _days(whole: Mapping[ClockPart, NDArray[np.int64]]) -> NDArray[np.int64]:
    year = whole[ClockPart.YEAR]
    if year.max() < 100:
        year = year + np.where(year < 70, 2000, 1900)
    if ClockPart.MONTH in whole and ClockPart.DAY in whole:
        return days_of(year, whole[ClockPart.MONTH], whole[ClockPart.DAY])
    return day_of_year(year, whole[ClockPart.DAY_OF_YEAR])


def _of_day(
    numbers: Mapping[ClockPart, NDArray[np.float64]],
    whole: Mapping[ClockPart, NDArray[np.int64]],
    present: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """(n,) nanoseconds since midnight; seconds may have a fraction."""
    nothing = np.zeros(len(present), np.int64)
    minutes = whole.get(ClockPart.HOUR, nothing) * 60 + whole.get(ClockPart.MINUTE, nothing)
    if ClockPart.HOUR not in whole and ClockPart.HOUR_MINUTE in whole:
        minutes = whole[ClockPart.HOUR_MINUTE] // 100 * 60 + whole[ClockPart.HOUR_MINUTE] % 100
    seconds = numbers.get(ClockPart.SECOND)
    of_seconds = nothing if seconds is None else np.round(np.where(present, seconds, 0) * 1e9).astype(np.int64)
    return minutes * 60 * 10**9 + of_seconds + whole.get(ClockPart.MILLISECOND, nothing) * 10**6


def _fits(column: pd.Series, part: ClockPart) -> bool:
    if not is_numeric(column):
        return False
    for numbers in (to_float(column.iloc[:_LOOK]), to_float(column)):
        present = numbers[np.isfinite(numbers)]
        if not len(present) or present.min() < 0 or present.max() > _MOST[part]:
            return False
        if part is not ClockPart.SECOND and (present % 1 != 0).any():
            return False
        if part is ClockPart.HOUR_MINUTE and (present % 100 > 59).any():
            return False
    return part is not ClockPart.YEAR or bool(((present >= 1900) | (present < 100)).all())
