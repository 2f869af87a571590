"""Which columns are the clock: what they hold decides, their names only between two that hold the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from waferwatch.read.cells.values import counts_rows, is_numeric, is_time, look_at, to_float, without_categories
from waferwatch.read.clock.kinds import ClockKind, kind_of, read_sample
from waferwatch.read.clock.parts import half_column, hour_column, millisecond_column, part_columns, seconds_of_day
from waferwatch.read.roles.column_names import category, is_clock, is_coordinate, is_counter, is_date, time_rank
from waferwatch.read.roles.label_names import label_rank

_LAST = 1_000  # rank of a name that says nothing of time
_LOOK = 2_000  # rows by which a column is found to hold numbers
_OFTEN = 0.5  # of the rows that have a date of their own, where dates alone can be the clock


@dataclass(frozen=True)
class Choice:
    """The clock, and what else the columns say of time."""

    clock: str | None
    further: tuple[str, ...] = ()  # further columns that hold a part of the clock
    others: tuple[str, ...] = ()  # clocks that are not needed
    no_clocks: tuple[str, ...] = ()  # numbers under the name of a clock that do not run like one


def choose_clock(frame: pd.DataFrame, free: Sequence[str], given: str | None, spare: Sequence[str] = ()) -> Choice:
    """Find the clock among the columns ``free``; ``given`` is one that the user has named.

    Columns of ``spare``, which the user leaves out, may hold parts of the given one.

    Dates with a time of day come first, then a date with the time of day in other columns, then numbers under the name
    of a clock that run like one, then numbers under any name that rise by even steps.
    """
    kinds = _kinds(frame, free)
    parts = tuple(part_columns(frame, free).values())
    no_clocks = tuple(
        name for name in free if name not in kinds and name not in parts and _called_time(frame[name], name)
    )
    clock, further = (given, ()) if given is not None else _best(frame, kinds, parts, free)
    if clock is None:
        return Choice(_badly_written(frame, free), no_clocks=no_clocks)
    if given is not None and not further:
        further = _further_of_given(frame, given, [*free, *spare])
    further += _small_parts(
        frame, kinds.get(clock), [name for name in (*free, *spare) if name not in (clock, *further)]
    )
    others = [name for name, kind in kinds.items() if _is_other(frame, name, kind)]
    others += parts if len(parts) > 2 else ()
    rest = tuple(name for name in dict.fromkeys(others) if name not in (clock, *further))
    return Choice(clock, further, rest, no_clocks)


def named_clock(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """Columns that the user has named as the clock, with the one first that is more than a date."""
    kinds = {name: kind_of(frame[name], name) for name in columns}
    return tuple(sorted(columns, key=lambda name: kinds[name] is ClockKind.DAYS))


def _kinds(frame: pd.DataFrame, free: Sequence[str]) -> dict[str, ClockKind]:
    """The columns that may be a clock; row counters and columns that name things are none."""
    kinds = {}
    for name in free:
        if category(name) is None and label_rank(name) is None and not _counts_rows(frame[name], name):
            kind = kind_of(frame[name], name) or _kind_in_groups(frame, name)
            if kind is not None:
                kinds[name] = kind
    return kinds if _measures_anything(frame, free, kinds) else _sure_ones(kinds)


def _counts_rows(column: pd.Series, name: str) -> bool:
    column = without_categories(column)
    return is_counter(name) and is_numeric(column) and counts_rows(to_float(column))


def _measures_anything(frame: pd.DataFrame, free: Sequence[str], kinds: dict[str, ClockKind]) -> bool:
    """Whether a column is left that may be a sensor when all that runs like a clock is taken for one."""
    left = [name for name in free if name not in kinds and category(name) is None]
    left = [name for name in left if not _counts_rows(frame[name], name) and label_rank(name) is None]
    return any(look_at(frame[name].iloc[:_LOOK]).mostly_numbers for name in left)


def _sure_ones(kinds: dict[str, ClockKind]) -> dict[str, ClockKind]:
    """What is a clock by its form, or by its numbers and a name that is hardly another thing's."""
    unsure = (ClockKind.EVEN, ClockKind.RUNNING)
    return {name: kind for name, kind in kinds.items() if kind not in unsure or time_rank(name) is not None}


def _kind_in_groups(frame: pd.DataFrame, name: str) -> ClockKind | None:
    """As ``kind_of``, for the rows of each tool and run below one another, where those of several tools alternate."""
    column = without_categories(frame[name])
    if time_rank(name) is None or not is_numeric(column):
        return None
    keys = [other for other in frame.columns if other != name and category(other) is not None]
    if not keys:
        return None
    codes = frame.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()
    return kind_of(column.iloc[np.argsort(codes, kind="stable")], name)


