"""Times as numbers: what can be compared and subtracted without loss, the usual step, and how long points last."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_HOUR_NS = 3600e9


def clock_numbers(time: NDArray[Any]) -> NDArray[Any]:
    """Dates as whole nanoseconds since 1970 (int64, the lowest one for NaT); numbers as they are."""
    return time.astype("datetime64[ns]").view(np.int64) if time.dtype.kind == "M" else time


def usual_step(clock: NDArray[Any]) -> float | None:
    """Median of the positive steps of a clock of numbers; None without any."""
    steps = np.diff(clock)
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else None


def hours_of_points(time: NDArray[Any] | None, points: int) -> float | None:
    """Equipment-hours of some points of a series: their number times its usual step; None where times are no dates."""
    if time is None or time.dtype.kind != "M":
        return None
    return points * (usual_step(clock_numbers(time)) or 0.0) / _HOUR_NS
