"""Numbers that count time from a known date: seconds since 1970, days of a spreadsheet, LabVIEW's seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_SECOND = 10**9
_DAY = 86_400 * _SECOND
_NAT = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Epoch:
    """One way to count time. The range holds the years 2000 to 2040 or so, in which the ways do not overlap."""

    what: str  # for people: "seconds since 1970"
    low: float
    high: float
    unit: float  # nanoseconds
    start: int  # nanoseconds between 1970 and the beginning of the count
    places: int  # of a second that its numbers can tell apart
    sure: bool = True  # numbers of this size are hardly anything else


_SINCE_1904 = -2_082_844_800 * _SECOND
_SINCE_1601 = -11_644_473_600 * _SECOND
_SINCE_1 = -62_135_596_800
_DAYS_1900 = -25_569 * _DAY
_DAYS_0 = -719_529 * _DAY
EPOCHS = (
    Epoch("seconds since 1970", 9.4e8, 2.3e9, _SECOND, 0, 6),
    Epoch("milliseconds since 1970", 9.4e11, 2.3e12, 1e6, 0, 6),
    Epoch("microseconds since 1970", 9.4e14, 2.3e15, 1e3, 0, 9),
    Epoch("nanoseconds since 1970", 9.4e17, 2.3e18, 1, 0, 9),
    Epoch("seconds since 1904", 3.0e9, 4.3e9, _SECOND, _SINCE_1904, 6),
    Epoch("Windows file times", 1.25e17, 1.40e17, 100, _SINCE_1601, 7),
    Epoch("ticks of .NET", 6.3e17, 6.5e17, 100, 0, 7),
    Epoch("days since 1900", 36_526.0, 55_153.0, _DAY, _DAYS_1900, 3, sure=False),
    Epoch("days since year 0", 730_486.0, 749_113.0, _DAY, _DAYS_0, 3, sure=False),
)
_SPREADSHEET_STEP = 0.25  # of a day: rows further from one another than this are no rows of days with a fraction


def epoch_of(numbers: NDArray[np.float64]) -> Epoch | None:
    """The way in which all of the numbers (n,) count time; NaN aside, None where they do not."""
    present = numbers[np.isfinite(numbers)]
    if not len(present):
        return None
    low, high = float(present.min()), float(present.max())
    for epoch in EPOCHS:
        if epoch.low <= low and high < epoch.high:
            return epoch if epoch.sure or _counts_days(present) else None
    return None


def _counts_days(present: NDArray[np.float64]) -> bool:
    """Days with a fraction, several to a day; whole ones may count anything."""
    steps = np.abs(np.diff(present))
    moved = steps[steps > 0]
    return bool((present % 1 != 0).mean() > 0.3 and (not len(moved) or np.median(moved) <= _SPREADSHEET_STEP))


def as_times(column: pd.Series, numbers: NDArray[np.float64], epoch: Epoch) -> pd.Series:
    """(n,) datetime64[ns]; NaT where the number is missing.

    Args:
        column: (n,) as read; whole numbers of more digits than float64 holds are taken from here.
        numbers: (n,) the same as float64.
        epoch: how they count.
    """
    present = np.isfinite(numbers)
    if pd.api.types.is_integer_dtype(column.dtype) and epoch.unit <= _SECOND:
        whole = column.fillna(0).to_numpy(dtype=np.int64)
        ns = _whole(whole, epoch)
    else:
        ns = _rounded(np.where(present, numbers, epoch.low), epoch)
    return pd.Series(np.where(present, ns, _NAT).view("datetime64[ns]"), copy=False)


def _whole(whole: NDArray[np.int64], epoch: Epoch) -> NDArray[np.int64]:
    unit = int(epoch.unit)
    if epoch.what == "ticks of .NET":
        return (whole + _SINCE_1 * 10**7) * unit
    ns: NDArray[np.int64] = (whole + epoch.start // unit) * unit
    return ns


def _rounded(numbers: NDArray[np.float64], epoch: Epoch) -> NDArray[np.int64]:
    """Rounded to what the numbers can tell apart, so that 08:00:00.999999 is 08:00:01 again."""
    if epoch.what == "ticks of .NET":
        return _whole(numbers.astype(np.int64), epoch)
    whole = np.floor(numbers)
    rest = np.round((numbers - whole) * epoch.unit).astype(np.int64)
    ns = _whole(whole.astype(np.int64), epoch) + rest
    step = 10 ** (9 - epoch.places)
    rounded: NDArray[np.int64] = (ns + step // 2) // step * step
    return rounded
