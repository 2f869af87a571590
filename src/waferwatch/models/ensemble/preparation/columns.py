"""Sensors as columns without gaps in units of the reference, averaged to coarser points and brought back to rows.

Shapes: S sensors, n points. Everything lies on a grid of absolute row numbers, so that a row's features do not depend
on where in a file it stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.normal import Normal
from waferwatch.series.series import Series

Floats = NDArray[np.float32]

FARTHEST = 1e4  # normalised values beyond this are cut: squares of them would drown the rest in float32
LONGEST_BRIDGE = 64  # points; a longer gap is not bridged, since its far end may come any time later


@dataclass(frozen=True)
class Columns:
    """The sensors of one series."""

    values: Floats  # (S, n) distance from the reference's level in its spreads, gaps filled
    measured: NDArray[np.bool_]  # (S, n) False where the value was filled in
    offset: int = 0  # absolute number of the first point

    def __len__(self) -> int:
        return int(self.values.shape[1])

    @property
    def sensors(self) -> int:
        return int(self.values.shape[0])

    def at(self, chosen: slice) -> Columns:
        """Consecutive points; they keep their absolute numbers."""
        first = chosen.indices(len(self))[0]
        return Columns(self.values[:, chosen], self.measured[:, chosen], self.offset + first)

    def pick(self, sensors: NDArray[np.bool_]) -> Columns:
        """Some of the sensors."""
        return Columns(self.values[sensors], self.measured[sensors], self.offset)


def columns_of(series: Series, normal: Normal) -> Columns:
    """Normalise a series by the reference and fill its gaps."""
    points = len(series)
    values = np.empty((series.sensors, points), np.float32)
    measured = np.ones((series.sensors, points), np.bool_)
    for sensor in range(series.sensors):
        column = series.values[:, sensor]
        scaled = (column - normal.level[sensor]) / normal.spread[sensor]
        known = ~np.isnan(column)
        if not known.all():
            measured[sensor] = known
            scaled = bridged(scaled, known)
        values[sensor] = np.clip(scaled, -FARTHEST, FARTHEST)
    return Columns(values, measured, series.offset)


def bridged(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Straight lines across short gaps of (n,). In long ones the last value is held, and just before their end the
    next one, so that the jump between both lies where nothing was measured. Before the first value the level is 0.
    """
    position = np.arange(len(values))
    last = np.maximum.accumulate(np.where(known, position, -1))
    following = np.minimum.accumulate(np.where(known, position, len(values))[::-1])[::-1]
    held = np.where(last >= 0, values[np.maximum(last, 0)], 0.0)
    length = following - last - 1
    short = ~known & (last >= 0) & (following < len(values)) & (length <= LONGEST_BRIDGE)
    share = (position - last) / np.maximum(following - last, 1)
    there = values[np.minimum(following, len(values) - 1)]
    nearly_over = (following < len(values)) & (following - position <= LONGEST_BRIDGE)
    unknown = np.where(nearly_over, np.where(nearly_over, there, 0.0), held)
    return np.where(known, values, np.where(short, held + share * (np.where(short, there, 0.0) - held), unknown))


def coarsen(columns: Columns, factor: int) -> Columns:
    """Averages over ``factor`` points each, cut at multiples of it; incomplete pieces at the ends are filled up with
    the nearest value.
    """
    if factor == 1:
        return columns
    before = columns.offset % factor
    after = -(before + len(columns)) % factor
    values = np.pad(columns.values, ((0, 0), (before, after)), mode="edge")
    measured = np.pad(columns.measured, ((0, 0), (before, after)))
    shape = (columns.sensors, -1, factor)
    some: NDArray[np.bool_] = np.asarray(measured.reshape(shape).any(axis=2))
    return Columns(values.reshape(shape).mean(axis=2), some, columns.offset // factor)


def refine(values: NDArray[np.floating], factor: int, offset: int, points: int) -> NDArray[np.float64]:
    """Values of averaged points back on every point, by straight lines between their middles.

    Args:
        values: (m,) of a series that begins at ``offset``, averaged by :func:`coarsen`.
        points: of that series.
    """
    if factor == 1:
        return np.asarray(values, np.float64)
    middles = np.arange(len(values)) * factor + (factor - 1) / 2 - offset % factor
    return np.asarray(np.interp(np.arange(points), middles, values), np.float64)


def mirrored(columns: Columns, before: int, after: int) -> Columns:
    """The series with its ends mirrored, so that windows at its ends are as full as all others."""
    pad = ((0, 0), (before, after))
    return Columns(
        np.pad(columns.values, pad, mode="symmetric"),
        np.pad(columns.measured, pad, mode="symmetric"),
        columns.offset - before,
    )


def between_holes(columns: Columns) -> list[slice]:
    """Where a sensor was measured, long gaps left out; shorter ones are bridged."""
    known = np.flatnonzero(columns.measured.any(axis=0))
    if not len(known):
        return []
    ends = np.flatnonzero(np.diff(known) > LONGEST_BRIDGE + 1)
    firsts, lasts = known[np.append(0, ends + 1)], known[np.append(ends, -1)]
    return [slice(int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True)]


def holes_mirrored(columns: Columns, reach: int) -> Columns:
    """Long gaps filled from both sides with what lies next to them, mirrored, no farther than ``reach`` points, and
    called measured there, so that windows next to a gap are as full as all others.
    """
    if columns.measured.all():
        return columns
    values, shown = columns.values.copy(), columns.measured.copy()
    points = len(columns)
    position = np.arange(points)
    for sensor, known in enumerate(columns.measured):
        last = np.maximum.accumulate(np.where(known, position, -1))
        following = np.minimum.accumulate(np.where(known, position, points)[::-1])[::-1]
        long = ~known & (following - last - 1 > LONGEST_BRIDGE)
        left = np.where(last >= 0, position - last, points)
        right = np.where(following < points, following - position, points)
        near = long & (np.minimum(left, right) <= reach)
        source = np.where(left <= right, last - left + 1, following + right - 1)[near]
        values[sensor, near] = columns.values[sensor, np.clip(source, 0, points - 1)]
        shown[sensor, near] = True
    return Columns(values, shown, columns.offset)


def grid_starts(columns: Columns, length: int, stride: int) -> NDArray[np.int64]:
    """First points, in the series, of the windows that fit into it and begin at absolute multiples of ``stride``.

    A series that is long enough for a window but holds none on the grid has one at its start.
    """
    first = -columns.offset % stride
    starts = np.arange(first, len(columns) - length + 1, stride, dtype=np.int64)
    return starts if len(starts) or len(columns) < length else np.zeros(1, np.int64)


def over_windows(
    values: NDArray[np.floating], starts: NDArray[np.int64], length: int, points: int
) -> NDArray[np.float64]:
    """Mean at each point over all windows that hold it; windows between those at ``starts`` are interpolated."""
    every = np.interp(np.arange(points - length + 1), starts, values)
    sums = np.concatenate([[0.0], np.cumsum(every)])
    point = np.arange(points)
    first = np.clip(point - length + 1, 0, len(every))
    after = np.clip(point + 1, 0, len(every))
    found: NDArray[np.float64] = (sums[after] - sums[first]) / (after - first)
    return found
