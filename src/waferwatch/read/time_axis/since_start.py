"""A clock of two columns: when a run began, the same in all of its rows, and the time that has passed since then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.read.cells.values import is_numeric, to_float, without_categories
from waferwatch.read.roles.column_names import category, speaks_of_time
from waferwatch.read.roles.name_parts import vocabulary, words_of
from waferwatch.read.table import Role

_FEWEST = 4  # rows of a run, on average
_LATE = 2.0  # usual steps of time after its start by which the first row of a run has been read
_UNITS = {
    1e-6: vocabulary("us usec micros microseconds µs"),
    1e-3: vocabulary("ms msec millis millisecond milliseconds 밀리초"),
    60.0: vocabulary("min mins minute minutes 분"),
    3600.0: vocabulary("h hr hrs hour hours"),
}


def elapsed_column(frame: pd.DataFrame, start: str, names: Sequence[str]) -> str | None:
    """The column among ``names`` that counts the time since the start of each run; None where there is none.

    Args:
        start: a column of dates, the same in every row of a run.
    """
    runs = _runs(frame, start)
    if _FEWEST * (int(runs.max(initial=0)) + 1) > len(frame):
        return None
    order = np.argsort(runs, kind="stable")
    begins = np.diff(runs[order], prepend=-1) != 0
    for name in names:
        column = without_categories(frame[name])
        if _may_count(name, column, start) and _counts(to_float(column)[order], begins):
            return name
    return None


def _may_count(name: str, column: pd.Series, start: str) -> bool:
    return name != start and speaks_of_time(name) and is_numeric(column)


def seconds_since_start(column: pd.Series, name: str) -> NDArray[np.float64]:
    """(n,) seconds, by the unit that the name of the column has; without one the numbers are seconds."""
    words = set(words_of(name))
    factor = next((one for one, units in _UNITS.items() if words & units), 1.0)
    return to_float(without_categories(column)) * factor


def _runs(frame: pd.DataFrame, start: str) -> NDArray[np.int64]:
    things = (Role.EQUIPMENT, Role.LOT, Role.WAFER)
    keys = [start, *(name for name in frame.columns if name != start and category(name) in things)]
    number = frame.groupby(keys, sort=False, dropna=False, observed=True).ngroup()
    return np.asarray(number, np.int64)


def _counts(numbers: NDArray[np.float64], begins: NDArray[np.bool_]) -> bool:
    """Whether numbers rise within each run, from its start on."""
    if not np.isfinite(numbers).all():
        return False
    steps = np.diff(numbers)[~begins[1:]]
    if not len(steps) or not (steps > 0).all():
        return False
    first = numbers[begins]
    return bool((first >= 0).all() and (first <= _LATE * float(np.median(steps))).all())
