"""How long rows last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.clock import hours_of_points
from waferwatch.series.series import Series


def hours_of(series: Sequence[Series], rows: NDArray[np.bool_] | None = None) -> float | None:
    """Equipment-hours: the rows of each series times its usual step, added up. Pauses between series do not count.

    Args:
        rows: (rows of the table,) those that count; None: all.

    Returns:
        None where times are no dates.
    """
    total = 0.0
    for one in series:
        hours = hours_of_points(one.time, len(one) if rows is None else int(np.count_nonzero(rows[one.rows])))
        if hours is None:
            return None
        total += hours
    return total or None
