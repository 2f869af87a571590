"""Which column would tell the equipment apart whose rows lie at the same times in one series."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.series.quality.timing import TimeOrder

_MOST_EQUIPMENT = 500  # different values of a column that can be the equipment
_LEAST_ROWS = 16  # of each value, on average
_LEFT = 0.05  # of the rows at the same time, at most, that a column may leave so
_MOST_COLUMNS = 30  # that are looked at


def separating_column(table: Table, layout: TimeOrder) -> str | None:
    """The column without which several equipment lie in one series.

    Columns of context, ignored ones and sensors of whole numbers are tried: the values of the right one split the rows
    so that hardly any two of one value have the same time. Of several, the one with the fewest values.

    Returns:
        None when there is no time, when no two rows have the same time, or when no column splits them.
    """
    time = table.column(Role.TIME)
    if time is None:
        return None
    times = table.frame[time].to_numpy()[layout.rows]
    before = _at_same_time(layout.group, times)
    found = []
    for name, codes, values in _candidates(table, layout):
        left = _at_same_time(layout.group * values + codes, times)
        if left <= _LEFT * before:
            found.append((values, name))
    return min(found, key=lambda one: one[0])[1] if before and found else None


def _candidates(table: Table, layout: TimeOrder) -> Iterator[tuple[str, NDArray[np.intp], int]]:
    """Columns that could be the equipment: name, number of its value for each row of the layout, count of values."""
    tried = 0
    for name, role in table.roles.items():
        column = table.frame[name]
        if tried >= _MOST_COLUMNS or role not in (Role.CONTEXT, Role.IGNORED, Role.SENSOR):
            continue
        if role is Role.SENSOR and not _whole(column.to_numpy()):
            continue
        tried += 1
        codes = group_codes(table.frame, [name])[0][layout.rows]
        values = int(codes.max(initial=0)) + 1
        if 2 <= values <= min(_MOST_EQUIPMENT, len(layout.rows) // _LEAST_ROWS):
            yield name, codes, values


def _whole(values: NDArray[np.generic]) -> bool:
    """Whether a sensor holds few whole numbers, as a column of chamber numbers does."""
    if values.dtype.kind not in "fiu":
        return False
    head = values[:1000].astype(np.float64)
    return bool((head == np.floor(head)).all()) and len(np.unique(head)) <= len(head) // _LEAST_ROWS


def _at_same_time(group: NDArray[np.intp], times: NDArray[np.generic]) -> int:
    """How many rows have the time of another row of their group that comes before them."""
    order = np.lexsort((times, group))
    same = (times[order][1:] == times[order][:-1]) & (group[order][1:] == group[order][:-1])
    return int(same.sum())
