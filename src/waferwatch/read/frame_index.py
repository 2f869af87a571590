"""What the index of a frame says of its rows: when they were read, and where."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from waferwatch.read.cells import values
from waferwatch.read.roles.column_names import category, time_rank

_UNNAMED_TIME = "time"


def with_index(frame: pd.DataFrame, *, asked: Collection[str] = (), clock: Collection[str] = ()) -> pd.DataFrame:
    """The frame with rows numbered from 0, and its first columns those levels of its index that say something of them.

    These are: a level that the caller named; a level of times, unless a column or the caller gives another clock; and
    a level whose name is that of an equipment, lot, wafer, recipe or step. Numbers of rows are left aside.

    Args:
        frame: (rows, columns) with one level of column names; it is not changed.
        asked: names that the caller gave to any option.
        clock: of them the time; none: it is to be found.
    """
    plain = frame.reset_index(drop=True)
    others = [str(name) for name in frame.columns]
    timed = any(time_rank(name) is not None or values.is_time(plain.iloc[:, at]) for at, name in enumerate(others))
    found: dict[str, pd.Series] = {}
    for number in range(frame.index.nlevels):
        level = frame.index.get_level_values(number)
        name, is_time = _called(level)
        if name is None or name in others or name in found:
            continue
        is_clock = (is_time or time_rank(name) is not None) and not clock and not timed
        if name in asked or is_clock or category(name) is not None:
            found[name] = level.to_series(index=plain.index)
            timed = timed or is_clock
    return plain.assign(**found)[[*found, *plain.columns]] if found else plain


def _called(level: pd.Index) -> tuple[str | None, bool]:
    """The name of a level, and whether its type is a time."""
    is_time = isinstance(level, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex)
    return (_UNNAMED_TIME if is_time else None) if level.name is None else str(level.name), is_time
