"""How long rows last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.series import Series

_HOUR_NS = 3600e9


def hours_of(series: Sequence[Series], rows: NDArray[np.bool_] | None = None) -> float | None:
    """Equipment-hours: the rows of each series times its usual step, added up. Pauses between series do not count.

    Args:
        rows: (rows of the table,) those that count; None: all.

    Returns:
        None where times are no dates.
    """
    total = 0.0
    for one in series:
        if one.time is None or one.time.dtype.kind != "M":
            return None
        steps = np.diff(one.time.astype("datetime64[ns]").view(np.int64))
        usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
        count = len(one) if rows is None else int(np.count_nonzero(rows[one.rows]))
        total += count * usual / _HOUR_NS
    return total or None
