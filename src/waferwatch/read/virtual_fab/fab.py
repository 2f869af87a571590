"""The virtual fab: etch chambers that run recipes, second by second, without faults.

Made of first-order lags, which is how flow controllers, throttle valves, match networks and heated walls answer to a
new set point, and of a pressure control that moves the throttle valve so that gas load / (conductance x opening) is
the pressure asked for. Sensors therefore move together: more gas opens the valve, power heats the chuck and raises the
gas load, pressure moves the bias voltage. All times are seconds (one row is one second).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STEPS = ("stabilise", "ramp", "etch", "over_etch", "purge", "idle")
STABILISE, RAMP, ETCH, OVER_ETCH, PURGE, IDLE = range(len(STEPS))
GASES = ("cf4_flow_sccm", "o2_flow_sccm", "ar_flow_sccm")

# The purge gas while the pump draws through an open valve.
_PURGE_AR_SCCM = 300.0
_OPEN_VALVE_PCT = 90.0
_BASE_PRESSURE_MTORR = 0.8
_CONDUCTANCE = 0.15  # sccm per mTorr and percent of valve opening
_HELIUM_TORR = 10.0
_LOT_CHANGE_S = 60  # longer idle when the next lot is loaded
_WARM_UP_S = 900  # simulated before the first row, so that no lag starts cold
_MAINTENANCE_EVERY_S = 60_000
_LOTS_ON_RECORD = 12  # lots are sized so that a short record has about this many and its first third every recipe
_MOST_WAFERS_A_LOT = 25


@dataclass(frozen=True)
class Recipe:
    """Set points of one process."""

    name: str
    seconds: tuple[int, int, int, int, int, int]  # one for each of STEPS
    pressure_mtorr: float
    power_w: float
    over_etch_power_w: float
    flows_sccm: tuple[float, float, float]  # one for each of GASES


RECIPES = (
    Recipe("OXIDE_MAIN", (14, 8, 52, 18, 14, 24), 45.0, 620.0, 540.0, (80.0, 12.0, 140.0)),
    Recipe("NITRIDE_A", (12, 6, 40, 14, 12, 22), 32.0, 480.0, 430.0, (55.0, 22.0, 110.0)),
    Recipe("POLY_TRIM", (16, 10, 30, 12, 14, 26), 60.0, 350.0, 320.0, (30.0, 35.0, 180.0)),
)


@dataclass(frozen=True)
class Looseness:
    """How far a chamber departs from its recipes' beat; without any a step is a second longer or shorter at most."""

    step_jitter: float = 0.0  # share by which a step lasts longer or shorter, at most
    waiting: float = 0.0  # seconds that a finished wafer waits, on average, before the next one


STRICT = Looseness()


@dataclass(frozen=True)
class Sensor:
    """How one sensor reads what happens in the chamber."""

    name: str
    korean_name: str
    noise: float  # standard deviation of the reading
    drift: float  # standard deviation of the slow wander, in the sensor's unit
    decimals: int  # the reading is rounded to these
    highest: float  # end of the scale; every scale starts at 0


SENSORS = (
    Sensor("pressure_mTorr", "압력_mTorr", 0.12, 0.05, 2, 500.0),
    Sensor("throttle_valve_pct", "스로틀밸브_pct", 0.08, 0.12, 2, 100.0),
    Sensor("rf_forward_W", "RF전력_W", 0.9, 0.5, 1, 2000.0),
    Sensor("rf_reflected_W", "RF반사_W", 0.25, 0.15, 1, 2000.0),
    Sensor("dc_bias_V", "DC바이어스_V", 1.2, 0.8, 1, 1000.0),
    Sensor("cf4_flow_sccm", "CF4유량_sccm", 0.1, 0.03, 2, 500.0),
    Sensor("o2_flow_sccm", "O2유량_sccm", 0.06, 0.02, 2, 500.0),
    Sensor("ar_flow_sccm", "Ar유량_sccm", 0.2, 0.06, 2, 1000.0),
    Sensor("chuck_temp_C", "척온도_C", 0.05, 0.1, 2, 200.0),
    Sensor("wall_temp_C", "벽면온도_C", 0.05, 0.15, 2, 200.0),
    Sensor("helium_pressure_Torr", "헬륨압력_Torr", 0.03, 0.02, 3, 50.0),
    Sensor("endpoint_au", "종점신호_au", 3.0, 2.0, 1, 10_000.0),
)
SENSOR_INDEX = {sensor.name: index for index, sensor in enumerate(SENSORS)}
QUANTA = np.array([10.0**-sensor.decimals for sensor in SENSORS])


@dataclass(frozen=True)
class Schedule:
    """What an equipment is doing at each second."""

    lot: Integers  # (n,) number of the lot on this equipment, from 0
    wafer: Integers  # (n,) number within the lot, from 1
    recipe: Integers  # (n,) position in RECIPES
    step: Integers  # (n,) position in STEPS
    run: Integers  # (n,) number of the wafer over all lots
    second: Integers  # (n,) seconds since the step began
    seconds: Integers  # (n,) length of the step

    def tail(self, rows: int) -> Schedule:
        """The last rows."""
        return Schedule(*(values[-rows:] for values in vars(self).values()))


