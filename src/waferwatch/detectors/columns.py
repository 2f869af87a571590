"""Sensors as columns without gaps in units of the reference, and values of windows brought back to points.

Shapes: S sensors, n points, W windows of L points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from waferwatch.detectors.normal import Normal, fill
from waferwatch.series.series import Series

Floats = NDArray[np.float32]

FARTHEST = 1e4  # normalised values beyond this are cut: squares of them would drown the rest in float32


@dataclass(frozen=True)
class Columns:
    """The sensors of one series."""

    values: Floats  # (S, n) distance from the reference's level in its spreads, gaps filled
    measured: NDArray[np.bool_]  # (S, n) False where the value was filled in

    def __len__(self) -> int:
        return int(self.values.shape[1])

    @property
    def sensors(self) -> int:
        return int(self.values.shape[0])


def columns_of(series: Series, normal: Normal) -> Columns:
    """Normalise a series by the reference and fill its gaps."""
    measured = ~np.isnan(series.values)
    filled = fill((series.values - normal.level) / normal.spread, measured)
    values = np.clip(filled, -FARTHEST, FARTHEST).astype(np.float32)
    return Columns(np.ascontiguousarray(values.T), np.ascontiguousarray(measured.T))


def coarsen(columns: Columns, factor: int) -> Columns:
    """Averages over each ``factor`` points; the last, shorter piece is filled up with its last value."""
    if factor == 1:
        return columns
    padding = -len(columns) % factor
    values = np.pad(columns.values, ((0, 0), (0, padding)), mode="edge")
    measured = np.pad(columns.measured, ((0, 0), (0, padding)))
    shape = (columns.sensors, -1, factor)
    some: NDArray[np.bool_] = np.asarray(measured.reshape(shape).any(axis=2))
    return Columns(values.reshape(shape).mean(axis=2), some)


def refine(values: NDArray[np.floating], factor: int, points: int) -> Floats:
    """Values of averaged points (n // factor,) back on every point, by straight lines between their middles."""
    if factor == 1:
        return values.astype(np.float32)
    middles = np.arange(len(values)) * factor + (factor - 1) / 2
    fine: Floats = np.interp(np.arange(points), middles, values).astype(np.float32)
    return fine


def window_starts(points: int, length: int, stride: int) -> NDArray[np.int64]:
    """First points of windows ``stride`` apart, the last one at the end; empty when the series is shorter."""
    if points < length:
        return np.empty(0, np.int64)
    starts = np.arange(0, points - length + 1, stride, dtype=np.int64)
    return starts if starts[-1] == points - length else np.append(starts, points - length)


def windows(column: Floats, starts: NDArray[np.int64], length: int) -> Floats:
    """(W, L) copies of the windows at these starts; none of a column that is shorter."""
    if not len(starts):
        return np.empty((0, length), np.float32)
    found: Floats = sliding_window_view(column, length)[starts]
    return found


def at_centres(values: NDArray[np.floating], starts: NDArray[np.int64], length: int, points: int) -> Floats:
    """Window values (W,) on every point, by straight lines between the windows' centres."""
    on_points: Floats = np.interp(np.arange(points), starts + (length - 1) / 2, values).astype(np.float32)
    return on_points


def over_windows(values: NDArray[np.floating], starts: NDArray[np.int64], length: int, points: int) -> Floats:
    """Mean at each point over all windows that hold it; windows between those at ``starts`` are interpolated."""
    every = np.interp(np.arange(points - length + 1), starts, values)
    sums = np.concatenate([[0.0], np.cumsum(every)])
    point = np.arange(points)
    first = np.clip(point - length + 1, 0, len(every))
    after = np.clip(point + 1, 0, len(every))
    mean: Floats = ((sums[after] - sums[first]) / (after - first)).astype(np.float32)
    return mean


def pieces(series: Sequence[Columns], length: int, most: int) -> list[Columns]:
    """Evenly spaced pieces of at most ``length`` points, together about ``most`` points."""
    found = [(one, start) for one in series for start in range(0, max(1, len(one) - length // 2), length)]
    total = sum(min(len(one) - start, length) for one, start in found)
    wanted = max(1, len(found) * most // max(total, 1))
    if len(found) > wanted:
        found = [found[index] for index in np.linspace(0, len(found) - 1, wanted).round().astype(int)]
    return [
        Columns(one.values[:, start : start + length], one.measured[:, start : start + length]) for one, start in found
    ]
