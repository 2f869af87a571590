"""How unusual each sensor of each row is by the rows up to it, bit for bit the same however rows are cut into blocks.

Sums run over sensors and over earlier rows one after the other, never by a library's own order, which depends on how
many rows come at once. Shapes: n rows, S sensors; ``before`` are rows of the same series that came earlier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.baselines.scaling import robust_deviation
from waferwatch.models.ensemble.features.course import Course
from waferwatch.models.state import storable
from waferwatch.series.steps import Steps, joined

Floats = NDArray[np.float64]

WINDOWS = (8, 32)  # rows: short ones see jumps that single rows hide, long ones slow shifts
EXPLAINED = 0.9  # share of the variance that the usual relations hold
FARTHEST = 1e6  # spreads: farther values are cut, so that powers of them can be added up
_FARTHEST_LEARNT = 8.0  # spreads of a reference row that says something of relations
_MEDIAN_OF_NORMAL = 0.6745  # of the distance from the centre, in standard deviations
_LEAST = 1e-3  # spread of a feature, in spreads of the sensor


@storable
@dataclass(frozen=True)
class EarlyFeatures:
    """What is usual for one equipment."""

    centre: Floats  # (S,) in the units of the sensors
    spread: Floats  # (S,) above 0; NaN for a sensor without any reference value
    course: Course | None  # None where steps say nothing
    window_spread: Floats  # (windows, S)
    relation: Floats  # (S, S) from a row's distances to what the usual relations leave of them
    relation_spread: float  # of all that is left of a row; infinity where nothing is

    @classmethod
    def learn(cls, pieces: list[Floats], steps: list[Steps], centre: Floats, spread: Floats, *, course: bool) -> Self:
        """From normal stretches (n, S) of one equipment, at least one.

        Args:
            course: whether the steps say what is usual, row by row.
        """
        every, at = np.concatenate(pieces), joined(steps)
        plain = cls(centre, spread, None, *_nothing(len(centre)))
        found = Course.learn(np.nan_to_num(plain.distances(every, at)).T.astype(np.float32), at) if course else None
        placed = cls(centre, spread, found, *_nothing(len(centre)))
        far = [placed.distances(one, mine) for one, mine in zip(pieces, steps, strict=True)]
        windows = [_windowed(one, np.empty((0, one.shape[1]))) for one in far]
        window_spread = np.stack([_spreads(np.concatenate(of_one)) for of_one in zip(*windows, strict=True)])
        relation, relation_spread = _relations(np.concatenate(far))
        return cls(centre, spread, found, window_spread, relation, relation_spread)

    def distances(self, values: Floats, steps: Steps) -> Floats:
        """(n, S) how far readings are off what is usual at their place, in spreads; NaN = not measured."""
        scaled = np.clip((values - self.centre) / self.spread, -FARTHEST, FARTHEST)
        if self.course is None:
            return scaled
        found: Floats = np.clip(self.course.off(scaled.T, steps).T, -FARTHEST, FARTHEST)
        return found

    def of(self, far: Floats, before: Floats) -> tuple[Floats, NDArray[np.int8]]:
        """How unusual each sensor is, (n, S) at least 0, and to which side, -1, 0 or 1.

        Args:
            far: distances of rows of one series, (n, S).
            before: those of the rows before them, as many as the longest window has, or as there are.
        """
        kinds = [far, *(one / spread for one, spread in zip(_windowed(far, before), self.window_spread, strict=True))]
        kinds.append(_times(np.nan_to_num(far), self.relation) / self.relation_spread)
        most, side = np.zeros(far.shape), np.zeros(far.shape, np.int8)
        for one in kinds:
            high = np.minimum(np.abs(np.nan_to_num(one)), FARTHEST)
            more = (high > most) & ~np.isnan(far)
            most, side = np.where(more, high, most), np.where(more, np.sign(one), side).astype(np.int8)
        return most, side


def combined(most: Floats) -> tuple[Floats, NDArray[np.float32]]:
    """(n,) a score for each row, led by its most unusual sensors, and their shares of it, (n, S), that add up to 1."""
    fourth = np.square(np.square(most))
    total = np.zeros(len(most))
    for sensor in range(most.shape[1]):
        total = total + fourth[:, sensor]
    shares = np.where(total[:, None] > 0, fourth / np.where(total > 0, total, 1.0)[:, None], 1 / max(1, most.shape[1]))
    return np.sqrt(np.sqrt(total)), shares.astype(np.float32)


def _windowed(far: Floats, before: Floats) -> list[Floats]:
    """Sum over each window up to each row over the root of its rows: as large for few rows as for many."""
    sensors = far.shape[1]
    rows = np.concatenate([before, far])
    rows = np.concatenate([np.nan_to_num(rows), ~np.isnan(rows)], axis=1)  # readings, and which there are
    found, total = [], np.zeros((len(far), 2 * sensors))
    for back in range(max(WINDOWS)):
        first = max(back - len(before), 0)  # of the rows that have one so far back
        if first < len(far):
            total[first:] += rows[len(before) + first - back : len(before) + len(far) - back]
        if back + 1 in WINDOWS:
            found.append(total[:, :sensors] / np.sqrt(np.maximum(total[:, sensors:], 1)))
    return found


def _times(values: Floats, matrix: Floats) -> Floats:
    """``values @ matrix``, in an order that does not depend on the number of rows."""
    found = np.zeros((len(values), matrix.shape[1]))
    for sensor in range(len(matrix)):
        found += values[:, sensor, None] * matrix[sensor]
    return found


def _relations(far: Floats) -> tuple[Floats, float]:
    """What takes the usual relations away from a row, and how much is usually left of it."""
    sensors = far.shape[1]
    rows = np.clip(np.nan_to_num(far), -_FARTHEST_LEARNT, _FARTHEST_LEARNT)
    if sensors < 2 or len(rows) <= sensors:
        return np.zeros((sensors, sensors)), np.inf
    values, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
    share = np.cumsum(values[::-1]) / max(float(values.sum()), 1e-300)
    count = min(int(np.searchsorted(share, EXPLAINED)) + 1, sensors - 1)
    main = vectors[:, ::-1][:, :count]
    relation = np.eye(sensors) - main @ main.T
    spread = float(np.median(np.linalg.norm(rows @ relation, axis=1))) / _MEDIAN_OF_NORMAL
    return relation, spread if spread > _LEAST else np.inf


def _spreads(values: Floats) -> Floats:
    found = np.ones(values.shape[1])
    for sensor in range(values.shape[1]):
        known = values[~np.isnan(values[:, sensor]), sensor]
        if len(known):
            found[sensor] = max(robust_deviation(known), _LEAST)
    return found


def _nothing(sensors: int) -> tuple[Floats, Floats, float]:
    return np.ones((len(WINDOWS), sensors)), np.zeros((sensors, sensors)), np.inf
