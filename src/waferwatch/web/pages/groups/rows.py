"""What /runs/{id}/groups/rows answers: the rows of one group, page by page."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.grouping.groups import number_of, part
from waferwatch.jobs.finished import ScoredRows
from waferwatch.read.table import Role
from waferwatch.web.figures.style import axis_values
from waferwatch.web.pages.groups.places import Places
from waferwatch.web.pages.groups.schemas import GroupRowsQuery

_PAGE = 100
_AROUND = 150  # rows before and after a row that a closer look shows


def rows_answer(one: ScoredRows, places: Places, query: GroupRowsQuery) -> dict[str, Any]:
    """
    Args:
        one: the run.
        places: of the whole data set.
        query: which group, and where to begin.

    Raises:
        NotFoundError, InputError: for a column or a value that does not exist.
    """
    chosen = _chosen(one, query)
    page = chosen[query.start : query.start + _PAGE]
    following = query.start + _PAGE
    first, last = places.span(one.rows[chosen]) or (None, None)
    times = _times(one, page)
    return {
        "by": query.by,
        "value": query.value or None,
        "second": query.second,
        "second_value": query.second_value or None,
        "total": len(chosen),
        "start": query.start,
        "following": following if following < len(chosen) else None,
        "first": first,
        "last": last,
        "rows": [_row(one, places, row, time) for row, time in zip(page.tolist(), times, strict=True)],
    }


def _chosen(one: ScoredRows, query: GroupRowsQuery) -> NDArray[np.int64]:
    """Positions of the group's rows, in input order."""
    groups = part(one.table, query.by, "by")
    inside = groups.codes == number_of(groups, query.value)
    if query.second is not None:
        second = part(one.table, query.second, "and")
        inside &= second.codes == number_of(second, query.second_value, "and_value")
    if query.flagged:
        inside &= one.found.flags
    return np.flatnonzero(inside)


def _times(one: ScoredRows, page: NDArray[np.int64]) -> list[Any]:
    column = one.table.column(Role.TIME)
    if column is None:
        return [None] * len(page)
    times = one.table.frame[column].to_numpy()[page]
    missing = np.isnat(times) if times.dtype.kind == "M" else np.isnan(times)
    known = axis_values(times)
    return [None if gone else time for time, gone in zip(known, missing.tolist(), strict=True)]


def _row(one: ScoredRows, places: Places, row: int, time: Any) -> dict[str, Any]:
    found, in_data = one.found, int(one.rows[row])
    near = places.around(in_data, _AROUND)
    score = float(found.scores[row])
    return {
        "row": one.table.first_row + in_data,
        "time": time,
        "score": None if math.isnan(score) else score,
        "flagged": bool(found.flags[row]),
        "event": int(found.event_ids[row]) or None,
        "from": None if near is None else near[0],
        "to": None if near is None else near[1],
    }
