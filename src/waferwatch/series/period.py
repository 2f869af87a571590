"""The period of a series."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

_POINTS = 20_000
_LAGS = 400
_FIRST_LAG = 3  # shorter lags are the smoothness of the series, not a period
_LONGEST = 303
_DEFAULT = 125


def period(values: ArrayLike) -> int:
    """Length of the strongest period of a series in points, which TSB-AD takes as the window of VUS-PR.

    The highest local maximum of the autocorrelation of the first 20,000 points over lags 4 to 399
    (``find_length_rank(data, rank=1)`` of TSB-AD 1.5); 125 where there is none, or none from 6 to 303 points.

    Args:
        values: (points,) or (points, 1), equally spaced, without NaN.
    """
    head = np.asarray(values, dtype=np.float64).squeeze()[:_POINTS]
    if head.ndim != 1:
        raise ValueError(f"a period is that of one sensor, not of values of shape {np.shape(values)}")
    correlation = _autocorrelation(head, _LAGS)[_FIRST_LAG:]
    peaks = np.flatnonzero((correlation[1:-1] > correlation[:-2]) & (correlation[1:-1] > correlation[2:])) + 1
    if not len(peaks):
        return _DEFAULT
    found = int(peaks[np.argmax(correlation[peaks])]) + _FIRST_LAG
    return found if 2 * _FIRST_LAG <= found <= _LONGEST else _DEFAULT


def _autocorrelation(values: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Autocorrelation at lags 0 to ``lags``, each sum divided by the full length; empty for a constant series."""
    centred = values - values.mean()
    spectrum = np.fft.rfft(centred, n=2 ** int(np.ceil(np.log2(2 * len(values) + 1))))
    covariance = np.fft.irfft(spectrum * spectrum.conj())[: min(lags + 1, len(values))]
    if not covariance.size or covariance[0] <= 0:
        return np.empty(0)
    return cast(NDArray[np.float64], covariance / covariance[0])
