"""Hours that come twice or are left out on a local clock, as summer time ends and begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_HOUR = 3_600_000_000_000  # nanoseconds
_DAY = 24 * _HOUR
_STEPS = 3.0  # usual ones: as far as rows lie apart at such an hour
_SUNDAY = 3  # days since 1970-01-01, a Thursday, that a Sunday leaves by seven
_LATEST = 2  # hour of the day at which clocks are put forward
_ABOUT_A_YEAR = 300 * _DAY


def comes_twice(clock: NDArray[np.int64], back: NDArray[np.bool_], same_group: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where time goes back by an hour but for a usual step or two, as local clocks do at the end of summer time.

    Args:
        clock: (n,) nanoseconds.
        back: (n - 1,) steps that go back within a group.
        same_group: (n - 1,) steps within a group.
    """
    steps = np.diff(clock)
    since = steps + _HOUR
    found: NDArray[np.bool_] = back & (since >= 0) & (since <= _nearby(steps, same_group))
    return found


def is_left_out(clock: NDArray[np.int64], same_group: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n - 1,) steps that are an hour longer than usual, over one of the first hours of a Sunday, once a year: there
    clocks are put forward.
    """
    steps = np.diff(clock)
    since = steps - _HOUR
    hour = (clock[:-1] // _HOUR + 1) * _HOUR  # the next that begins behind a row
    found = same_group & (since > 0) & (since <= _nearby(steps, same_group)) & (clock[1:] >= hour + _HOUR)
    found &= (hour // _DAY % 7 == _SUNDAY) & (hour % _DAY <= _LATEST * _HOUR)
    if (np.diff(np.unique(hour[found])) < _ABOUT_A_YEAR).any():
        found[:] = False  # something that is done every week
    return found


def _nearby(steps: NDArray[np.int64], same_group: NDArray[np.bool_]) -> float:
    usual = steps[same_group & (steps > 0)]
    longest = _STEPS * float(np.median(usual)) if len(usual) else 0.0
    return min(longest, _HOUR / 2)
