"""How the rows of a table lie in time: its span, how often it was sampled, gaps, rows twice, time that goes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.series.clock import clock_numbers
from waferwatch.series.series import Series
from waferwatch.series.split import split
from waferwatch.series.summer_time import is_left_out

_GAPS_LISTED = 10  # the longest ones, each with its place
_MIDDLE = (0.05, 0.95)  # of the steps, for how even they are
_NANOSECONDS = 1e9


@dataclass(frozen=True)
class TimeOrder:
    """The rows of a table as they are cut into series: by group, in time order. m rows have a time."""

    rows: NDArray[np.int64]  # (m,) position of each row in the table
    group: NDArray[np.intp]  # (m,) number of its group
    keys: list[tuple[str, ...]]  # values of the group columns, for each group
    starts: NDArray[np.bool_]  # (m,) True where a series begins
    after_gap: NDArray[np.bool_]  # (m,) True behind a gap in time; a wait between two wafers is none
    step: NDArray[np.float64] | None  # (m,) time since the row before, 0 at the first of a group; None without a time
    left_out: NDArray[np.bool_]  # (m,) True behind an hour that the clock leaps over as summer time begins

    @property
    def twice(self) -> NDArray[np.bool_]:
        """(m,) where an hour begins again, as at the end of summer time."""
        return np.zeros(len(self.rows), np.bool_) if self.step is None else self.step < 0

    @cached_property
    def begins(self) -> NDArray[np.bool_]:
        """(m,) where nothing goes on from the row before: with a group, or behind a gap."""
        found: NDArray[np.bool_] = self.after_gap | (np.diff(self.group, prepend=-1) != 0)
        return found

    def name(self, at: int) -> str:
        """The group of the row at a place of this order, as text; empty when the rows are not split."""
        return " · ".join(part for part in self.keys[self.group[at]] if part)


@dataclass(frozen=True)
class Gap:
    """A stop of the record within a group."""

    row: int  # position in the table of the row after it
    length: float  # seconds, or units of a time column of numbers
    group: str


@dataclass(frozen=True)
class RowPlace:
    """How many rows are concerned, and the first of them."""

    count: int
    row: int | None  # position in the table; None when there are none


@dataclass(frozen=True)
class EquipmentRows:
    """What one equipment has recorded."""

    name: str  # empty when the table has no equipment column
    rows: int
    series: int
    start: Any  # datetime64[ns] or float; None without a time
    end: Any


@dataclass(frozen=True)
class Timing:
    """How the rows of a table lie in time. Lengths are seconds, or units of a time column of numbers."""

    column: str | None  # the time column
    dated: bool  # whether it holds points in time; else numbers
    start: Any  # datetime64[ns] or float; None without a time
    end: Any
    period: float | None  # median of the steps above 0
    jitter: float | None  # half of what holds the middle nine tenths of the steps, as a share of the period
    gaps: tuple[Gap, ...]  # longest first, at most 10
    gap_count: int
    gap_length: float  # of all gaps together
    without_time: RowPlace
    back: RowPlace  # rows that come before the one above them, in input order within a group
    hour_twice: RowPlace  # rows at which an hour begins again, as at the end of summer time
    hour_left_out: RowPlace  # rows at which an hour was leapt over, as at its beginning
    again: RowPlace  # rows with the same time as the row before them in their group
    repeated: RowPlace  # of those, the ones with the same sensor values too
    series: int
    equipment: tuple[EquipmentRows, ...]  # most rows first


def lay_out(table: Table) -> TimeOrder:
    """Put the rows of a table in the order of its series: those of ``series.split``."""
    codes, keys = group_codes(table.frame, table.groups)
    time = _numbers(table)
    series = [] if time is not None and not _timed(table).any() else _series(table)
    rows = np.concatenate([np.empty(0, np.int64), *(one.rows for one in series)])
    first = np.cumsum([0, *(len(one) for one in series[:-1])]) if series else np.empty(0, np.int64)
    starts, same_run = np.zeros(len(rows), np.bool_), np.ones(len(rows), np.bool_)
    starts[first] = True
    same_run[first[1:]] = [one.run == before.run for before, one in pairwise(series)]
    group = codes[rows]
    none = np.zeros(len(rows), np.bool_)
    if time is None:
        return TimeOrder(rows, group, keys, starts, none, None, none)
    same_group = np.diff(group, prepend=-1) == 0
    step = np.diff(time[rows], prepend=time[rows[:1]])
    lengths = np.where(same_group, step / _NANOSECONDS if time.dtype.kind == "i" else step, 0.0)
    left_out = none.copy()
    if time.dtype.kind == "i":
        left_out[1:] = is_left_out(time[rows], same_group[1:])
    after_gap = starts & same_run & (lengths > 0) & ~left_out
    return TimeOrder(rows, group, keys, starts, after_gap, lengths, left_out)


def _series(table: Table) -> list[Series]:
    """Which rows are in which series."""
    no_sensors: dict[str, Role] = {
        name: Role.IGNORED if role is Role.SENSOR else role for name, role in table.roles.items()
    }
    return split(replace(table, roles=no_sensors), steps=False).series


def examine_timing(table: Table, layout: TimeOrder) -> Timing:
    """Measure how the rows of a table lie in time. Changes nothing."""
    column = table.column(Role.TIME)
    equipment = _equipment(table, layout)
    if column is None or layout.step is None or not len(layout.rows):
        none, all_rows = RowPlace(0, None), RowPlace(len(table.frame), 0)
        series = int(layout.starts.sum())
        untimed = none if column is None else all_rows
        return Timing(
            column, False, None, None, None, None, (), 0, 0.0, untimed, none, none, none, none, none, series, equipment
        )
    times = table.frame[column].to_numpy()
    period, jitter = _sampling(layout.step)
    first_of_group = np.diff(layout.group, prepend=-1) != 0
    after_gap = np.flatnonzero(layout.after_gap)
    again = np.flatnonzero((layout.step == 0) & ~first_of_group)
    return Timing(
        column=column,
        dated=times.dtype.kind == "M",
        start=times[layout.rows].min(),
        end=times[layout.rows].max(),
        period=period,
        jitter=jitter,
        gaps=_longest_gaps(layout, layout.step, after_gap),
        gap_count=len(after_gap),
        gap_length=float(layout.step[after_gap].sum()),
        without_time=_place(np.flatnonzero(~_timed(table))),
        back=_place(np.setdiff1d(_rows_back(table), layout.rows[layout.twice])),
        hour_twice=_place(np.sort(layout.rows[layout.twice])),
        hour_left_out=_place(np.sort(layout.rows[layout.left_out])),
        again=_place(np.sort(layout.rows[again])),
        repeated=_place(np.sort(layout.rows[again[_same_values(table, layout, again)]])),
        series=int(layout.starts.sum()),
        equipment=equipment,
    )


def _timed(table: Table) -> NDArray[np.bool_]:
    column = table.column(Role.TIME)
    timed: NDArray[np.bool_] = table.frame[column].notna().to_numpy()
    return timed


def _numbers(table: Table) -> NDArray[Any] | None:
    """The time column as numbers; see ``clock_numbers``."""
    column = table.column(Role.TIME)
    return None if column is None else clock_numbers(table.frame[column].to_numpy())


def _place(rows: NDArray[np.int64]) -> RowPlace:
    return RowPlace(len(rows), int(rows[0]) if len(rows) else None)


def _sampling(step: NDArray[np.float64]) -> tuple[float | None, float | None]:
    forward = step[step > 0]
    if not len(forward):
        return None, None
    low, middle, high = np.quantile(forward, [_MIDDLE[0], 0.5, _MIDDLE[1]])
    return float(middle), float((high - low) / 2 / middle)


def _longest_gaps(layout: TimeOrder, step: NDArray[np.float64], after: NDArray[np.intp]) -> tuple[Gap, ...]:
    longest = after[np.argsort(-step[after], kind="stable")][:_GAPS_LISTED]
    return tuple(Gap(int(layout.rows[at]), float(step[at]), layout.name(int(at))) for at in longest)


def _rows_back(table: Table) -> NDArray[np.int64]:
    """Rows, in input order, whose time is before that of the row above them in their group."""
    time, codes = _numbers(table), group_codes(table.frame, table.groups)[0]
    if time is None:
        return np.empty(0, np.int64)
    rows = np.flatnonzero(_timed(table))
    rows = rows[np.argsort(codes[rows], kind="stable")]
    back = (np.diff(time[rows]) < 0) & (np.diff(codes[rows]) == 0)
    return np.sort(rows[1:][back])


def _same_values(table: Table, layout: TimeOrder, at: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which of the rows at these places hold the sensor values of the row before; column by column, to copy little."""
    same = np.ones(len(at), dtype=np.bool_)
    before, after = layout.rows[at - 1], layout.rows[at]
    for name in table.columns(Role.SENSOR):
        if not same.any():
            break
        column = table.frame[name].to_numpy()
        first, second = column[before], column[after]
        same &= (first == second) | (np.isnan(first) & np.isnan(second))
    return same


