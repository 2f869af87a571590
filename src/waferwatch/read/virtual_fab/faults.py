"""Faults laid over a clean chamber of the virtual fab.

Each fault is a change added to the clean readings of one wafer, so that a row is labelled exactly where it differs from
the same fab without faults. Point faults last one to three rows (pressure_spike), contextual ones are values that are
normal elsewhere (late_step, often stuck_sensor), collective ones show only over time (mfc_drift, valve_chatter,
rf_mismatch). How strong each is, is drawn anew: some are plain, some are close to the noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.virtual_fab.fab import (
    ETCH,
    GASES,
    OVER_ETCH,
    QUANTA,
    RAMP,
    SENSOR_INDEX,
    STABILISE,
    Chamber,
    Floats,
    as_read,
)

FAULT_KINDS = ("mfc_drift", "rf_mismatch", "late_step", "valve_chatter", "pressure_spike", "stuck_sensor")

_FAULTY_SHARE = 0.022  # of all rows of an equipment
_CLEAN_SHARE = 1 / 3  # no fault in the first third, which can so be used as reference
_MOST_OF_BUDGET = 0.25  # no fault takes more of the faulty rows, so that a short record has several kinds,
_LEAST_ROWS = 24  # but each kind may have as many as it needs to show

_PRESSURE, _VALVE = SENSOR_INDEX["pressure_mTorr"], SENSOR_INDEX["throttle_valve_pct"]
_FORWARD, _REFLECTED = SENSOR_INDEX["rf_forward_W"], SENSOR_INDEX["rf_reflected_W"]
_BIAS, _ENDPOINT = SENSOR_INDEX["dc_bias_V"], SENSOR_INDEX["endpoint_au"]
_GASES = tuple(SENSOR_INDEX[name] for name in GASES)
_CHUCK, _HELIUM = SENSOR_INDEX["chuck_temp_C"], SENSOR_INDEX["helium_pressure_Torr"]
_FOLLOW_POWER = (_PRESSURE, _VALVE, _FORWARD, _REFLECTED, _BIAS, _CHUCK, _ENDPOINT)


@dataclass(frozen=True)
class Faulty:
    """Readings with their faults."""

    readings: Floats  # (n, sensors)
    kinds: NDArray[np.int8]  # (n,) 0 = no fault, else position in FAULT_KINDS plus 1


@dataclass(frozen=True)
class _Change:
    start: int
    added: Floats  # (rows, sensors)
    frozen: tuple[int, float] | None = None  # sensor that repeats this value instead


@dataclass(frozen=True)
class _Site:
    """One wafer in which a fault may happen."""

    chamber: Chamber
    start: int
    stop: int
    most_rows: int  # the fault may not be longer
    generator: np.random.Generator

    @property
    def severity(self) -> float:
        """Drawn anew each time: 1 is hard to see beside a step change, 5 is plain."""
        return float(np.exp(self.generator.uniform(np.log(1.5), np.log(12.0))))

    def rows_in(self, first_step: int, last_step: int) -> tuple[int, int]:
        """First row and row after the last of these steps."""
        step = self.chamber.schedule.step[self.start : self.stop]
        first, after = np.searchsorted(step, [first_step, last_step + 1])
        return self.start + int(first), self.start + int(after)

    def stretch(self, first: int, after: int, shortest: int, longest: int) -> tuple[int, int] | None:
        """A random stretch of rows between ``first`` and ``after``; None where the shortest does not fit."""
        room = min(after - first, self.most_rows)
        if room < shortest:
            return None
        length = int(self.generator.integers(shortest, min(longest, room) + 1))
        start = int(self.generator.integers(first, after - length + 1))
        return start, start + length

    def nothing_added(self, rows: int) -> Floats:
        return np.zeros((rows, len(QUANTA)))


def inject(chamber: Chamber, first_kind: int, generator: np.random.Generator) -> Faulty:
    """Lay faults over the last two thirds of a chamber's rows; ``first_kind`` says which kind comes first."""
    readings = chamber.readings.copy()
    kinds = np.zeros(len(readings), dtype=np.int8)
    budget = round(len(readings) * _FAULTY_SHARE)
    longest = max(_LEAST_ROWS, round(budget * _MOST_OF_BUDGET))
    wafers = _wafers(chamber, generator)
    kind, misses = first_kind, 0
    while wafers and budget > 0:
        code = kind % len(FAULT_KINDS)
        kind += 1
        change = _FAULTS[FAULT_KINDS[code]](_Site(chamber, *wafers[-1], min(budget, longest), generator))
        if change is None:
            misses += 1
            if misses == len(FAULT_KINDS):  # nothing fits here: a stump of a wafer at either end
                wafers.pop()
                misses = 0
            continue
        misses = 0
        wafers.pop()
        budget -= _apply(change, readings, kinds, code + 1)
    return Faulty(readings, kinds)


def _wafers(chamber: Chamber, generator: np.random.Generator) -> list[tuple[int, int]]:
    """First row and row after the last of each wafer outside the clean part, shuffled."""
    run = chamber.schedule.run
    clean = int(np.ceil(len(run) * _CLEAN_SHARE))
    borders = np.unique(np.concatenate([[clean], np.flatnonzero(np.diff(run)) + 1, [len(run)]]))
    borders = borders[borders >= clean]
    spans = list(zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True))
    return [spans[index] for index in generator.permutation(len(spans))]


def _apply(change: _Change, readings: Floats, kinds: NDArray[np.int8], code: int) -> int:
    """Change the readings, label what differs, and say how many rows do."""
    rows = slice(change.start, change.start + len(change.added))
    changed = as_read(readings[rows] + change.added)
    if change.frozen is not None:
        sensor, value = change.frozen
        changed[:, sensor] = value
    differs = (changed != readings[rows]).any(axis=1)
    readings[rows] = changed
    kinds[rows][differs] = code
    return int(differs.sum())


