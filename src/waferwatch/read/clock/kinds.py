"""What sort of clock a column may be, by what it holds."""

from __future__ import annotations

from enum import Enum

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from waferwatch.read.cells.values import MISSING, is_numeric, is_time, to_float, without_categories
from waferwatch.read.clock.epochs import epoch_of
from waferwatch.read.clock.rising import Rise, is_even_when_sorted, run_of
from waferwatch.read.clock.text_times import MOSTLY, TextTimes, as_arrow, read_text_times
from waferwatch.read.roles.column_names import is_clock, is_date, time_rank

_SAMPLE = 400
_FEWEST = 10  # rows that show an even run under any name
_LOOK = 5_000  # rows in which the sample is looked for first


class ClockKind(Enum):
    """What a column's cells say about time."""

    DATED = "dates with a time of day"
    DAYS = "dates alone"
    OF_DAY = "times of day, or time since a start"
    RUNNING = "numbers that run like a clock, under the name of one"
    EVEN = "numbers that rise by even steps, under any name"


def kind_of(column: pd.Series, name: str) -> ClockKind | None:
    """The sort of clock that the column may be; None when it is none."""
    column = without_categories(column)
    if is_time(column):
        return _of_typed(column) if column.notna().any() else None
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        return ClockKind.OF_DAY
    if is_numeric(column):
        return _of_numbers(to_float(column), name)
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_complex_dtype(column.dtype):
        return None
    return _of_text(column, name)


def _of_typed(column: pd.Series) -> ClockKind:
    if isinstance(column.dtype, pd.PeriodDtype | pd.DatetimeTZDtype) or str(column.dtype).startswith("timestamp"):
        return ClockKind.DATED
    return ClockKind.DAYS if all(_are_days(cells) for cells in (column.iloc[:_LOOK], column)) else ClockKind.DATED


def _are_days(column: pd.Series) -> bool:
    present = column.dropna()
    return bool((present == present.dt.normalize()).all())


def _of_text(column: pd.Series, name: str) -> ClockKind | None:
    found = read_sample(column)
    if found is None:
        return _of_text_numbers(column, name) if is_clock(name) else None
    if not found.dated:
        return ClockKind.OF_DAY
    if not found.sure:
        return None
    return ClockKind.DATED if found.timed else ClockKind.DAYS


def _of_text_numbers(column: pd.Series, name: str) -> ClockKind | None:
    """Numbers among which a few words have made the column text."""
    numbers = pd.to_numeric(column.map(str, na_action="ignore"), errors="coerce").to_numpy(np.float64)
    return _of_numbers(numbers, name) if np.isfinite(numbers).mean() > 0.5 else None


def read_sample(column: pd.Series, least: float = MOSTLY) -> TextTimes | None:
    """What the first texts of a column say of time; None where less than the share ``least`` of them is one."""
    sample = column.iloc[:_LOOK].dropna()
    sample = (sample if len(sample) else column.dropna()).iloc[:_SAMPLE]
    if not len(sample) or not isinstance(sample.iloc[0], str):
        sample = sample.map(str)
    return read_text_times(without_missing(as_arrow(sample)), least=least) if len(sample) else None


def without_missing(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Trimmed texts with null for the words that stand for no value."""
    missing = pc.is_in(pc.utf8_lower(text), value_set=pa.array(MISSING))
    return pc.if_else(missing, pa.scalar(None, text.type), text) if pc.any(missing).as_py() else text


def _of_numbers(numbers: np.ndarray, name: str) -> ClockKind | None:
    named, run = is_clock(name), run_of(numbers)
    if run is Rise.NO and not named:
        return None
    epoch = epoch_of(numbers)
    if is_compact(numbers) and (named or run is not Rise.NO):
        return ClockKind.DAYS if np.nanmax(numbers) < 1e8 else ClockKind.DATED
    if epoch is not None and (named or (run is not Rise.NO and epoch.sure)):
        return ClockKind.DATED
    if is_date(name) and _whole_days(numbers):
        return ClockKind.DAYS
    if named and (run is not Rise.NO or (time_rank(name) is not None and is_even_when_sorted(numbers))):
        return ClockKind.RUNNING
    return ClockKind.EVEN if run is Rise.EVEN and len(numbers) >= _FEWEST else None


def _whole_days(numbers: np.ndarray) -> bool:
    """Days of a spreadsheet from 2000 on, without a time of day."""
    present = numbers[np.isfinite(numbers)]
    return len(present) > 0 and bool(((present >= 36_526) & (present < 55_153) & (present % 1 == 0)).all())


def is_compact(numbers: np.ndarray) -> bool:
    """Whether numbers such as 20260102 or 20260102101112 are dates written without signs."""
    present = numbers[~np.isnan(numbers)]
    for digits in (8, 14):
        low, high = 1900 * 10 ** (digits - 4), 2200 * 10 ** (digits - 4)
        if len(present) and low <= present.min() and present.max() <= high and (present % 1 == 0).all():
            month = present // 10 ** (digits - 6) % 100
            day = present // 10 ** (digits - 8) % 100
            return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())
    return False