@dataclass(frozen=True)
class Chamber:
    """What one equipment read, without faults."""

    schedule: Schedule
    ideal: Floats  # (n, sensors) without noise, wander and rounding
    readings: Floats  # (n, sensors) rounded as the sensor does


def simulate(
    rows: int,
    generator: np.random.Generator,
    looseness: Looseness = STRICT,
    beat: np.random.Generator | None = None,
) -> Chamber:
    """Run one equipment, with offsets of its own, for ``rows`` seconds; ``beat`` draws what ``looseness`` needs."""
    total = rows + _WARM_UP_S + int(generator.integers(0, 200))
    schedule = _schedule(total, rows, generator, looseness, beat)
    age = _maintenance_age(schedule, rows, generator)
    ideal = _physics(schedule, age, generator)
    readings = ideal + _wander(total, generator)
    readings += generator.standard_normal(readings.shape) * [sensor.noise for sensor in SENSORS]
    return Chamber(schedule.tail(rows), ideal[-rows:], as_read(readings[-rows:]))


def as_read(values: Floats) -> Floats:
    """Values (n, sensors) cut to each sensor's scale and rounded to its last digit."""
    columns = [
        np.round(np.clip(values[:, index], 0.0, sensor.highest), sensor.decimals) + 0.0  # + 0.0 turns -0.0 into 0.0
        for index, sensor in enumerate(SENSORS)
    ]
    return np.column_stack(columns)


def _schedule(
    total: int,
    rows: int,
    generator: np.random.Generator,
    looseness: Looseness = STRICT,
    beat: np.random.Generator | None = None,
) -> Schedule:
    """Lots of wafers one after the other, recipes taking turns, each step a second longer or shorter now and then."""
    nominal = np.array([recipe.seconds for recipe in RECIPES])
    runs = total // int(nominal.sum(axis=1).min() * 0.8) + 2
    largest = int(np.clip(rows / nominal.sum(axis=1).mean() / _LOTS_ON_RECORD, 3, _MOST_WAFERS_A_LOT))
    sizes = generator.integers(max(2, largest - 3), largest + 1, size=runs)
    lot = np.repeat(np.arange(runs), sizes)[:runs]
    first_of_lot = np.concatenate([[0], np.cumsum(sizes)])[lot]
    order = generator.permutation(len(RECIPES))
    recipe = order[lot % len(RECIPES)]
    seconds = nominal[recipe] + generator.integers(-1, 2, size=(runs, len(STEPS)))
    last_of_lot = np.append(np.diff(lot) > 0, False)
    seconds[last_of_lot, IDLE] += _LOT_CHANGE_S
    if beat is not None:
        seconds = _loosened(seconds, looseness, beat)
        seconds[-1, IDLE] += max(0, total - int(seconds.sum()))
    lengths = seconds.ravel()
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])

    def each_second(per_run: Integers) -> Integers:
        return np.repeat(per_run, seconds.sum(axis=1))[:total]

    return Schedule(
        lot=each_second(lot),
        wafer=each_second(np.arange(runs) - first_of_lot + 1),
        recipe=each_second(recipe),
        step=np.repeat(np.tile(np.arange(len(STEPS)), runs), lengths)[:total],
        run=each_second(np.arange(runs)),
        second=np.arange(total) - np.repeat(starts, lengths)[:total],
        seconds=np.repeat(lengths, lengths)[:total],
    )


def _loosened(seconds: Integers, looseness: Looseness, beat: np.random.Generator) -> Integers:
    """Lengths (runs, steps) that vary; who waits, waits in the idle step."""
    share = 1 + looseness.step_jitter * beat.uniform(-1, 1, seconds.shape)
    found = np.maximum(np.rint(seconds * share), 1).astype(np.int64)
    found[:, IDLE] += np.rint(looseness.waiting * beat.standard_exponential(len(found))).astype(np.int64)
    return found


def _maintenance_age(schedule: Schedule, rows: int, generator: np.random.Generator) -> Floats:
    """How worn the chamber is: 0 just cleaned, about 1 later, back to 0 at a maintenance, which is between wafers."""
    total = len(schedule.step)
    times = np.arange(total - rows, total, dtype=np.float64)[::_MAINTENANCE_EVERY_S]
    stretch = min(rows, _MAINTENANCE_EVERY_S)
    wished = times + stretch * generator.uniform(0.5, 0.7, size=len(times))
    between = np.flatnonzero((schedule.step[1:] == STABILISE) & (schedule.step[:-1] == IDLE)) + 1
    between = between[between > total - rows]
    if len(between) == 0:
        return np.linspace(0.5, 0.6, total)
    cleaned = np.unique(between[np.minimum(np.searchsorted(between, wished), len(between) - 1)])
    since = (
        np.arange(total)
        - np.concatenate([[-stretch * 0.3], cleaned])[np.searchsorted(cleaned, np.arange(total), side="right")]
    )
    return np.asarray(since / stretch)


