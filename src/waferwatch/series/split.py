"""Table -> series: split by group, sorted by time, cut where time has a gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.cells.values import to_float
from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Note, Role, Table
from waferwatch.series.clock import clock_numbers, usual_step
from waferwatch.series.gaps import gap_limits, gap_starts
from waferwatch.series.layout import SeriesLayout, key_text, offset_of
from waferwatch.series.series import Series
from waferwatch.series.steps import stages_of
from waferwatch.series.summer_time import comes_twice, is_left_out

_LEAST_OF_RUN = 16  # rows of a wafer's pass, as many as a series needs to be judged; shorter ones are read on end
_MOST_CLOCKS = 1000  # groups whose clocks are kept
_MOST_REPEATED_HOURS = 3  # of one group: a file of a few years
_SHORT_RUN = 512  # rows; groups shorter than one window of MOMENT are runs, which cannot be judged by themselves


@dataclass(frozen=True)
class Split:
    """The series of a table."""

    series: list[Series]  # every row with a time is in exactly one; by group in order of first appearance, then by time
    features: list[str]  # names of the columns of Series.values
    notes: tuple[Note, ...]
    layout: SeriesLayout  # how the table was cut


def split(
    table: Table,
    *,
    reference_rows: int | None = None,
    layout: SeriesLayout | None = None,
    steps: bool = True,
) -> Split:
    """Split a table into series.

    Rows are split by ``table.groups``, sorted by time (stable; without a time column they stay in row order) and cut
    at time gaps (see ``gap_starts``). Rows without a time are in no series. Series of runs of one equipment share
    their scope, so that they share one fit; every other group is its own scope.

    Args:
        table: the rows to be scored.
        reference_rows: how many of the first rows of each scope, in time order, are known to be normal: of each
            equipment, and where runs lie below one another, of the equipment's runs one after the other. A scope with
            fewer rows is known to be normal as a whole.
        layout: how to cut, learnt from another table; None: as this one shows.
        steps: whether points say which step of the recipe they belong to.

    Raises:
        InputError: no row has a time, or the number of rows is below 1.
    """
    features = table.columns(Role.SENSOR)
    if reference_rows is not None and reference_rows < 1:
        raise InputError(
            "The number of reference rows is {found}; it must be 1 or more.",
            field="reference_rows",
            found=reference_rows,
        )
    series, notes, layout = _cut(table, table.groups, features, layout, steps)
    if reference_rows is not None:
        series = _mark_first_rows(series, reference_rows)
    return Split(series, features, tuple(notes), layout)


def _cut(
    table: Table, groups: Sequence[str], features: Sequence[str], layout: SeriesLayout | None, with_steps: bool
) -> tuple[list[Series], list[Note], SeriesLayout]:
    """Series without reference, and how they were cut."""
    codes, keys = group_codes(table.frame, groups)
    time = _times(table)
    rows, notes = _in_order(table, codes, time)
    group = codes[rows]
    runs = _runs(table, groups, rows, group, layout)
    clock = None if time is None else clock_numbers(time[rows])
    starts, more = _starts(clock, group, keys, runs, layout)
    notes.extend(more)
    layout = _with_scope(layout or _layout(clock, group, keys, runs), group, table)
    scope = _scope_in(table, groups, layout.scope or ())
    scopes = [_pick(key, groups, scope) for key in keys]
    borders = [*np.flatnonzero(starts).tolist(), len(rows)]
    values = _values(table.frame, features, rows)
    ordered = None if time is None else time[rows]
    stages = stages_of(table) if with_steps else None
    steps = None if stages is None else stages.steps(rows, group)  # they go on behind a gap
    series = [
        Series(
            values=values[start:stop],
            rows=rows[start:stop],
            time=None if ordered is None else ordered[start:stop],
            key=keys[group[start]],
            scope=scopes[group[start]],
            steps=None if steps is None else steps.at(slice(start, stop)),
            run=() if runs is None else runs.names[runs.of[start]],
            offset=0
            if runs is not None or clock is None
            else offset_of(float(clock[start]), layout.interval(keys[group[start]])),
        )
        for start, stop in pairwise(borders)
    ]
    return series, notes, layout


def rows_in_order(table: Table) -> NDArray[np.int64]:
    """The rows of all series below one another, as :func:`split` has them.

    Raises:
        InputError: no row has a time.
    """
    return _in_order(table, group_codes(table.frame, table.groups)[0], _times(table))[0]


def _times(table: Table) -> NDArray[Any] | None:
    column = table.column(Role.TIME)
    return None if column is None else table.frame[column].to_numpy()


def _in_order(table: Table, codes: NDArray[np.intp], time: NDArray[Any] | None) -> tuple[NDArray[np.int64], list[Note]]:
    rows, notes = _rows_with_time(time, table)
    rows, more = _in_time_order(rows, codes, time, table.first_row)
    return rows, [*notes, *more]


def _starts(
    clock: NDArray[np.float64] | None,
    group: NDArray[np.intp],
    keys: list[tuple[str, ...]],
    runs: _Runs | None,
    layout: SeriesLayout | None,
) -> tuple[NDArray[np.bool_], list[Note]]:
    """(n,) True where a series begins: with a group, with a run, behind a gap in time."""
    starts = np.diff(group, prepend=-1) != 0
    if runs is not None:
        starts |= np.diff(runs.number, prepend=-1) != 0
    if clock is None:
        return starts, []
    starts |= np.diff(clock, prepend=clock[:1]) < 0  # an hour that comes twice is split from the first
    gaps = _gaps(clock, group, keys, runs, layout)
    cut = int(gaps.sum())
    return starts | gaps, [Note("The series were cut at gaps in time: {count}.", {"count": cut})] if cut else []


@dataclass(frozen=True)
class _Runs:
    """Passes of wafers through their equipment, row by row in time order."""

    number: NDArray[np.int64]  # (n,) of the pass
    of: NDArray[np.intp]  # (n,) which of ``names``
    names: list[tuple[str, ...]]  # lot and wafer


def _runs(
    table: Table, groups: Sequence[str], rows: NDArray[np.int64], group: NDArray[np.intp], layout: SeriesLayout | None
) -> _Runs | None:
    """None where no column names wafers, or their rows are too few to be a trace."""
    wafer = table.column(Role.WAFER)
    if wafer is None or wafer in groups or (layout is not None and not layout.by_wafer):
        return None
    codes, names = group_codes(table.frame, run_columns(table))
    ordered = codes[rows]
    starts = (np.diff(ordered, prepend=-1) != 0) | (np.diff(group, prepend=-1) != 0)
    number = np.cumsum(starts) - 1
    if layout is None and (len(rows) == 0 or np.median(np.bincount(number)) < _LEAST_OF_RUN):
        return None
    return _Runs(number, ordered, names)


def run_columns(table: Table) -> list[str]:
    """The columns that name a wafer's pass: lot and wafer."""
    return [name for name in (table.column(Role.LOT), table.column(Role.WAFER)) if name is not None]