def _mfc_drift(site: _Site) -> _Change | None:
    """A flow controller loses its calibration: its flow ramps away until gas off, the valve making up for it."""
    first, gas_off = site.rows_in(RAMP, OVER_ETCH)
    span = site.stretch(first, gas_off, shortest=20, longest=90)
    if span is None:
        return None
    rows = slice(gas_off - (span[1] - span[0]), gas_off)
    ideal = site.chamber.ideal[rows]
    gas = _GASES[site.generator.integers(len(_GASES))]
    away = 0.06 * site.severity * site.generator.choice([-1.0, 1.0]) * np.linspace(0.05, 1.0, len(ideal)) ** 0.7
    added = site.nothing_added(len(ideal))
    added[:, gas] = ideal[:, gas] * away
    added[:, _VALVE] = ideal[:, _VALVE] * added[:, gas] / ideal[:, list(_GASES)].sum(axis=1)
    if gas == _GASES[0]:
        added[:, _ENDPOINT] = 0.5 * away * ideal[:, _ENDPOINT]
    return _Change(rows.start, added)


def _rf_mismatch(site: _Site) -> _Change | None:
    """The match network is off its tuning point: power comes back, bias and light fall."""
    span = site.stretch(*site.rows_in(ETCH, OVER_ETCH), shortest=8, longest=60)
    if span is None:
        return None
    ideal = site.chamber.ideal[slice(*span)]
    attack = 1 - np.exp(-(np.arange(len(ideal)) + 1) / 1.5)
    hunting = 1 + 0.2 * site.generator.standard_normal(len(ideal))
    back = 15.0 * site.severity * attack * np.maximum(hunting, 0.1)
    lost = back / np.maximum(ideal[:, _FORWARD], 1.0)
    added = site.nothing_added(len(ideal))
    added[:, _REFLECTED] = back
    added[:, _FORWARD] = -0.15 * back
    added[:, _BIAS] = -0.6 * lost * ideal[:, _BIAS]
    added[:, _ENDPOINT] = -1.1 * lost * ideal[:, _ENDPOINT]
    return _Change(span[0], added)


def _late_step(site: _Site) -> _Change | None:
    """Power comes on some seconds after the recipe says so: values of the step before, in the wrong step."""
    start, ramp_end = site.rows_in(RAMP, RAMP)
    late = int(site.generator.integers(3, 19))
    rows = ramp_end - start + late + 6
    in_clean_part = start == site.start  # the row before would be a guess
    if in_clean_part or ramp_end == start or start + rows > site.rows_in(STABILISE, ETCH)[1] or rows > site.most_rows:
        return None
    ideal = site.chamber.ideal
    then = np.maximum(np.arange(start, start + rows) - late, start - 1)
    fade = np.clip((rows - np.arange(rows)) / 7, 0.0, 1.0)[:, None]  # what follows slowly ends with the window
    added = site.nothing_added(rows)
    sensors = list(_FOLLOW_POWER)
    added[:, sensors] = (ideal[then][:, sensors] - ideal[start : start + rows][:, sensors]) * fade
    return _Change(start, added)


def _valve_chatter(site: _Site) -> _Change | None:
    """The throttle valve hunts around its position, and the pressure follows a quarter of a period later."""
    span = site.stretch(*site.rows_in(RAMP, OVER_ETCH), shortest=12, longest=60)
    if span is None:
        return None
    ideal = site.chamber.ideal[slice(*span)]
    angle = 2 * np.pi * np.arange(len(ideal)) / site.generator.uniform(2.5, 7.0) + site.generator.uniform(0, 6.0)
    swing = 1.5 * site.severity
    added = site.nothing_added(len(ideal))
    added[:, _VALVE] = swing * np.sin(angle)
    added[:, _PRESSURE] = 0.35 * swing * np.cos(angle) * ideal[:, _PRESSURE] / ideal[:, _VALVE]
    return _Change(span[0], added)


def _pressure_spike(site: _Site) -> _Change | None:
    """A burst of gas or an arc: up within a second, gone in two more, the valve opening against it."""
    span = site.stretch(*site.rows_in(RAMP, OVER_ETCH), shortest=1, longest=3)
    if span is None:
        return None
    decay = np.power(0.4, np.arange(span[1] - span[0], dtype=np.float64))
    height = 7.0 * site.severity * decay
    added = site.nothing_added(len(decay))
    added[:, _PRESSURE] = height
    added[1:, _VALVE] = 0.3 * height[:-1]
    return _Change(span[0], added)


def _stuck_sensor(site: _Site) -> _Change | None:
    """One reading stays as it is while the chamber goes on, over step changes too."""
    span = site.stretch(site.rows_in(ETCH, ETCH)[0], site.stop, shortest=20, longest=100)
    if span is None:
        return None
    sensor = int(site.generator.choice([_PRESSURE, _VALVE, _GASES[0], _CHUCK, _HELIUM, _ENDPOINT]))
    # A frozen channel repeats its last raw value, which lies between two steps of the display: so it differs from
    # every clean reading, also where the chamber happens to come by.
    value = site.chamber.readings[span[0], sensor] + 0.5 * QUANTA[sensor]
    return _Change(span[0], site.nothing_added(span[1] - span[0]), frozen=(sensor, float(value)))


_FAULTS: dict[str, Callable[[_Site], _Change | None]] = {
    "mfc_drift": _mfc_drift,
    "rf_mismatch": _rf_mismatch,
    "late_step": _late_step,
    "valve_chatter": _valve_chatter,
    "pressure_spike": _pressure_spike,
    "stuck_sensor": _stuck_sensor,
}
