"""Days of the calendar from the parts of written dates, and the order in which year, month and day are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.clock.fields import Fields
from waferwatch.read.clock.written_parts import ABSENT

NO_DAY = np.iinfo(np.int64).min
DAY_NS = 86_400 * 10**9
_FIRST_YEAR, _LAST_YEAR = 1678, 2261  # of datetime64[ns], whole years
_CENTURY_BREAK = 70  # 70 to 99 are years of the last century
_CLEARLY = 0.5  # the right order gives at most this share of the way through time that the next best gives
_SAMPLED_OFTEN = 6 * 3600 * 10**9  # ns: rows closer than this show at midnight which order is right


class DateOrder(StrEnum):
    """Which part of a date is written first."""

    YEAR_FIRST = "year-first"
    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


# Where year, month and day stand among the three parts.
_PLACES = {
    DateOrder.MONTH_FIRST: (2, 0, 1),
    DateOrder.DAY_FIRST: (2, 1, 0),
    DateOrder.YEAR_FIRST: (0, 1, 2),
}


@dataclass(frozen=True)
class Days:
    """Dates read in one order."""

    order: DateOrder | None  # None where there is but one way to read them
    days: NDArray[np.int64]  # (n,) days since 1970, NO_DAY where the date does not exist
    others: tuple[DateOrder, ...] = ()  # orders that are as likely
    one_day: bool = False  # all rows lie on the same day, however it is read
    outside: NDArray[np.bool_] | None = None  # (n,) dates of other ages


def read_days(fields: Fields, wish: DateOrder | None, *, dotted: bool = False) -> Days:
    """The days of written dates, in the order that the user wishes or that gives the most even run of time.

    Where both fit, dates with dots between their parts put the day first.
    """
    if fields.day_of_year is not None:
        return Days(None, _of_year(fields.date[0], fields.day_of_year))
    read = {order: _days(fields, order) for order in _possible(fields, wish)}
    fewest = min(_bad(days, fields) for days in read.values())
    read = {order: days for order, days in read.items() if _bad(days, fields) == fewest}
    if len(read) == 1:
        return Days(None, next(iter(read.values())))
    found = _most_even(read, fields)
    if dotted and DateOrder.DAY_FIRST in found.others and found.order is DateOrder.MONTH_FIRST:
        return Days(DateOrder.DAY_FIRST, read[DateOrder.DAY_FIRST], one_day=found.one_day)
    return found


def outside_ages(fields: Fields) -> NDArray[np.bool_]:
    """(n,) which cells name a year of four digits that cannot be kept."""
    numbers = [part for at, part in enumerate(fields.date) if fields.widths[at] > 2 and at != fields.month_at]
    if not numbers:
        return np.zeros(len(fields.matched), np.bool_)
    year = numbers[0]
    outside: NDArray[np.bool_] = fields.matched & (year != ABSENT) & ((year < _FIRST_YEAR) | (year > _LAST_YEAR))
    return outside


def _possible(fields: Fields, wish: DateOrder | None) -> list[DateOrder]:
    """Orders that fit the widths of the parts and the place of a month's name; the likeliest first."""
    fitting = []
    for order, (year, month, _) in _PLACES.items():
        wide = [at for at, width in enumerate(fields.widths) if width > 2 and at != fields.month_at]
        if (not wide or wide == [year]) and fields.month_at in (None, month):
            fitting.append(order)
    if wish in fitting:
        return [wish]
    return fitting or list(_PLACES)


def _days(fields: Fields, order: DateOrder) -> NDArray[np.int64]:
    year, month, day = (fields.date[place] for place in _PLACES[order])
    if fields.widths[_PLACES[order][0]] <= 2:
        year = np.where(year < 0, year, year + np.where(year < _CENTURY_BREAK, 2000, 1900))
    return days_of(year, month, day)


def days_of(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) days since 1970; NO_DAY where there is no such day."""
    right = (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(right, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    next_first = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    right &= day <= next_first - first
    return np.where(right, first + day - 1, NO_DAY)


def _of_year(year: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    first = days_of(year, np.ones_like(year), np.ones_like(year))
    return np.where((first != NO_DAY) & (day >= 1) & (day <= 366), first + day - 1, NO_DAY)


def day_of_year(year: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) days since 1970 of the day of a year, counted from 1; NO_DAY where there is none."""
    return _of_year(year, day)


def _bad(days: NDArray[np.int64], fields: Fields) -> int:
    return int((fields.matched & (days == NO_DAY)).sum())


def _most_even(read: dict[DateOrder, NDArray[np.int64]], fields: Fields) -> Days:
    ways = {order: _way(days, fields) for order, days in read.items()}
    ranked = sorted(read, key=lambda order: (ways[order][0], _far_from_now(read[order])))
    best, second = ranked[0], ranked[1]
    alike = [order for order in ranked if not _better(ways[best], ways[order])]
    if second in alike and len(alike) > 1:
        likeliest = [order for order in alike if _far_from_now(read[order]) == _far_from_now(read[alike[0]])]
        alike = [order for order in _PLACES if order in likeliest]
        best = alike[0]
    if all(_same(days, read[best], fields) for days in read.values()):
        return Days(None, read[best])
    others = tuple(order for order in alike if order is not best and not _same(read[order], read[best], fields))
    one_day = all(way[0] < DAY_NS for way in (ways[order] for order in (best, *others)))
    return Days(best, read[best], others, one_day)


def _same(one: NDArray[np.int64], other: NDArray[np.int64], fields: Fields) -> bool:
    return bool((one[fields.matched] == other[fields.matched]).all())


def _way(days: NDArray[np.int64], fields: Fields) -> tuple[float, float]:
    """The whole way through time from row to row, and the usual step, in nanoseconds."""
    there = fields.matched & (days != NO_DAY)
    steps = np.abs(np.diff(days[there].astype(np.float64) * DAY_NS + fields.of_day[there]))
    moved = steps[steps > 0]
    return float(steps.sum()), float(np.median(moved)) if len(moved) else 0.0


def _better(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < _CLEARLY * other[0] and one[1] <= _SAMPLED_OFTEN


def _far_from_now(days: NDArray[np.int64]) -> int:
    """Whole years between the last date and now; dates yet to come lie far away."""
    present = days[days != NO_DAY]
    if not len(present):
        return _LAST_YEAR
    years = datetime.now(UTC).year - (1970 + int(present.max()) // 365.2425)
    return int(years if years >= -1 else 100 - years)
