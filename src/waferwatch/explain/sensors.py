"""Which sensors carry an event, since when, and how far they went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.explain.course import ExpectedCourse
from waferwatch.explain.scene import Floats, Scene, evenly
from waferwatch.explain.spot import Spot
from waferwatch.series.time_text import time_text

_SEVERAL = 3  # points in a row outside the normal: fewer may be noise, if they are not far outside
_PART = 0.25  # of the farthest departure, at least, that the first one reaches: less is a neighbouring ramp or noise
_USUAL = 99.0  # percentile of a sensor's contribution in normal rows, above which it has left the normal ...
_CARRIED = 0.5  # ... where it is also at least this part of its largest contribution in the event
_MOST_ROWS = 20_000  # normal rows of which that percentile is taken


@dataclass(frozen=True)
class SensorPart:
    """What one sensor did in an event."""

    sensor: str
    share: float  # 0 to 1 of the event's score
    onset: int | None  # points from the event's first to where the sensor left the normal; None when it did not
    onset_row: int | None  # row of that point
    onset_time: str | float | None  # time of that point; None without a time


@dataclass(frozen=True)
class Farthest:
    """Where in the event a sensor was farthest from its course."""

    row: int
    measured: float
    expected: float


def shares(scene: Scene, spot: Spot) -> list[tuple[str, float]]:
    """Every sensor with the share that it carries of the scores of the event's flagged rows, highest first."""
    rows = spot.rows[scene.found.flags[spot.rows]]
    carried: Floats = np.nansum(scene.found.contributions[rows], axis=0, dtype=np.float64)
    found: Floats = carried / (carried.sum() or 1.0)
    return [(scene.found.features[at], float(found[at])) for at in np.argsort(-found, kind="stable").tolist()]


def sensor_parts(
    scene: Scene, spot: Spot, ranked: Sequence[tuple[str, float]], shown: Sequence[str], along: ExpectedCourse
) -> list[SensorPart]:
    """The ranked sensors, each with its onset: the first point of the event at which it left the normal.

    For the sensors shown that is where they leave their band for several points and far enough; for the others, where
    their part of the score is for several points above what it usually is.
    """
    carried = scene.found.contributions[spot.rows]
    above = carried > _usual_contributions(scene, spot)
    parts = []
    for sensor, share in ranked:
        if sensor in shown:
            measured = scene.values([sensor], spot.rows)[:, 0]
            onset = _first_departure(*_beyond_band(spot, measured, along, shown.index(sensor)), _PART)
        else:
            at = scene.found.features.index(sensor)
            distance = np.where(above[:, at], carried[:, at], 0.0)
            onset = _first_departure(distance, np.full(len(distance), spot.points < _SEVERAL), _CARRIED)
        parts.append(_part(spot, sensor, share, onset))
    return parts


def _usual_contributions(scene: Scene, spot: Spot) -> NDArray[np.float32]:
    """(features,) infinite where there is no normal row to compare with."""
    rows = scene.rows_of(spot.stretch.scope)
    normal = evenly(rows[scene.usual[rows]], _MOST_ROWS)
    if not len(normal):
        return np.full(scene.found.contributions.shape[1], np.inf, np.float32)
    found: NDArray[np.float32] = np.percentile(scene.found.contributions[normal], _USUAL, axis=0).astype(np.float32)
    return found


def _beyond_band(spot: Spot, measured: Floats, along: ExpectedCourse, at: int) -> tuple[Floats, NDArray[np.bool_]]:
    """How far a sensor is beyond its band, in its own units, and whether that is more than the band is wide.

    Args:
        measured: (points,) values of the sensor in the event.
        at: which of the course's sensors it is.

    Returns:
        Each (points,); 0 and False inside the band, and where that cannot be said.
    """
    inside = _inside(spot)
    low, high = along.low[inside, at], along.high[inside, at]
    distance = np.nan_to_num(np.maximum(low - measured, measured - high), nan=0.0).clip(min=0)
    return distance, (distance > 0) & (distance >= high - low)


def _first_departure(distance: Floats, far: NDArray[np.bool_], part: float) -> int | None:
    """Where the first departure begins: points in a row above 0, several or far, that reach ``part`` of the largest.

    Returns:
        None when there is none.
    """
    edges = np.diff((distance > 0).astype(np.int8), prepend=0, append=0)
    ends = zip(np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist(), strict=True)
    runs = [slice(*run) for run in ends if run[1] - run[0] >= _SEVERAL or far[slice(*run)].any()]
    largest = max((float(distance[run].max()) for run in runs), default=0.0)
    return next((int(run.start) for run in runs if distance[run].max() >= part * largest), None)


def _inside(spot: Spot) -> slice:
    """The event within its view."""
    return slice(spot.first - spot.view.start, spot.last + 1 - spot.view.start)


def _part(spot: Spot, sensor: str, share: float, onset: int | None) -> SensorPart:
    if onset is None:
        return SensorPart(sensor, share, None, None, None)
    place = spot.first + onset
    return SensorPart(
        sensor,
        share,
        onset,
        int(spot.stretch.rows[place]),
        None if spot.stretch.time is None else time_text(spot.stretch.time[place]),
    )


def farthest(scene: Scene, spot: Spot, sensors: Sequence[str], along: ExpectedCourse) -> list[Farthest | None]:
    """Where in the event each sensor was farthest from its course; None where nothing can be compared.

    Rows outside the band come before all rows inside it.
    """
    inside = _inside(spot)
    measured, middle = scene.values(sensors, spot.rows), along.middle[inside]
    distance = np.abs(measured - middle)
    outside = np.maximum(along.low[inside] - measured, measured - along.high[inside])
    width = np.nanmax(distance, axis=0, initial=0)
    distance = np.where(outside > 0, outside + width, distance)
    return [_farthest(spot.rows, measured[:, at], middle[:, at], distance[:, at]) for at in range(len(sensors))]


def _farthest(rows: NDArray[np.int64], measured: Floats, middle: Floats, distance: Floats) -> Farthest | None:
    if np.isnan(distance).all():
        return None
    at = int(np.nanargmax(distance))
    return Farthest(int(rows[at]), float(measured[at]), float(middle[at]))
