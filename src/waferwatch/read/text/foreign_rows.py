"""Rows as wide as the table that are none of it: names that come again, averages below, a second line of units."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waferwatch.read.cells.kinds import CellKind, is_value
from waferwatch.read.cells.values import MISSING
from waferwatch.read.findings import Findings
from waferwatch.read.roles.column_names import time_rank
from waferwatch.read.text.text_form import TextForm

_NO_WORDS = pa.array([*MISSING, "inf", "-inf", "infinity", "-infinity"])
_SUMMARY = (
    r"^\s*(avg|average|mean|median|min|minimum|max|maximum|std|stdev|sd|sigma|sum|total|count|range|평균|최대|최소|합계|"
    r"표준편차|중앙값|개수|平均|最大|最小|合計|合计|标准差|標準偏差)s?\b"
)
_LONG = 20  # rows of a table that may end in a summary
_FEW = 20
_MOST_LINES = 10
_MOST_NAMES = 6
_MOST_SHARE = 0.05  # of the rows; where more look foreign, they are not


def without_foreign_rows(table: pa.Table, form: TextForm, name: str, findings: Findings) -> pa.Table:
    """Leave out rows that hold words where all others hold times and numbers, and report them.

    A row in the midst of the table is left out only when no cell of it is a value. Of the rows at either end of a long
    table those without a time are left out as well ("Average, 12.1, 500.2").
    """
    foreign = _foreign(table, form)
    if foreign is None:
        return table
    count = pc.sum(foreign).as_py() or 0
    if not count or count > max(_FEW, _MOST_SHARE * table.num_rows) or count == table.num_rows:
        return table
    rows = pc.indices_nonzero(foreign).to_pylist()[:_MOST_LINES]
    _find_another_table(table, rows, form, name, findings)
    findings.repaired(
        "foreign_rows",
        "{table}: rows that hold words instead of a time and numbers were left out: {count}, from line {line} on.",
        {"table": name, "count": count, "line": form.first_row + rows[0]},
        lines=[form.first_row + row for row in rows],
        count=count,
    )
    return table.filter(pc.invert(foreign))


def _find_another_table(table: pa.Table, rows: list[int], form: TextForm, name: str, findings: Findings) -> None:
    """Names in the midst of the rows that are not those of the columns: another table begins there.

    It has a clock of its own, by the same name or by another one that means time.
    """
    known = {one.casefold() for one in form.columns}
    for row in rows:
        cells = [str(column[row].as_py() or "").strip() for column in table.columns]
        clock = any(one.casefold() in known or time_rank(one) is not None for one in cells)
        other = [one for one in cells if one and one.casefold() not in known]
        alone = len(set(cells)) == len(cells) and all(cells)
        if 0 < row < table.num_rows - 1 and clock and other and alone:
            findings.obstacle(
                "several_tables",
                "{table} holds several tables, one under another: behind that of {first}, one of {second} begins.",
                {
                    "table": name,
                    "first": ", ".join(form.columns[:_MOST_NAMES]),
                    "second": ", ".join(cells[:_MOST_NAMES]),
                    "cells": form.delimiter.join(cells)[:200],
                },
                remedy="Save each table as a file of its own. To read the last one alone, say in which line of the "
                "file its names ({cells}) stand.",
                option="--header-line N",
                field="header_line",
            )
            return


def _foreign(table: pa.Table, form: TextForm) -> pa.ChunkedArray | None:
    """Which rows are none of the table; None when no column holds words among values."""
    kinds = form.kinds[1:] if form.header.joined_time else form.kinds
    times = [at for at, kind in enumerate(kinds) if kind is CellKind.TIME]
    values = [at for at, kind in enumerate(kinds) if is_value(kind)]
    if not values or not any(pa.types.is_string(table.column(at).type) for at in (times or values)):
        return None
    words = {at: _words(table.column(at)) for at in values}
    if any(words[at] is None for at in (times or values[:1])):
        return None
    foreign = words[(times or values)[0]]
    for at in values:
        foreign = pc.and_(foreign, pa.scalar(False) if words[at] is None else words[at])
    if times:
        without_time = words[times[0]]
        for at in times[1:]:
            without_time = pc.and_(without_time, words[at])
        foreign = pc.or_(foreign, _at_the_ends(without_time, _LONG))
    first = (times or values)[0]
    if first > 0 or words[first] is None:
        return foreign
    return pc.or_(foreign, _at_the_ends(_summaries(table.column(first)), 1))


def _summaries(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which cells say that the row sums up the others."""
    return pc.fill_null(pc.match_substring_regex(cells, _SUMMARY, ignore_case=True), False)


def _words(cells: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Which cells hold words without a digit that do not stand for a missing value; None when no cell can."""
    if not pa.types.is_string(cells.type):
        return None
    found = pc.and_(
        pc.invert(pc.match_substring_regex(cells, r"\d")),
        pc.invert(pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(cells)), value_set=_NO_WORDS)),
    )
    return pc.fill_null(found, False)


def _at_the_ends(odd: pa.ChunkedArray, fewest: int) -> pa.Array:
    """Those of the odd rows before or after which no other row stands, in a table of at least ``fewest`` rows."""
    flags = odd.to_numpy()
    ends = np.logical_and.accumulate(flags) | np.logical_and.accumulate(flags[::-1])[::-1]
    return pa.array(ends & (len(flags) >= fewest))