def _physics(schedule: Schedule, age: Floats, generator: np.random.Generator) -> Floats:
    """The chamber itself: set points in, (n, sensors) values out."""
    recipes = np.array([(r.pressure_mtorr, r.power_w, r.over_etch_power_w, *r.flows_sccm) for r in RECIPES])
    target = recipes[schedule.recipe].T
    own = 1 + generator.normal(0, [0.004, 0.02, 0.006, 0.15, 0.02, 0.006, 0.006, 0.006, 0.01, 0.01, 0.01, 0.08])
    run = schedule.run - schedule.run[0]
    each_wafer = (1 + generator.normal(0, [0.002, 0.001, 0.008, 0.002], size=(run[-1] + 1, 4)))[run].T
    wear = np.clip(age, 0.0, None)

    process = schedule.step <= OVER_ETCH
    flows = [_lag(np.where(process, target[3 + gas] * each_wafer[3], 0.0), 1.2 + 0.3 * gas) for gas in range(2)]
    argon = np.where(process, target[5], np.where(schedule.step == PURGE, _PURGE_AR_SCCM, 0.0))
    flows.append(_lag(argon, 1.6))
    forward = _lag(_power(schedule, target[1], target[2]) * each_wafer[1], 0.7)
    reflected = _reflected(forward) * own[3] * (1 + 0.25 * wear)
    net = forward - reflected

    gas_load = (flows[0] + flows[1] + flows[2]) * (1 + 0.06 * net / 600)  # the plasma splits molecules
    wanted = target[0] * each_wafer[0]
    opening = np.where(process, np.clip(gas_load / (_CONDUCTANCE * wanted), 2.0, _OPEN_VALVE_PCT), _OPEN_VALVE_PCT)
    valve = _lag(opening, 2.2)
    pressure = _BASE_PRESSURE_MTORR + _lag(gas_load / (_CONDUCTANCE * valve), 0.9)

    bias = 12.5 * np.sqrt(np.maximum(net, 0.0)) * (40.0 / np.maximum(pressure, 5.0)) ** 0.25
    helium = _lag(np.where((schedule.step >= RAMP) & (schedule.step <= OVER_ETCH), _HELIUM_TORR, 0.0), 1.5)
    chuck = 20.0 + _lag(0.014 * net, 22.0)
    wall = 60.0 + _lag(_lag(0.02 * net, 60.0), 240.0) + 0.5 * wear
    light = 1.1 * net * (flows[0] / (flows[0] + flows[1] + 8.0)) * _endpoint(schedule, generator)
    endpoint = 40.0 + light * each_wafer[2] * (1 - 0.06 * wear)
    ideal = np.column_stack(
        [pressure, valve * (1 + 0.02 * wear), forward, reflected, bias, *flows, chuck, wall, helium, endpoint]
    )
    return np.asarray(ideal * own)


def _power(schedule: Schedule, etch: Floats, over_etch: Floats) -> Floats:
    """Power set point: a straight ramp, then the two levels."""
    ramp = etch * (schedule.second + 1) / schedule.seconds
    return np.select(
        [schedule.step == RAMP, schedule.step == ETCH, schedule.step == OVER_ETCH], [ramp, etch, over_etch], default=0.0
    )


def _reflected(forward: Floats) -> Floats:
    """The match network follows with a lag, so a change of power is reflected until the match has found it."""
    return 0.6 + 0.006 * forward + 0.18 * np.abs(forward - _lag(forward, 1.5))


def _endpoint(schedule: Schedule, generator: np.random.Generator) -> Floats:
    """Share of the light that is left: falls when the etched film is through, late in the etch step, and stays low."""
    run = schedule.run - schedule.run[0]
    through = generator.normal(0.84, 0.015, size=run[-1] + 1)[run]
    progress = (schedule.second / schedule.seconds - through) * schedule.seconds / 2.0
    in_etch = 1 - 0.35 / (1 + np.exp(-np.clip(progress, -50, 50)))
    return np.where(schedule.step == ETCH, in_etch, np.where(schedule.step > ETCH, 0.65, 1.0))


def _wander(total: int, generator: np.random.Generator) -> Floats:
    """Slow drift of each sensor: noise through a lag of half an hour, (n, sensors)."""
    hold = 60  # a new value each minute is slow enough to be smooth and sixty times cheaper to draw
    coarse = generator.standard_normal((total // hold + 2, len(SENSORS)))
    minutes = 30.0
    unit = np.sqrt(2 * minutes)  # brings the lagged noise back to a standard deviation of about 1
    smooth = np.column_stack([_lag(coarse[:, index], minutes) for index in range(len(SENSORS))]) * unit
    position = np.arange(total) / hold
    drift = [sensor.drift for sensor in SENSORS]
    return np.column_stack(
        [np.interp(position, np.arange(len(smooth)), smooth[:, index]) * drift[index] for index in range(len(SENSORS))]
    )


def _lag(values: Floats, seconds: float) -> Floats:
    """First-order lag with this time constant, starting settled."""
    settled = pd.Series(values).ewm(alpha=1 - float(np.exp(-1 / seconds)), adjust=False).mean()
    return np.asarray(settled.to_numpy(dtype=np.float64))
