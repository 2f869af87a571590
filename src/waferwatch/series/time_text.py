"""Times of the data as text, the same everywhere they are answered: ISO 8601 without a zone."""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_UNITS: tuple[Literal["s", "ms", "us", "ns"], ...] = ("s", "ms", "us", "ns")


def time_texts(times: NDArray[Any]) -> list[Any]:
    """Times, of any shape, as text that is exact to the same part of a second; numbers as they are."""
    if times.dtype.kind != "M":
        return cast(list[Any], times.tolist())
    exact = next(unit for unit in _UNITS if (times.astype(f"datetime64[{unit}]") == times).all())
    return cast(list[Any], np.datetime_as_string(times, unit=exact).tolist())


def time_text(value: Any) -> str | float | None:
    """One place in time: text, or the number where times are numbers; None where there is none.

    >>> time_text(np.datetime64("2026-03-01T08:00:00.500000000"))
    '2026-03-01T08:00:00.500'
    """
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        value = value.to_datetime64()
    return cast(str, time_texts(np.array([value]))[0]) if isinstance(value, np.datetime64) else float(value)