def _gaps(
    clock: NDArray[Any],
    group: NDArray[np.intp],
    keys: list[tuple[str, ...]],
    runs: _Runs | None,
    layout: SeriesLayout | None,
) -> NDArray[np.bool_]:
    """A pause between two wafers is no gap; within one it is."""
    if runs is not None:
        return gap_starts(clock, runs.number.astype(np.intp))
    known = None if layout is None else np.array([layout.gap(key) or np.nan for key in keys], np.float64)
    return gap_starts(clock, group, known)


def _layout(
    clock: NDArray[Any] | None, group: NDArray[np.intp], keys: list[tuple[str, ...]], runs: _Runs | None
) -> SeriesLayout:
    if clock is None or runs is not None:
        return SeriesLayout(runs is not None)
    limits = gap_limits(clock, group)
    borders = np.flatnonzero(np.diff(group, prepend=-1) != 0).tolist()
    gaps, intervals = {}, {}
    for start, stop in zip(borders, [*borders[1:], len(group)], strict=True):
        key, step = key_text(keys[group[start]]), usual_step(clock[start:stop])
        if step is not None:
            gaps[key], intervals[key] = float(limits[group[start]]), step
    # Where each of many short groups is a run, what one shows says nothing of another.
    return SeriesLayout(False, gaps, intervals) if len(gaps) <= _MOST_CLOCKS else SeriesLayout(False)


def _rows_with_time(time: NDArray[Any] | None, table: Table) -> tuple[NDArray[np.int64], list[Note]]:
    rows = np.arange(len(table.frame), dtype=np.int64)
    if time is None:
        return rows, []
    missing = np.isnat(time) if time.dtype.kind == "M" else np.isnan(time)
    if not missing.any():
        return rows, []
    if missing.all():
        raise InputError(
            "{table} has no time in any row of {column}.",
            hint="Fill the column, or give it the role ignored to take the rows in their order.",
            field="time",
            table=table.name,
            column=table.column(Role.TIME),
        )
    first = table.first_row + int(np.flatnonzero(missing)[0])
    template = "Rows without a time were not judged: {count}, the first of them row {row}."
    return rows[~missing], [Note(template, {"count": int(missing.sum()), "row": first})]


