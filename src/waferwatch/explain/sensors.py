"""Which sensors carry an event, since when, and how far they went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.explain.course import Course, Source
from waferwatch.explain.scene import Floats, Scene, evenly, told
from waferwatch.explain.spot import Spot

# Against the true start of 55 faults in four virtual fabs, the first sensor's onset by its distance to the course is 0
# points off in the middle and 5 on average; by its contribution 5 and 10; the event's own start 8 and 11.
_BESIDE = 95.0  # percentile of the distances around the event that a departure exceeds ...
_PART = 0.25  # ... as it does this part of the largest distance in the event
_LONG = 256  # points of an event from which on MOMENT has mostly the event itself to draw it from
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
    scene: Scene, spot: Spot, ranked: Sequence[tuple[str, float]], shown: Sequence[str], along: Course
) -> list[SensorPart]:
    """The ranked sensors, each with its onset: the first point of the event at which it left the normal.

    For the sensors shown, that is where it left its course: the band, or by as much as it rarely is from what MOMENT
    expected around the event. For the others, in an event that fills half of MOMENT's window, and where no course can
    be told, it is where the sensor's part of the score is above what it usually is.
    """
    trusted = along.source is Source.BAND or spot.points <= _LONG
    carried = scene.found.contributions[spot.rows]
    above = carried > _usual_contributions(scene, spot)
    parts = []
    for sensor, share in ranked:
        at = scene.found.features.index(sensor)
        left = above[:, at] & (carried[:, at] >= _CARRIED * np.nanmax(carried[:, at], initial=0))
        if trusted and sensor in shown:
            departed = _departed(scene, spot, sensor, along, shown.index(sensor))
            left = departed if departed is not None and departed.any() else left
        parts.append(_part(spot, sensor, share, left))
    return parts


def _usual_contributions(scene: Scene, spot: Spot) -> NDArray[np.float32]:
    """(features,) infinite where there is no normal row to compare with."""
    rows = scene.rows_of(spot.stretch.scope)
    normal = evenly(rows[scene.usual[rows]], _MOST_ROWS)
    if not len(normal):
        return np.full(scene.found.contributions.shape[1], np.inf, np.float32)
    found: NDArray[np.float32] = np.percentile(scene.found.contributions[normal], _USUAL, axis=0).astype(np.float32)
    return found


def _departed(scene: Scene, spot: Spot, sensor: str, along: Course, at: int) -> NDArray[np.bool_] | None:
    """(points,) where in the event the sensor is off its course; None where that cannot be said."""
    measured = scene.values([sensor], spot.view_rows)[:, 0]
    inside = _inside(spot)
    if along.low is not None and along.high is not None:
        return np.asarray(((measured < along.low[:, at]) | (measured > along.high[:, at]))[inside])
    distance = np.abs(measured - along.middle[:, at])
    beside = np.concatenate([distance[: inside.start], distance[inside.stop :]])
    beside = beside[~np.isnan(beside)]
    if np.isnan(distance[inside]).all():
        return None
    usual = float(np.percentile(beside, _BESIDE)) if len(beside) else 0.0
    return np.asarray(distance[inside] > max(usual, _PART * float(np.nanmax(distance[inside]))))


def _inside(spot: Spot) -> slice:
    """The event within its view."""
    return slice(spot.first - spot.view.start, spot.last + 1 - spot.view.start)


def _part(spot: Spot, sensor: str, share: float, left: NDArray[np.bool_]) -> SensorPart:
    if not left.any():
        return SensorPart(sensor, share, None, None, None)
    onset = int(np.argmax(left))
    place = spot.first + onset
    return SensorPart(sensor, share, onset, int(spot.stretch.rows[place]), told(spot.stretch.time, place))


def farthest(scene: Scene, spot: Spot, sensors: Sequence[str], along: Course) -> list[Farthest | None]:
    """Where in the event each sensor was farthest from its course; None where nothing can be compared.

    With a normal band, rows outside it come before all rows inside it.
    """
    inside = _inside(spot)
    measured, middle = scene.values(sensors, spot.rows), along.middle[inside]
    distance = np.abs(measured - middle)
    if along.low is not None and along.high is not None:
        outside = np.maximum(along.low[inside] - measured, measured - along.high[inside])
        width = np.nanmax(distance, axis=0, initial=0)
        distance = np.where(outside > 0, outside + width, distance)
    return [_farthest(spot.rows, measured[:, at], middle[:, at], distance[:, at]) for at in range(len(sensors))]


def _farthest(rows: NDArray[np.int64], measured: Floats, middle: Floats, distance: Floats) -> Farthest | None:
    if np.isnan(distance).all():
        return None
    at = int(np.nanargmax(distance))
    return Farthest(int(rows[at]), float(measured[at]), float(middle[at]))
