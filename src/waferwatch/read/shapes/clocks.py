"""The times of a column as seconds, whatever it holds, for turning tables; what a clock is for good is found later."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.cells import values
from waferwatch.read.cells.kinds import CellKind, cell_kind
from waferwatch.read.roles.column_names import plain, time_rank
from waferwatch.read.time_axis.times import read_times

_SAMPLE = 50
_A_YEAR = 365 * 86_400  # seconds; less are times of day
_CLOCK_WORDS = ("time", "timestamp", "datetime", "시간", "시각", "일시", "xvalue", "elapsed", "stamp")


def seconds_of(column: pd.Series, name: str, table: str) -> NDArray[np.float64] | None:
    """(n,) seconds, or whatever numbers the column counts in; NaN where there is no time; None for no clock."""
    try:
        times = read_times(column, name, table, 1).values
    except InputError:
        return None
    if pd.api.types.is_datetime64_any_dtype(times.dtype):
        numbers = times.to_numpy("datetime64[ns]").astype(np.int64) / 1e9
        return np.where(times.isna(), np.nan, numbers)
    return times.to_numpy(np.float64, na_value=np.nan)


def holds_times(column: pd.Series) -> bool:
    """Whether the cells are written as dates or times of day."""
    if values.is_time(column):
        return True
    if values.is_numeric(column):
        return False
    sample = [cell_kind(str(cell)) for cell in column.dropna().head(_SAMPLE)]
    return bool(sample) and all(kind is CellKind.TIME for kind in sample)


def is_clock_name(name: str) -> bool:
    """Whether the name speaks of time, whatever else it speaks of."""
    text = plain(name)
    return time_rank(name) is not None or text == "t" or text.startswith(_CLOCK_WORDS) or text.endswith(_CLOCK_WORDS)


def rises(column: pd.Series) -> bool:
    """Whether the numbers go up from row to row as far as there are any."""
    if not values.is_numeric(column):
        return False
    numbers = values.to_float(column)
    numbers = numbers[~np.isnan(numbers)]
    return len(numbers) > 1 and bool((np.diff(numbers) > 0).all())


def clock_column(seconds: NDArray[np.float64], *, dated: bool) -> pd.Series:
    """Seconds as ``seconds_of`` gives them, as a column: as dates where they are such."""
    if dated and len(seconds) and seconds[0] > _A_YEAR:
        return pd.Series(np.round(seconds * 1e6).astype("datetime64[us]").astype("datetime64[ns]"))
    return pd.Series(seconds)
