"""Long pauses of an equipment between two wafers: a maintenance may have been there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells
from waferwatch.read.table import Role, Table
from waferwatch.series.time_text import time_text

USUAL = 20.0  # times the usual pause: such a long one is proposed,
LEAST_SECONDS = 1800.0  # and where times have dates, at least half an hour
_SECOND = 1e9  # nanoseconds


@dataclass(frozen=True)
class Pause:
    """A time in which an equipment ran no wafer."""

    equipment: str
    start: str | float  # end of the wafer before, as the clock of the data shows it
    end: str | float  # start of the wafer after
    length: float  # seconds, or what the clock of the data counts in
    before: int  # wafers of the equipment before it
    after: int


def long_pauses(table: Table, cells: StepCells) -> list[Pause]:
    """The long pauses of every equipment, the longest first; none where the table has no time."""
    column = table.column(Role.TIME)
    if column is None:
        return []
    time: NDArray[Any] = table.frame[column].to_numpy()
    dated = time.dtype.kind == "M"
    clock = time.astype("datetime64[ns]").view(np.int64) / _SECOND if dated else time.astype(np.float64)
    runs = cells.runs
    first, last = runs.rows[runs.starts], runs.rows[runs.starts + runs.lengths - 1]
    found: list[Pause] = []
    for equipment, mine in _by_equipment(cells).items():
        ordered = mine[np.argsort(clock[first[mine]], kind="stable")]
        between = clock[first[ordered[1:]]] - clock[last[ordered[:-1]]]
        usual = float(np.median(between[between > 0])) if (between > 0).any() else 0.0
        least = max(USUAL * usual, LEAST_SECONDS if dated else 0.0)
        for at in np.flatnonzero(between > least).tolist():
            start, end = time_text(time[last[ordered[at]]]), time_text(time[first[ordered[at + 1]]])
            if start is not None and end is not None:
                found.append(Pause(equipment, start, end, float(between[at]), at + 1, len(ordered) - at - 1))
    return sorted(found, key=lambda one: -one.length)


def _by_equipment(cells: StepCells) -> dict[str, NDArray[np.int64]]:
    """Equipment to its runs."""
    first = np.searchsorted(cells.run, np.arange(len(cells.runs)))
    found: dict[str, list[int]] = defaultdict(list)
    for run, cell in enumerate(first.tolist()):
        found[cells.names[int(cells.stage[cell])].equipment].append(run)
    return {name: np.array(mine, np.int64) for name, mine in found.items()}
