"""Faults as they happen in a fab, each as a change of a stretch of normal readings. Pure functions, seeded.

Their sizes are graded. What is added is counted in *units*: a sensor's own noise from one point to the next. A recipe
steps between levels that lie far apart, so the spread of a trace says little about how small a change shows in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIZES = ("small", "medium", "large")

_AMOUNT = {"small": 4.0, "medium": 10.0, "large": 25.0}  # units added
_GAIN = {"small": 1.5, "medium": 2.5, "large": 5.0}  # times the sensor's own swing
_STUCK_POINTS = {"small": 20, "medium": 50, "large": 100}
_LATE_POINTS = {"small": 4, "medium": 10, "large": 25}
_STEP_UNITS = 8.0  # a smaller jump between two points is noise, no step that could come late
_STEP_QUANTILE = 0.95  # late steps happen at the largest jumps of a stretch
_LEAST_OF_SPREAD = 0.02  # least unit, as a share of the spread: a sensor read in coarse digits has no noise


@dataclass(frozen=True)
class FaultPlace:
    """Where a fault is to happen. The functions below change the sensors of ``sensors`` from ``start`` to ``stop``."""

    values: Floats  # (n, sensors) the whole stretch, as it was measured
    start: int
    stop: int
    sensors: NDArray[np.int64]
    units: Floats  # (sensors,) noise of each sensor from point to point
    size: str
    rng: np.random.Generator

    @property
    def clean(self) -> Floats:
        """(points, chosen sensors) what was measured where the fault is to be."""
        clean: Floats = self.values[self.start : self.stop][:, self.sensors]
        return clean

    @property
    def amount(self) -> Floats:
        """(chosen sensors,) how much is added, up or down."""
        signs = self.rng.choice([-1.0, 1.0], len(self.sensors))
        return np.asarray(_AMOUNT[self.size] * self.units[self.sensors] * signs)


@dataclass(frozen=True)
class FaultRecipe:
    """How a kind of fault is made."""

    change: Callable[[FaultPlace], Floats]  # (points, chosen sensors) the faulty readings
    points: Callable[[str, np.random.Generator], int]  # size, generator -> how long it lasts
    every_sensor: bool = False  # a late step moves all of them
    least_units: float = 1.0  # changes that stay below this many units everywhere are no fault to be found


def noise_units(values: Floats) -> Floats:
    """Noise of each sensor from one point to the next: the robust spread of its second differences.

    Steps and slow movements do not count. At least a fiftieth of the sensor's spread; 0 for a sensor that never moves,
    or whose values are too large to be squared.

    Args:
        values: (points, sensors), NaN where a value is missing.

    Returns:
        (sensors,).
    """
    units = np.zeros(values.shape[1])
    for sensor, column in enumerate(values.T):
        known = column[~np.isnan(column)]
        if len(known) < 3:
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            # Second differences of white noise spread sqrt(6)-fold.
            noise = float(np.median(np.abs(np.diff(known, 2)))) / (0.6745 * np.sqrt(6))
            unit = max(noise, _LEAST_OF_SPREAD * float(known.std()))
        units[sensor] = unit if np.isfinite(unit) else 0.0
    return units


def step_places(values: Floats, units: Floats) -> NDArray[np.int64]:
    """Points at which the readings jump: where a step could come late.

    Args:
        values: (n, sensors).
        units: (sensors,) of :func:`noise_units`.
    """
    moving = units > 0
    if len(values) < 2 or not moving.any():
        return np.empty(0, np.int64)
    jumps = np.abs(np.diff(values[:, moving], axis=0)) / units[moving]
    largest = np.where(np.isnan(jumps), 0.0, jumps).max(axis=1)
    return np.flatnonzero(largest >= max(_STEP_UNITS, float(np.quantile(largest, _STEP_QUANTILE)))) + 1


def _spike(place: FaultPlace) -> Floats:
    """A burst of gas or an arc: up at once, gone within three points."""
    return place.clean + np.power(0.4, np.arange(place.stop - place.start))[:, None] * place.amount


def _level_shift(place: FaultPlace) -> Floats:
    """A part slipped or a calibration was entered wrongly: everything reads higher or lower."""
    return place.clean + place.amount


def _drift(place: FaultPlace) -> Floats:
    """A flow controller loses its calibration: a slow ramp away, twice the size at its end."""
    return place.clean + np.linspace(0.0, 2.0, place.stop - place.start + 1)[1:, None] * place.amount


def _oscillation(place: FaultPlace) -> Floats:
    """A throttle valve hunts around its position."""
    period = place.rng.uniform(2.5, 8.0)
    angle = 2 * np.pi * np.arange(place.stop - place.start) / period + place.rng.uniform(0.3, 2.8)
    return np.asarray(place.clean + np.sin(angle)[:, None] * place.amount)


def _noise_burst(place: FaultPlace) -> Floats:
    """A loose contact, or a match network that hunts."""
    return place.clean + place.rng.standard_normal(place.clean.shape) * np.abs(place.amount)


def _stuck(place: FaultPlace) -> Floats:
    """A channel repeats its last value while the chamber goes on."""
    return np.broadcast_to(place.values[place.start - 1, place.sensors], place.clean.shape).copy()


def _gain_change(place: FaultPlace) -> Floats:
    """An amplifier or its range changed: the swings around the stretch's own mean grow or shrink."""
    clean = place.clean
    known = ~np.isnan(clean)
    mean = np.where(known, clean, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    factor = _GAIN[place.size] if place.rng.random() < 0.5 else 1 / _GAIN[place.size]
    return np.asarray(mean + (clean - mean) * factor)


def _late_step(place: FaultPlace) -> Floats:
    """What should happen now happens some points later: the readings before the step, once more."""
    points = place.stop - place.start
    before: Floats = place.values[place.start - points : place.start][:, place.sensors]
    return before


def _between(least: int, most: int) -> Callable[[str, np.random.Generator], int]:
    return lambda _size, rng: int(rng.integers(least, most + 1))


FAULTS: dict[str, FaultRecipe] = {
    "spike": FaultRecipe(_spike, _between(1, 3)),
    "level_shift": FaultRecipe(_level_shift, _between(30, 90)),
    "drift": FaultRecipe(_drift, _between(60, 120)),
    "oscillation": FaultRecipe(_oscillation, _between(20, 80)),
    "noise_burst": FaultRecipe(_noise_burst, _between(15, 60)),
    "stuck": FaultRecipe(_stuck, lambda size, _rng: _STUCK_POINTS[size]),
    "gain_change": FaultRecipe(_gain_change, _between(40, 100)),
    "late_step": FaultRecipe(
        _late_step, lambda size, _rng: _LATE_POINTS[size], every_sensor=True, least_units=_STEP_UNITS
    ),
}
KINDS = tuple(FAULTS)
