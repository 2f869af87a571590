"""Table -> series: parted by group, sorted by time, cut where time has a gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.groups import group_codes
from waferwatch.read.table import Note, Role, Table
from waferwatch.read.values import is_numeric, to_float
from waferwatch.series.gaps import gap_starts
from waferwatch.series.series import Series
from waferwatch.series.steps import stages_of

_HOUR = 3_600_000_000_000  # nanoseconds
_MOST_REPEATED_HOURS = 3  # of one group: a file of a few years
_SHORT_RUN = 512  # rows; groups shorter than one window of MOMENT are runs, which cannot be judged by themselves


@dataclass(frozen=True)
class Split:
    """The series of a table, and those of another one that is known to be normal."""

    series: list[Series]  # every row with a time is in exactly one; by group in order of first appearance, then by time
    reference: list[Series]  # empty unless a reference table was given; scope () stands for every scope
    features: list[str]  # names of the columns of Series.values
    notes: tuple[Note, ...]


def split(table: Table, *, reference_rows: int | None = None, reference: Table | None = None) -> Split:
    """Part a table into series.

    Rows are parted by ``table.groups``, sorted by time (stable; without a time column they stay in row order) and cut
    at time gaps (see ``gap_starts``). Rows without a time are in no series. Series of runs of one equipment share
    their scope, so that they share one fit; every other group is its own scope.

    Args:
        table: the rows to be judged.
        reference_rows: the first so many rows of each scope, in time order, are known to be normal: of each equipment,
            and where runs lie below one another, of the equipment's runs one after the other. A scope with fewer rows
            is known to be normal as a whole.
        reference: rows known to be normal, with the same sensor columns; they become ``Split.reference``.

    Raises:
        InputError: no row has a time, the options contradict one another, or a sensor of the reference is no number.
        NotFoundError: the reference lacks a sensor column.
    """
    features = table.columns(Role.SENSOR)
    if reference_rows is not None and reference is not None:
        raise InputError(
            "Both reference rows and a reference were given.", hint="Give one of them.", field="reference_rows"
        )
    if reference_rows is not None and reference_rows < 1:
        raise InputError(
            "The number of reference rows is {found}; it must be 1 or more.",
            field="reference_rows",
            found=reference_rows,
        )
    series, notes = _part(table, table.groups, features, reference)
    scope = _scope_columns(series, table)
    series = [replace(one, scope=_pick(one.key, table.groups, scope)) for one in series]
    if reference_rows is not None:
        series = _mark_first_rows(series, reference_rows)
    references: list[Series] = []
    if reference is not None:
        references, more = _part_reference(reference, table, features, scope, {one.scope for one in series})
        notes.extend(more)
    return Split(series, references, features, tuple(notes))


def _part(
    table: Table, groups: Sequence[str], features: Sequence[str], other: Table | None
) -> tuple[list[Series], list[Note]]:
    """Series without scope and reference."""
    codes, keys = group_codes(table.frame, groups)
    time_column = table.column(Role.TIME)
    time = None if time_column is None else table.frame[time_column].to_numpy()
    rows, notes = _rows_with_time(time, table)
    rows, more = _in_time_order(rows, codes, time, table.first_row)
    notes.extend(more)
    group = codes[rows]
    starts = np.diff(group, prepend=-1) != 0
    if time is not None:
        numbers = _as_numbers(time[rows])
        starts |= np.diff(numbers, prepend=numbers[:1]) < 0  # an hour that comes twice is parted from the first
        gaps = gap_starts(numbers, group)
        if gaps.any():
            notes.append(Note("The series were cut at gaps in time: {count}.", {"count": int(gaps.sum())}))
        starts |= gaps
    borders = [*np.flatnonzero(starts).tolist(), len(rows)]
    values = _values(table.frame, features, rows)
    ordered = None if time is None else time[rows]
    stages = stages_of(table, other)
    steps = None if stages is None else stages.steps(rows, group)  # they go on behind a gap
    series = [
        Series(
            values=values[start:stop],
            rows=rows[start:stop],
            time=None if ordered is None else ordered[start:stop],
            key=keys[group[start]],
            steps=None if steps is None else steps.at(slice(start, stop)),
        )
        for start, stop in pairwise(borders)
    ]
    return series, notes


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
    numbers = _as_numbers(time[rows])
    same_group = np.diff(group) == 0
    back = same_group & (np.diff(numbers) < 0)
    repeated = _hour_comes_twice(numbers, back, same_group) if time.dtype.kind == "M" else np.zeros_like(back)
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
    again = int((same_group & (np.diff(_as_numbers(time[rows])) == 0)).sum())
    if again:
        notes.append(Note("Rows with the same time as the row before were kept: {count}.", {"count": again}))
    return rows, notes


def _hour_comes_twice(
    numbers: NDArray[np.int64], back: NDArray[np.bool_], same_group: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Where time goes back by an hour but for a usual step or two, as local clocks do at the end of summer time."""
    steps = np.diff(numbers)
    usual = steps[same_group & (steps > 0)]
    longest = 3 * float(np.median(usual)) if len(usual) else 0.0
    since = steps + _HOUR
    found: NDArray[np.bool_] = back & (since >= 0) & (since <= min(longest, _HOUR / 2))
    return found


