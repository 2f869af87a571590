"""Several series laid end to end, so that many short ones cost what one long one does; nothing reaches across borders.

Shapes: S sensors, n points of all series, P series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.columns import FARTHEST, Columns, between_holes, bridged
from waferwatch.models.ensemble.preparation.normal import Normal
from waferwatch.series.series import Series

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Chain:
    """The sensors of several series."""

    values: Floats  # (S, n) distance from the reference's level in its spreads, gaps filled
    measured: NDArray[np.bool_]  # (S, n) False where the value was filled in
    starts: NDArray[np.int64]  # (P,) first point of each series
    offsets: NDArray[np.int64]  # (P,) absolute number of each series' first point

    @classmethod
    def of(cls, pieces: Sequence[Columns]) -> Self:
        """Series below one another, at least one."""
        lengths = np.array([len(one) for one in pieces], np.int64)
        single = len(pieces) == 1
        return cls(
            pieces[0].values if single else np.concatenate([one.values for one in pieces], axis=1),
            pieces[0].measured if single else np.concatenate([one.measured for one in pieces], axis=1),
            np.cumsum(lengths) - lengths,
            np.array([one.offset for one in pieces], np.int64),
        )

    def __len__(self) -> int:
        return int(self.values.shape[1])

    @property
    def sensors(self) -> int:
        return int(self.values.shape[0])

    @cached_property
    def complete(self) -> bool:
        """Whether every sensor was measured at every point."""
        return bool(self.measured.all())

    @cached_property
    def stops(self) -> NDArray[np.int64]:
        """(P,) the point behind each series."""
        return np.append(self.starts[1:], len(self))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(P,) points of each series."""
        return self.stops - self.starts

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """(n,) number of the series that holds each point."""
        return np.repeat(np.arange(len(self.starts)), self.lengths)

    def piece(self, number: int) -> Columns:
        """One of the series."""
        some = slice(int(self.starts[number]), int(self.stops[number]))
        return Columns(self.values[:, some], self.measured[:, some], int(self.offsets[number]))

    def pieces(self) -> list[tuple[slice, Columns]]:
        """All of the series, and where in the chain they lie."""
        borders = zip(self.starts.tolist(), self.stops.tolist(), strict=True)
        return [(slice(start, stop), self.piece(number)) for number, (start, stop) in enumerate(borders)]

    def pick(self, sensors: NDArray[np.bool_]) -> Self:
        """Some of the sensors."""
        return self if sensors.all() else replace(self, values=self.values[sensors], measured=self.measured[sensors])

    def split(self, values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Values of the points, (..., n), series by series."""
        return np.split(values, self.starts[1:], axis=-1)


def chain_of(series: Sequence[Series], normal: Normal) -> Chain:
    """Series in spreads of the reference, gaps filled, end to end."""
    lengths = np.array([len(one) for one in series], np.int64)
    starts = np.cumsum(lengths) - lengths
    values = np.empty((series[0].sensors, int(lengths.sum())), np.float32)
    measured = np.ones(values.shape, np.bool_)
    for sensor in range(len(values)):
        column = np.concatenate([one.values[:, sensor] for one in series])
        scaled = (column - normal.level[sensor]) / normal.spread[sensor]
        known = ~np.isnan(column)
        if not known.all():
            measured[sensor] = known
            for start, stop in zip(starts.tolist(), (starts + lengths).tolist(), strict=True):
                scaled[start:stop] = bridged(scaled[start:stop], known[start:stop])
        values[sensor] = np.clip(scaled, -FARTHEST, FARTHEST)
    return Chain(values, measured, starts, np.array([one.offset for one in series], np.int64))


def local_mean(values: NDArray[np.float64], points: int, chain: Chain) -> NDArray[np.float64]:
    """(n,) mean over an odd number of points around each, of those that its own series has."""
    if points <= 1:
        return values
    sums = np.concatenate([[0.0], np.cumsum(values)])
    place, half = np.arange(len(values)), points // 2
    first = np.maximum(place - half, np.repeat(chain.starts, chain.lengths))
    after = np.minimum(place + half + 1, np.repeat(chain.stops, chain.lengths))
    return np.asarray((sums[after] - sums[first]) / (after - first), np.float64)


def stretches(chain: Chain) -> list[tuple[slice, Columns]]:
    """The series cut where no sensor was measured for long, and where in the chain they lie: windows that show such a
    hole are unlike all others.
    """
    found = []
    for where, piece in chain.pieces():
        holes = between_holes(piece)
        found += [(slice(where.start + one.start, where.start + one.stop), piece.at(one)) for one in holes]
    return found
