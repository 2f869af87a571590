"""Cutting a series into windows, and stitching what is said of the windows back on the time line.

Shapes: n points, S sensors, W windows a sensor, T points a window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Cut:
    """Where the windows of a series of ``points`` points lie.

    A series shorter than a window gets one window, padded on the left: its points end where the window ends.
    """

    points: int  # n
    window: int  # T
    starts: NDArray[np.int64]  # (W,) first point of each window in the series, ascending

    @property
    def padding(self) -> int:
        """Points in front of the only window of a short series."""
        return max(0, self.window - self.points)


def cut(points: int, window: int, overlap: int) -> Cut:
    """Cover a series with windows that overlap by ``overlap`` points; the last one ends with the series.

    >>> cut(1000, 512, 64).starts.tolist()
    [0, 448, 488]
    >>> cut(100, 512, 64).padding
    412
    """
    if not 0 <= overlap < window:
        raise ValueError(f"The overlap must be at least 0 and less than the window's {window} points, not {overlap}.")
    last = max(0, points - window)
    starts = np.arange(0, last + 1, window - overlap, dtype=np.int64)
    if starts[-1] != last:
        starts = np.append(starts, last)
    return Cut(points, window, starts)


def take(values: NDArray[Any], where: Cut, *, fill: float = 0.0) -> NDArray[Any]:
    """The windows of every sensor.

    Args:
        values: (n, S).
        where: the cut of these n points.
        fill: value of the padding.

    Returns:
        (S, W, T), a copy.
    """
    sensor_major = np.ascontiguousarray(values.T)
    if where.padding:
        sensor_major = np.pad(sensor_major, ((0, 0), (where.padding, 0)), constant_values=fill)
    return sliding_window_view(sensor_major, where.window, axis=1)[:, where.starts]


def stitch(windows: NDArray[Any], where: Cut, weights: NDArray[Any] | None = None) -> Floats:
    """Bring window values back to the series: where windows overlap, their middles count more than their ends.

    Args:
        windows: (S, W, T), any value where the weight is 0.
        where: the cut that made them.
        weights: (S, W, T) at least 0, how far each value can be trusted; all 1 by default.

    Returns:
        (n, S) float32, NaN where no window has a say.
    """
    sensors = windows.shape[0]
    length = where.points + where.padding
    total = np.zeros((sensors, length), np.float32)
    weight = np.zeros((sensors, length), np.float32)
    taper = _taper(where.window)
    for number, start in enumerate(where.starts):
        span = slice(start, start + where.window)
        trust = taper if weights is None else taper * weights[:, number]
        total[:, span] += np.where(trust > 0, windows[:, number], 0) * trust
        weight[:, span] += trust
    with np.errstate(invalid="ignore"):
        stitched = total / weight
    return np.ascontiguousarray(stitched[:, where.padding :].T)


def _taper(window: int) -> Floats:
    """Rises over the first eighth and falls over the last, never to 0: the series' own ends have one window only."""
    ramp = max(1, window // 8)
    distance = np.minimum(np.arange(window), np.arange(window)[::-1]) + 1
    return np.minimum(distance / ramp, 1).astype(np.float32)
