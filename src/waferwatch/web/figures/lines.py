"""The lines of a time plot: one for each equipment, its rows in time order, down-sampled without losing extremes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from waferwatch.read.table import Role, Table
from waferwatch.series.layout import SeriesLayout
from waferwatch.series.series import Series
from waferwatch.series.split import split

_BY_GAPS = SeriesLayout(by_wafer=False)  # a line goes on from one wafer to the next
_sampler = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]
_FEWEST_FOR_LTTB = 16  # below it the algorithm's buckets mean nothing; the extremes are taken instead


@dataclass(frozen=True)
class Line:
    """All rows of one scope (an equipment) in the order in which they are drawn."""

    name: str  # the equipment, empty when there is only one line and it has no name
    rows: NDArray[np.int64]  # (n,) position in the table
    place: NDArray[Any]  # (n,) x: datetime64[ns], float64, or the number of the row; ascending
    stretch: NDArray[np.int64]  # (n,) number of the series; a line is not drawn across a border


@dataclass(frozen=True)
class Lines:
    """How the rows of a table lie on a time axis."""

    lines: list[Line]
    axis: str  # "date", "number" or "row"
    title: str  # name of the time column; empty when rows are counted
    first_row: int  # number of the table's first row, for an axis that counts rows


def only_chosen(lines: Lines, rows: NDArray[np.int64] | None) -> Lines:
    """The lines of these rows alone, not drawn across rows that are left out; all of them for None.

    Args:
        rows: positions in the table.
    """
    if rows is None:
        return lines
    size = 1 + max(int(one.max(initial=0)) for one in (rows, *(line.rows for line in lines.lines)))
    chosen = np.zeros(size, np.bool_)
    chosen[rows] = True
    return replace(lines, lines=[_part_of(line, chosen[line.rows]) for line in lines.lines if chosen[line.rows].any()])


def _part_of(line: Line, kept: NDArray[np.bool_]) -> Line:
    at = np.flatnonzero(kept)
    breaks = (np.diff(at, prepend=at[0]) > 1) | (np.diff(line.stretch[at], prepend=line.stretch[at[0]]) != 0)
    return replace(line, rows=line.rows[at], place=line.place[at], stretch=np.cumsum(breaks))


def lay_out(table: Table) -> Lines:
    """Where each row of the table is drawn. Runs whose times start anew each time are drawn one after the other."""
    by_scope: dict[tuple[str, ...], list[Series]] = defaultdict(list)
    for one in split(table, layout=_BY_GAPS).series:
        by_scope[one.scope].append(one)
    timed = all(one.time is not None for group in by_scope.values() for one in group)
    ordered = {scope: _in_order(group) for scope, group in by_scope.items()}
    if timed and all(_ascends(group) for group in ordered.values()):
        lines = [_line(scope, group, np.concatenate([one.time for one in group])) for scope, group in ordered.items()]
        dates = all(np.issubdtype(line.place.dtype, np.datetime64) for line in lines)
        return Lines(lines, "date" if dates else "number", table.column(Role.TIME) or "", table.first_row)
    rows = {scope: sorted(group, key=lambda one: int(one.rows[0])) for scope, group in by_scope.items()}
    return Lines([_by_row(scope, group, table.first_row) for scope, group in rows.items()], "row", "", table.first_row)


def _in_order(group: list[Series]) -> list[Series]:
    if any(one.time is None for one in group):
        return group
    return sorted(group, key=lambda one: one.time[0] if one.time is not None else 0)


def _ascends(group: list[Series]) -> bool:
    pairs = pairwise(group)
    return all(one.time is not None and two.time is not None and one.time[-1] <= two.time[0] for one, two in pairs)


def _line(scope: tuple[str, ...], group: list[Series], place: NDArray[Any]) -> Line:
    rows = np.concatenate([one.rows for one in group])
    stretch = np.repeat(np.arange(len(group)), [len(one) for one in group])
    return Line(" / ".join(scope), rows, place, stretch)


def _by_row(scope: tuple[str, ...], group: list[Series], first_row: int) -> Line:
    line = _line(scope, group, np.empty(0))
    order = np.argsort(line.rows, kind="stable")
    rows = line.rows[order]
    return Line(line.name, rows, rows + first_row, line.stretch[order])


def within(line: Line, start: Any, end: Any) -> slice:
    """The part of the line from ``start`` to ``end`` (both included; None: open)."""
    first = 0 if start is None else int(np.searchsorted(line.place, start, "left"))
    last = len(line.place) if end is None else int(np.searchsorted(line.place, end, "right"))
    return slice(first, max(first, last))


def pick(values: NDArray[np.float64], points: int) -> NDArray[np.int64]:
    """Positions of at most ``points`` finite values that draw the same picture, ascending.

    MinMaxLTTB (Van Der Donckt et al., IEEE VIS 2023): the extremes of each bucket stay.
    """
    finite = np.flatnonzero(np.isfinite(values))
    if len(finite) <= points:
        return finite
    if points < 1:
        return finite[:0]
    kept = np.ascontiguousarray(values[finite])
    if points < _FEWEST_FOR_LTTB:
        return finite[_extremes(kept, points)]
    chosen = _sampler.downsample(kept, n_out=points)
    return np.asarray(finite[np.unique(chosen.astype(np.int64))])


def _extremes(values: NDArray[np.float64], points: int) -> NDArray[np.int64]:
    """The highest, the lowest, the first, the last, then evenly spread ones."""
    spread = np.linspace(0, len(values) - 1, max(points, 2)).astype(np.int64)
    wanted = [int(values.argmax()), int(values.argmin()), 0, len(values) - 1, *spread.tolist()]
    return np.array(sorted(dict.fromkeys(wanted[:points])), dtype=np.int64)