def _called_time(column: pd.Series, name: str) -> bool:
    return time_rank(name) is not None and is_numeric(without_categories(column)) and bool(column.notna().any())


def _best(
    frame: pd.DataFrame, kinds: dict[str, ClockKind], parts: tuple[str, ...], free: Sequence[str]
) -> tuple[str | None, tuple[str, ...]]:
    def of(kind: ClockKind) -> list[str]:
        found = [name for name, one in kinds.items() if one is kind]
        return sorted(found, key=lambda name: _rank(frame, name)) if len(found) > 1 else found

    dated, days, of_day, running = of(ClockKind.DATED), of(ClockKind.DAYS), of(ClockKind.OF_DAY), of(ClockKind.RUNNING)
    if dated:
        return dated[0], ()
    if days and (hours := of_day or _hours(frame, free) or _numbers_of_day(frame, running)):
        return hours[0], (days[0],)
    if parts and len(parts) > 2:
        return parts[0], parts[1:]
    often = [name for name in days if frame[name].nunique() > _OFTEN * len(frame)]
    for found in (often, of_day, running, days, parts):
        if found:
            return found[0], tuple(found[1:]) if found is parts else ()
    even = [name for name in of(ClockKind.EVEN) if _may_be_clock(frame, name)]
    return (even[0], ()) if even else (None, ())


def _badly_written(frame: pd.DataFrame, free: Sequence[str]) -> str | None:
    """A text column under the name of a time in which some cells are times, so that the others are refused."""
    for name in free:
        column = without_categories(frame[name])
        text = isinstance(column.dtype, pd.StringDtype) or column.dtype == object
        if text and time_rank(name) is not None and column.notna().any() and read_sample(column, least=0.0) is not None:
            return name
    return None


def _numbers_of_day(frame: pd.DataFrame, running: Sequence[str]) -> list[str]:
    """Numbers under the name of a time that may be times of day: 80000 or 0.3333 next to a date."""
    return [name for name in running if seconds_of_day(to_float(without_categories(frame[name]))) is not None]


def _hours(frame: pd.DataFrame, free: Sequence[str]) -> list[str]:
    found = hour_column(frame, free)
    return [] if found is None else [found]


def _rank(frame: pd.DataFrame, name: str) -> tuple[bool, int, int]:
    """Columns that change before those that do not, then by name, then those that change most."""
    rank = time_rank(name)
    if rank is None:
        rank = _LAST if is_clock(name) else _LAST + 1
    if rank < _LAST and not is_date(name):
        return False, rank, 0
    different = int(frame[name].nunique())
    return different <= 1, min(rank, _LAST + 1), -different


def _small_parts(frame: pd.DataFrame, kind: ClockKind | None, free: Sequence[str]) -> tuple[str, ...]:
    """Columns that hold the half of the day or the milliseconds of the clock."""
    if kind not in (ClockKind.OF_DAY, ClockKind.DATED, None):
        return ()
    half = half_column(frame, free) if kind is not ClockKind.DATED else None
    return tuple(name for name in (half, millisecond_column(frame, free)) if name is not None)


def _further_of_given(frame: pd.DataFrame, given: str, free: Sequence[str]) -> tuple[str, ...]:
    """What belongs to the clock that the user has named: a date where it holds times of day, or its other parts."""
    with_given = tuple(part_columns(frame, [given, *free]).values())
    if given in with_given:
        return tuple(name for name in with_given if name != given)
    if kind_of(frame[given], given) not in (ClockKind.OF_DAY, ClockKind.RUNNING):
        return ()
    return next(((name,) for name in free if kind_of(frame[name], name) is ClockKind.DAYS), ())


def _is_other(frame: pd.DataFrame, name: str, kind: ClockKind) -> bool:
    """Whether a column that is not the clock tells nothing but time. A ramp that begins anew may be a set point."""
    return kind is not ClockKind.EVEN or _never_goes_back(frame, name)


def _never_goes_back(frame: pd.DataFrame, name: str) -> bool:
    column = without_categories(frame[name])
    return not is_time(column) and bool((np.diff(to_float(column)[~np.isnan(to_float(column))]) > 0).all())


def _may_be_clock(frame: pd.DataFrame, name: str) -> bool:
    """Numbers that begin anew are a clock only if they do so with the runs, or count rows."""
    if _never_goes_back(frame, name):
        return True
    numbers = to_float(without_categories(frame[name]))
    if counts_rows(numbers) and not is_coordinate(name, frame.columns):
        return True
    starts = np.diff(numbers, prepend=numbers[0]) < 0
    return any(
        bool((frame[other].ne(frame[other].shift())[starts]).all())
        for other in frame.columns
        if category(other) is not None
    )
