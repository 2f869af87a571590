"""Cells of a table as they are shown, and sparklines of its sensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.read.table import Role, Table
from waferwatch.series.time_text import time_text
from waferwatch.web.pages.data.schemas import Cell, RowsQuery

_LONGEST_CELL = 200
_EXAMPLES, _LONGEST_EXAMPLE, _LOOKED_AT = 3, 40, 200
_STRETCHES = 60  # of a sparkline


def rows_answer(table: Table, query: RowsQuery) -> dict[str, Any]:
    """Some rows and columns of a table."""
    rows, columns = table.frame.shape
    part = table.frame.iloc[
        query.start : query.start + query.count, query.first_column : query.first_column + query.columns
    ]
    return {
        "start": min(query.start, rows),
        "rows_total": rows,
        "first_column": min(query.first_column, columns),
        "columns_total": columns,
        "first_row": table.first_row,
        "columns": list(part.columns),
        "rows": rows_of(part),
    }


def rows_of(part: pd.DataFrame) -> list[list[Cell]]:
    """Rows of a frame as JSON cells."""
    cells = [[json_cell(value) for value in part[name]] for name in part.columns]
    return [list(row) for row in zip(*cells, strict=True)]


def json_cell(value: Any) -> Cell:
    """A cell as JSON; None where it is missing. Long texts are cut."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value) if abs(int(value)) < 2**53 else str(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else str(value)
    if isinstance(value, pd.Timestamp) and value.tz is None:
        return time_text(value)
    text = str(value)
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"


def examples(table: Table) -> dict[str, list[str]]:
    """The first different values of each column, as text."""
    head = table.frame.head(_LOOKED_AT)
    return {name: _examples(head[name]) for name in head.columns}


def _examples(column: pd.Series) -> list[str]:
    found: dict[str, None] = {}
    for value in column:
        cell = json_cell(value)
        if cell is not None:
            text = f"{cell:g}" if isinstance(cell, float) else str(cell)
            found.setdefault(text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]}…")
        if len(found) == _EXAMPLES:
            break
    return list(found)


def sparklines(table: Table, first: int, count: int) -> list[dict[str, Any]]:
    """Lowest and highest value of some sensors in each of at most 60 stretches of rows."""
    names = table.columns(Role.SENSOR)[first : first + count]
    found = []
    for name in names:
        low, high = extremes(table.frame[name].to_numpy(), _STRETCHES)
        found.append({"sensor": name, "low": low, "high": high})
    return found


def extremes(values: NDArray[np.float64], stretches: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest value of each of some equal stretches (fewer of fewer values); NaN where there is none."""
    borders = np.unique(np.linspace(0, len(values), min(stretches, len(values)), endpoint=False).astype(np.intp))
    if not len(borders):
        return values, values
    return np.fmin.reduceat(values, borders), np.fmax.reduceat(values, borders)
