"""Moving means over series with gaps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d


def moving_mean(values: NDArray[np.floating], points: int) -> NDArray[np.floating]:
    """Mean over a centred window of so many points, of those that are there.

    Args:
        values: (n, S), NaN where there is none.
        points: width of the window; at the ends it is narrower.

    Returns:
        (n, S) of the same type, NaN where the window holds no value.
    """
    known = ~np.isnan(values)
    count = uniform_filter1d(known.astype(values.dtype), points, axis=0, mode="constant")
    total = uniform_filter1d(np.where(known, values, 0), points, axis=0, mode="constant")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0.5 / points, total / count, np.nan).astype(values.dtype)
