"""The normal stretch of the same equipment that is most like what happened around an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from waferwatch.explain.distance import distances
from waferwatch.explain.scene import Floats, Scene
from waferwatch.explain.spot import Spot
from waferwatch.explain.usual import HIGH, LOW, normal_rows

MOST_SENSORS = 3  # that are compared, those with the highest shares
_MOST_ROWS = 200_000  # that are searched, those of the same equipment closest to the event
_LARGEST = 50.0  # spreads at which a value is cut: sums over a long series must not lose the rest
_APART = 0.5  # of the largest difference of the sensor, from which rows are marked as parting most ...
_USUALLY = 4.0  # ... if they part this many times as far as in the middle ...
_LEAST_APART = 0.05  # ... and in spreads
_MOST_MARKS = 8  # marked stretches of one sensor
_MARK_GAP = 3  # points between two marked ones that are marked as one stretch


class Likeness(StrEnum):
    """What the stretch found has in common with the event, besides the equipment."""

    STEP = "step"  # recipe and step
    RECIPE = "recipe"
    EQUIPMENT = "equipment"


@dataclass(frozen=True)
class Nearest:
    """The normal stretch most like the event's, both of the same length m and aligned at the event's start."""

    event_rows: NDArray[np.int64]  # (m,) rows around the event
    rows: NDArray[np.int64]  # (m,) rows of the normal stretch
    before: int  # points before the event's first one
    likeness: Likeness
    distance: float  # root of the mean squared distance, in normal spreads of the sensors
    marks: list[list[tuple[int, int]]]  # for each sensor, first and last point of where they part most, highest first


def find_nearest(scene: Scene, spot: Spot, sensors: Sequence[str]) -> Nearest | None:
    """Search the equipment's normal rows; None where no stretch is long enough and normal throughout.

    Compared are the event and as much around it as a normal stretch of the same recipe step can be found for, each
    sensor in units of its normal spread (Euclidean distance). Values of the event beyond the sensor's normal band count
    as the band's end: what surrounds a spike should decide, not its height.
    """
    normal, _ = normal_rows(scene, spot.stretch.scope)
    if not len(normal):
        return None
    scale = _Scale.of(scene.values(sensors, normal))
    rows, stretch = _searched(scene, spot)
    values = scale.standardise(scene.values(sensors, rows))
    for likeness, alike in _levels(scene, spot, rows):
        for query in _queries(spot):
            event_rows, before = spot.stretch.rows[query], spot.first - query.start
            last = len(rows) - len(event_rows) + 1
            if last < 1:
                continue
            allowed = _normal_throughout(scene, rows, stretch, len(event_rows)) & alike[before : before + last]
            if not allowed.any():
                continue
            event = scale.standardise(scene.values(sensors, event_rows))
            distance = np.where(allowed, distances(scale.within_band(event), values), np.inf)
            start = int(np.argmin(distance))
            if np.isinf(distance[start]):
                continue
            found = slice(start, start + len(event_rows))
            apart = np.abs(event - values[found])
            marks = [_marks(apart[:, at]) for at in range(len(sensors))]
            return Nearest(event_rows, rows[found], before, likeness, float(np.sqrt(distance[start])), marks)
    return None


def _levels(scene: Scene, spot: Spot, rows: NDArray[np.int64]) -> Iterator[tuple[Likeness, NDArray[np.bool_]]]:
    """(n,) rows at which the event could have started: of its recipe step, of its recipe, all."""
    for likeness, codes in ((Likeness.STEP, scene.layout.step), (Likeness.RECIPE, scene.layout.recipe)):
        if codes is not None:
            yield likeness, codes[rows] == codes[spot.event.start_row]
    yield Likeness.EQUIPMENT, np.ones(len(rows), np.bool_)


@dataclass(frozen=True)
class _Scale:
    """What is normal for each sensor, each (S,)."""

    centre: Floats
    spread: Floats
    low: Floats  # ends of the normal band, in spreads
    high: Floats

    @classmethod
    def of(cls, values: Floats) -> _Scale:
        ends = np.zeros((4, values.shape[1]))
        for sensor, column in enumerate(values.T):
            present = column[~np.isnan(column)]
            if not len(present):
                continue
            low, centre, high = np.percentile(present, [LOW, 50, HIGH])
            spread = float(present.std()) or abs(centre) * 1e-3 or 1.0
            ends[:, sensor] = centre, spread, (low - centre) / spread, (high - centre) / spread
        return cls(ends[0], np.where(ends[1] > 0, ends[1], 1.0), ends[2], ends[3])

    def standardise(self, values: Floats) -> Floats:
        return np.clip((values - self.centre) / self.spread, -_LARGEST, _LARGEST)

    def within_band(self, scaled: Floats) -> Floats:
        return np.clip(scaled, self.low, self.high)


def _searched(scene: Scene, spot: Spot) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Rows of the equipment, the closest to the event, and the number of the stretch of each."""
    rows = scene.rows_of(spot.stretch.scope)
    if len(rows) > _MOST_ROWS:
        place = int(np.flatnonzero(rows == spot.event.start_row)[0])
        start = max(0, min(place - _MOST_ROWS // 2, len(rows) - _MOST_ROWS))
        rows = rows[start : start + _MOST_ROWS]
    return rows, scene.layout.owner[rows]


def _queries(spot: Spot) -> list[slice]:
    """What is compared: the whole view, then less around the event, then the event alone."""
    ends = [(spot.view.start, spot.view.stop)]
    for around in (max(30, spot.points // 2), max(8, spot.points // 4), 0):
        ends.append((max(spot.view.start, spot.first - around), min(spot.view.stop, spot.last + 1 + around)))
    return [slice(*pair) for pair in dict.fromkeys(ends)]


def _normal_throughout(
    scene: Scene, rows: NDArray[np.int64], stretch: NDArray[np.int32], length: int
) -> NDArray[np.bool_]:
    """(n - m + 1,) True where ``length`` rows from there on are of one series and all normal."""
    unusual = np.concatenate([[0], np.cumsum(~scene.usual[rows])])
    clean = unusual[length:] == unusual[: len(rows) - length + 1]
    return np.asarray(clean & (stretch[length - 1 :] == stretch[: len(rows) - length + 1]))


def _marks(apart: Floats) -> list[tuple[int, int]]:
    """Where two courses part most, given their distance at each point in spreads."""
    apart = np.nan_to_num(apart)
    least = max(_APART * float(apart.max()), _USUALLY * float(np.median(apart)), _LEAST_APART)
    places = np.flatnonzero(apart >= least)
    if not len(places):
        return []
    pieces = np.split(places, np.flatnonzero(np.diff(places) > _MARK_GAP) + 1)
    pieces.sort(key=lambda piece: -float(apart[piece].max()))
    return [(int(piece[0]), int(piece[-1])) for piece in pieces[:_MOST_MARKS]]
