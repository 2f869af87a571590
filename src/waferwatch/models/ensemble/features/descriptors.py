"""Short descriptors of every sensor at places four points apart.

At each place a sensor has the mean, the slope and the range of the 8 points around it, in spreads of the reference.
Places lie on a grid of absolute row numbers; a series goes on with its first and last value beyond its ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.chain import Chain

STRIDE = 4  # points between places
PER_SENSOR = 3  # mean, slope, range
LEAST_KNOWN = 0.75  # share of places that an average needs
_RAMP = np.arange(2 * STRIDE) - (2 * STRIDE - 1) / 2
_SLOPE = (_RAMP / np.square(_RAMP).sum()).astype(np.float32)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """The m places of a chain, series by series, each between two blocks of four points."""

    chain: Chain
    blocks: NDArray[np.int64]  # (P,) blocks of each series; it has one place less
    before: NDArray[np.int64]  # (P,) filled points in front of each series in its first blocks

    @classmethod
    def of(cls, chain: Chain, phase: int = 0) -> Self:
        """
        Args:
            phase: shifts the places against the absolute grid, 0 to 3.
        """
        before = (chain.offsets - phase) % STRIDE
        return cls(chain, -(-(before + chain.lengths) // STRIDE) + 2, before + STRIDE)

    @property
    def places(self) -> NDArray[np.int64]:
        """(P,) places of each series."""
        return self.blocks - 1

    @property
    def first(self) -> NDArray[np.int64]:
        """(P,) the first place of each series."""
        return np.cumsum(self.places) - self.places

    def _first_block(self) -> NDArray[np.int64]:
        return np.cumsum(self.blocks) - self.blocks

    def centres(self) -> NDArray[np.int64]:
        """(m,) where each place lies, in points of the chain; at the ends of a series beyond it."""
        within = np.arange(int(self.places.sum())) - np.repeat(self.first, self.places)
        return np.repeat(self.chain.starts - self.before + STRIDE, self.places) + within * STRIDE

    def inside(self) -> NDArray[np.int64]:
        """(m,) the nearest point of its own series to each place."""
        starts, stops = (np.repeat(one, self.places) for one in (self.chain.starts, self.chain.stops))
        return np.clip(self.centres(), starts, stops - 1)

    def padded(self) -> NDArray[np.int64]:
        """(blocks x 4,) the point of the chain that each point of the blocks holds."""
        length = self.blocks * STRIDE
        start = np.repeat(self._first_block() * STRIDE, length)
        within = np.arange(int(length.sum())) - start - np.repeat(self.before, length)
        last = np.repeat(self.chain.lengths - 1, length)
        return np.asarray(np.clip(within, 0, last) + np.repeat(self.chain.starts, length), np.int64)

    def on_points(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Values of the places (m,) on every point, by straight lines between places of its own series."""
        blocks = np.arange(int(self.places.sum())) + np.repeat(np.arange(len(self.blocks)), self.places)
        points = np.arange(len(self.chain)) + np.repeat(
            self._first_block() * STRIDE + self.before - self.chain.starts, self.chain.lengths
        )
        return np.asarray(np.interp(points + 0.5, (blocks + 1) * STRIDE, values), np.float64)

    def nearest(self) -> NDArray[np.int64]:
        """(n,) the place nearest to each point."""
        within = np.arange(len(self.chain)) + np.repeat(self.before - self.chain.starts, self.chain.lengths)
        place = (within + 0.5 - STRIDE / 2) // STRIDE
        last = np.repeat(self.places - 1, self.chain.lengths)
        return np.asarray(np.clip(place, 0, last) + np.repeat(self.first, self.chain.lengths), np.int64)


def describe(grid: Grid) -> Floats:
    """(m, S, 3) descriptors at the places."""
    # The points of all blocks one after the other: (S, blocks) each.
    parts = [grid.chain.values.take(one, axis=1) for one in grid.padded().reshape(-1, STRIDE).T]
    sums, highest, lowest = reduce(np.add, parts), reduce(np.maximum, parts), reduce(np.minimum, parts)
    left, right = (
        reduce(np.add, [one * share for one, share in zip(parts, some, strict=True)])
        for some in (_SLOPE[:STRIDE], _SLOPE[STRIDE:])
    )
    found = np.empty((sums.shape[1] - 1, len(sums), PER_SENSOR), np.float32)
    found[:, :, 0] = ((sums[:, :-1] + sums[:, 1:]) / (2 * STRIDE)).T
    found[:, :, 1] = (left[:, :-1] + right[:, 1:]).T
    found[:, :, 2] = (np.maximum(highest[:, :-1], highest[:, 1:]) - np.minimum(lowest[:, :-1], lowest[:, 1:])).T
    if len(grid.blocks) == 1:
        return found
    # No place lies between two series.
    at = np.arange(int(grid.places.sum())) + np.repeat(np.arange(len(grid.blocks)), grid.places)
    return found.take(at, axis=0)


def measured_share(grid: Grid) -> Floats:
    """(m, S) share of the 8 points around each place that was measured, of those within the series."""
    counts = []
    inside = np.ones((1, len(grid.chain)), np.bool_)
    length = grid.blocks * STRIDE
    within = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length + grid.before, length)
    real = (within >= 0) & (within < np.repeat(grid.chain.lengths, length))
    at = np.arange(int(grid.places.sum())) + np.repeat(np.arange(len(grid.blocks)), grid.places)
    for one in (grid.chain.measured, inside):
        blocks = (one[:, grid.padded()] & real).reshape(len(one), -1, STRIDE).sum(axis=2)
        counts.append(blocks[:, at] + blocks[:, at + 1])
    return np.asarray((counts[0] / np.maximum(counts[1], 1)).T, np.float32)


def averaged(descriptors: Floats, count: int, grid: Grid) -> Floats:
    """Means of (m, S, d) over ``count`` places around each, an even number: of those that its own series has.

    Places of a sensor that are NaN do not count; NaN where most are: a mean of few places is noisier than usual.
    """
    if count < 2:
        return descriptors
    unknown = np.isnan(descriptors[:, :, :1])
    if not unknown.any():
        return _averaged(descriptors, count, grid)
    known = _averaged((~unknown).astype(np.float32), count, grid)
    total = _averaged(np.where(unknown, 0, descriptors).astype(np.float32), count, grid)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known > LEAST_KNOWN, total / known, np.nan).astype(np.float32)


def _averaged(descriptors: Floats, count: int, grid: Grid) -> Floats:
    half, places = count // 2, len(descriptors)
    sums = np.zeros((places + 1, *descriptors.shape[1:]))
    np.cumsum(descriptors, axis=0, out=sums[1:])
    found = np.empty(descriptors.shape, np.float32)
    if places > count:
        # An even number has no middle: the outermost two count half.
        total = sums[count + 1 :] - sums[: -count - 1]
        total += sums[count:-1]
        total -= sums[1:-count]
        np.divide(total, 2 * count, out=found[half : places - half], casting="same_kind")
    # Near the ends of a series fewer are there.
    stops = grid.first + grid.places
    near = np.unique(np.append(grid.first, places)[:, None] + np.arange(-half, half))
    near = near[(near >= 0) & (near < places)]
    owner = np.searchsorted(stops, near, side="right")
    start, stop = grid.first[owner], stops[owner]
    first, after = np.maximum(near - half, start), np.minimum(near + half + 1, stop)
    inner, until = np.maximum(near - half + 1, start), np.minimum(near + half, stop)
    total = sums[after] - sums[first] + sums[until] - sums[inner]
    found[near] = total / ((after - first) + (until - inner))[:, None, None]
    return found