def _equipment(table: Table, layout: TimeOrder) -> tuple[EquipmentRows, ...]:
    """Rows of each equipment; of the whole table when it has no equipment column."""
    columns = table.columns(Role.EQUIPMENT)
    codes, keys = group_codes(table.frame, columns)
    owner = codes[layout.rows]
    rows = np.bincount(owner, minlength=len(keys))
    series = np.bincount(owner[layout.starts], minlength=len(keys))
    spans = _spans(table, layout, owner, len(keys))
    found = [
        EquipmentRows(" · ".join(part for part in key if part), int(rows[number]), int(series[number]), *spans[number])
        for number, key in enumerate(keys)
    ]
    return tuple(sorted(found, key=lambda one: -one.rows))


def _spans(table: Table, layout: TimeOrder, owner: NDArray[np.intp], count: int) -> Sequence[tuple[Any, Any]]:
    column = table.column(Role.TIME)
    if column is None:
        return [(None, None)] * count
    times = table.frame[column].to_numpy()[layout.rows]
    order = np.argsort(owner, kind="stable")
    borders = np.searchsorted(owner[order], np.arange(count + 1))
    spans = []
    for number in range(count):
        own = times[order[borders[number] : borders[number + 1]]]
        spans.append((own.min(), own.max()) if len(own) else (None, None))
    return spans