def _in_time_order(
    rows: NDArray[np.int64], codes: NDArray[np.intp], time: NDArray[Any] | None, first_row: int
) -> tuple[NDArray[np.int64], list[Note]]:
    """The rows of each group below one another, by time; in their order where a local clock repeats an hour."""
    group = codes[rows]
    if (np.diff(group) < 0).any():
        by_group = np.argsort(group, kind="stable")
        rows, group = rows[by_group], group[by_group]
    if time is None:
        return rows, []
    notes: list[Note] = []
    numbers = clock_numbers(time[rows])
    same_group = np.diff(group) == 0
    back = same_group & (np.diff(numbers) < 0)
    repeated = comes_twice(numbers, back, same_group) if time.dtype.kind == "M" else np.zeros_like(back)
    kept = _groups_kept(group, back, repeated)
    if (back & ~kept[group[1:]]).any():
        count = int((back & ~kept[group[1:]]).sum())
        notes.append(Note("Time goes back ({count} x); the rows were sorted by time.", {"count": count}))
        rows = rows[np.lexsort((np.where(kept[group], np.arange(len(rows)), numbers), group))]
    if kept.any():
        row = first_row + int(rows[1:][back & kept[group[1:]]][0])
        notes.append(
            Note(
                "The clock goes back one hour at row {row}, as at the end of summer time; the rows keep their order.",
                {"row": row},
            )
        )
    return rows, [*notes, *_steps_notes(rows, time, same_group, first_row)]


def _steps_notes(
    rows: NDArray[np.int64], time: NDArray[Any], same_group: NDArray[np.bool_], first_row: int
) -> list[Note]:
    """What is worth knowing of the steps of time between rows in their order."""
    notes, numbers = [], clock_numbers(time[rows])
    if time.dtype.kind == "M" and (left_out := is_left_out(numbers, same_group)).any():
        notes.append(
            Note(
                "The clock leaps one hour ahead at row {row}, as at the beginning of summer time; no rows are missing.",
                {"row": first_row + int(rows[1:][left_out][0])},
            )
        )
    again = int((same_group & (np.diff(numbers) == 0)).sum())
    if again:
        notes.append(Note("Rows with the same time as the row before were kept: {count}.", {"count": again}))
    return notes


def _groups_kept(group: NDArray[np.intp], back: NDArray[np.bool_], repeated: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(groups,) whose time goes back only where an hour comes twice, and seldom."""
    count = int(group.max()) + 1 if len(group) else 0
    backs, hours = (np.bincount(group[1:][which], minlength=count) for which in (back, repeated))
    kept: NDArray[np.bool_] = (backs > 0) & (backs == hours) & (backs <= _MOST_REPEATED_HOURS)
    return kept


def _values(frame: pd.DataFrame, features: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """(rows, features), column by column: the one large copy of the data that is made."""
    values = np.empty((len(rows), len(features)))
    in_order = len(rows) == len(frame) and bool((np.diff(rows) == 1).all())
    for position, name in enumerate(features):
        column = to_float(frame[name])
        values[:, position] = column if in_order else column[rows]
    return values


def _pick(key: tuple[str, ...], groups: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for name, value in zip(groups, key, strict=True) if name in columns)


def _scope_in(table: Table, groups: Sequence[str], known: Sequence[str]) -> list[str]:
    """The columns that tell equipment apart, by the names that this table has for them.

    Args:
        known: their names in the table that was learnt from. Where this one lacks some of them and has as many other
            columns of equipment, those stand for them: a tool is the same one whatever its column is called.
    """
    there = [name for name in known if name in groups]
    others = [name for name in groups if name not in known and table.roles[name] is Role.EQUIPMENT]
    return [*there, *others] if len(there) + len(others) == len(known) else there


def _with_scope(layout: SeriesLayout, group: NDArray[np.intp], table: Table) -> SeriesLayout:
    """The layout with the columns that name a scope, where it does not know them."""
    columns = _scope_columns(np.bincount(group), table) if layout.scope is None else layout.scope
    return replace(layout, scope=tuple(columns))


def _scope_columns(rows: NDArray[np.intp], table: Table) -> list[str]:
    """The group columns that tell equipment apart, without those that tell its runs apart.

    Args:
        rows: of each group; those of a group without any do not count.
    """
    without_runs = [name for name in table.groups if table.roles[name] not in (Role.LOT, Role.WAFER)]
    if np.median(rows[rows > 0]) >= _SHORT_RUN:
        return without_runs
    return [name for name in without_runs if table.roles[name] is Role.EQUIPMENT]


def _mark_first_rows(series: list[Series], count: int) -> list[Series]:
    """Mark the first rows of each scope."""
    left: dict[tuple[str, ...], int] = {}
    masks: dict[int, NDArray[np.bool_]] = {}
    for position in sorted(range(len(series)), key=lambda at: _start(series[at])):
        one = series[position]
        known = min(left.setdefault(one.scope, count), len(one))
        left[one.scope] -= known
        masks[position] = np.arange(len(one)) < known
    return [replace(one, reference=masks[position]) for position, one in enumerate(series)]


def _start(series: Series) -> tuple[int, int]:
    """When a series starts: a date shows which of two runs was first, a time that begins anew in each run does not."""
    dated = series.time is not None and series.time.dtype.kind == "M"
    return (int(clock_numbers(series.time[:1])[0]) if dated and series.time is not None else 0, int(series.rows.min()))
