"""The distance of a short stretch to every stretch of a long one, by fast Fourier transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

Floats = NDArray[np.float64]

LEAST_SHARE = 0.5  # of the query's values that must be there in both stretches to compare them


def distances(query: Floats, values: Floats) -> Floats:
    """Mean squared distance of the query to the stretch that starts at each point.

    For weights w (1 where the query has a value) and v (1 where the long stretch has one), the sum of
    ``w v (q - x)^2`` is that of ``w q^2 v - 2 w q v x + w v x^2``: three correlations for each sensor.

    Args:
        query: (m, S) in a unit common to the sensors, NaN where there is no value.
        values: (n, S), n at least m, of the same unit.

    Returns:
        (n - m + 1,) infinite where less than half of the query can be compared.
    """
    total = np.zeros(len(values) - len(query) + 1)
    count = np.zeros_like(total)
    for sensor in range(query.shape[1]):
        w, v = ~np.isnan(query[:, sensor]), ~np.isnan(values[:, sensor])
        q, x = np.where(w, query[:, sensor], 0.0), np.where(v, values[:, sensor], 0.0)
        total += _correlate(x * x, w) - 2 * _correlate(x, q)
        if v.all():  # the usual case, in which every point sees the whole query
            total += (q * q).sum()
            count += w.sum()
        else:
            total += _correlate(v, q * q)
            count += _correlate(v, w)
    count = np.rint(count)  # the transform leaves them not quite whole
    enough = count >= max(1.0, LEAST_SHARE * query.size)
    return np.where(enough, np.maximum(total, 0) / np.maximum(count, 1), np.inf)


def _correlate(values: NDArray[np.floating | np.bool_], query: NDArray[np.floating | np.bool_]) -> Floats:
    """(n - m + 1,) sum over the query's points of query times values from each point on."""
    found: Floats = oaconvolve(values.astype(np.float64), query[::-1].astype(np.float64), mode="valid")
    return found