def _groups_kept(group: NDArray[np.intp], back: NDArray[np.bool_], repeated: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(groups,) whose time goes back only where an hour comes twice, and seldom."""
    count = int(group.max()) + 1 if len(group) else 0
    backs, hours = (np.bincount(group[1:][which], minlength=count) for which in (back, repeated))
    kept: NDArray[np.bool_] = (backs > 0) & (backs == hours) & (backs <= _MOST_REPEATED_HOURS)
    return kept


def _as_numbers(time: NDArray[Any]) -> NDArray[Any]:
    """Times as numbers that can be compared and subtracted without loss."""
    return time.astype("datetime64[ns]").view(np.int64) if time.dtype.kind == "M" else time


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


def _scope_columns(series: list[Series], table: Table) -> list[str]:
    """The group columns that tell equipment apart, without those that tell its runs apart."""
    rows: dict[tuple[str, ...], int] = {}
    for one in series:
        rows[one.key] = rows.get(one.key, 0) + len(one)
    without_runs = [name for name in table.groups if table.roles[name] not in (Role.LOT, Role.WAFER)]
    if np.median(list(rows.values())) >= _SHORT_RUN:
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
    """When a series starts: a date tells which of two runs was first, a time that begins anew in each run does not."""
    dated = series.time is not None and series.time.dtype.kind == "M"
    return (int(_as_numbers(series.time[:1])[0]) if dated and series.time is not None else 0, int(series.rows.min()))


def _part_reference(
    reference: Table,
    table: Table,
    features: Sequence[str],
    scope: Sequence[str],
    scopes: set[tuple[str, ...]],
) -> tuple[list[Series], list[Note]]:
    """The series of the reference, each with the scope it shares with the table, or () for every scope."""
    _check_reference(reference, features)
    same_groups = all(name in reference.frame.columns for name in table.groups)
    series, notes = _part(reference, table.groups if same_groups else reference.groups, features, table)
    known = []
    for one in series:
        own = _pick(one.key, table.groups, scope) if same_groups else ()
        mask = np.ones(len(one), dtype=np.bool_)
        known.append(replace(one, scope=own if own in scopes else (), reference=mask))
    return known, notes


def _check_reference(reference: Table, features: Sequence[str]) -> None:
    missing = [name for name in features if name not in reference.frame.columns]
    if missing:
        raise NotFoundError(
            "The reference {table} lacks the columns {columns}.",
            hint="Give it the same sensor columns as the data.",
            field="reference",
            table=reference.name,
            columns=", ".join(missing[:10]),
        )
    for name in features:
        if not is_numeric(reference.frame[name]):
            raise InputError(
                "The column {column} of the reference {table} holds no numbers.",
                hint="Read it with the same features as the data.",
                field="reference",
                table=reference.name,
                column=name,
            )
