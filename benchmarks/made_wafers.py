"""Made wafers of etch-like chambers, and faults in them that step means show, or do not: for benchmarks and tests.

Each chamber has levels of its own, wafers differ from one another, sensors move together, steps jitter in length by a
row. A fault's strength is in spreads between wafers where it moves a mean, and in spreads between rows elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SENSORS = ("pressure", "rf_power", "bias", "gas_a", "gas_b", "he_flow")
STEPS = (("stabilise", 12), ("ignite", 6), ("main_etch", 40), ("over_etch", 16), ("purge", 10))
LEVELS = np.array(
    [
        [20.0, 0.0, 0.0, 50.0, 0.0, 8.0],
        [22.0, 400.0, 100.0, 50.0, 30.0, 8.0],
        [10.0, 800.0, 300.0, 50.0, 120.0, 8.0],
        [12.0, 600.0, 200.0, 40.0, 80.0, 8.0],
        [15.0, 0.0, 0.0, 100.0, 0.0, 8.0],
    ]
)
BETWEEN = np.array([0.03, 2.0, 1.5, 0.06, 0.2, 0.03])  # spread from wafer to wafer
WITHIN = np.array([0.10, 4.0, 3.0, 0.20, 0.5, 0.10])  # from row to row
MAIN = 2
FAULTS = ("mean", "drift", "shape", "relation", "timing", "length")


@dataclass(frozen=True)
class MadeFault:
    """One fault: from a wafer of a chamber on, for some wafers."""

    kind: str  # of FAULTS, or "stuck"
    chamber: int
    first: int
    wafers: int
    strength: float
    sensor: int = 5


def made(
    seed: int, chambers: int = 2, wafers: int = 80, faults: tuple[MadeFault, ...] = ()
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Rows of all chambers, and whether each row's wafer has a fault."""
    parts = [_chamber(np.random.default_rng([seed, number]), number, wafers, faults) for number in range(chambers)]
    frame = pd.concat([one for one, _ in parts], ignore_index=True)
    return frame, np.concatenate([bad for _, bad in parts])


def random_fault(seed: int, kind: str, strength: float, chambers: int = 2, wafers: int = 80) -> MadeFault:
    """A fault of ten wafers (three of shape, relation, timing and length) in the later half of a chamber's wafers."""
    rng = np.random.default_rng([seed, 99])
    count = 10 if kind in ("mean", "drift") else 3
    first = int(rng.integers(wafers // 2, wafers - count))
    chamber, sensor = int(rng.integers(chambers)), int(rng.choice([0, 3, 4, 5]))
    if kind == "timing":  # the level of gas_a and he_flow is the same in the step before: they cannot come late
        sensor = {3: 1, 5: 2}.get(sensor, sensor)
    return MadeFault(kind, chamber, first, count, strength, sensor)


def _chamber(
    rng: np.random.Generator, number: int, wafers: int, faults: tuple[MadeFault, ...]
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    offset = rng.normal(0, 3, len(SENSORS)) * BETWEEN
    every, times, where, bad = [], [], [], []
    clock = pd.Timestamp("2026-01-05 08:00:00") + pd.Timedelta(seconds=17 * number)
    for wafer in range(wafers):
        mine = [one for one in faults if one.chamber == number and one.first <= wafer < one.first + one.wafers]
        values, steps = _wafer(rng, offset, wafer, mine)
        time = clock + pd.to_timedelta(np.arange(len(values)), unit="s")
        clock = time[-1] + pd.Timedelta(seconds=int(rng.integers(40, 60)))
        every.append(np.round(values, 3))
        times.append(time)
        where.append(np.stack([np.full(len(steps), wafer), steps]))
        bad.append(np.full(len(steps), bool(mine)))
    wafer_of, step_of = np.concatenate(where, axis=1)
    context = {
        "time": times[0].append(times[1:]),
        "equipment": f"PM{number + 1}",
        "lot": np.array([f"L{number}{lot:03d}" for lot in range(wafers // 25 + 1)], dtype=object)[wafer_of // 25],
        "wafer": wafer_of % 25 + 1,
        "recipe": "R1",
        "step": np.array([name for name, _ in STEPS], dtype=object)[step_of],
    }
    return pd.DataFrame(context | dict(zip(SENSORS, np.concatenate(every).T, strict=True))), np.concatenate(bad)


def _wafer(
    rng: np.random.Generator, offset: NDArray[np.float64], wafer: int, faults: list[MadeFault]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    lengths = np.array([rows for _, rows in STEPS]) + rng.integers(-1, 2, len(STEPS))
    for fault in faults:
        lengths[MAIN] += round(fault.strength) if fault.kind == "length" else 0
    steps = np.repeat(np.arange(len(STEPS)), lengths)
    level = LEVELS[steps] + offset + rng.normal(0, 1, len(SENSORS)) * BETWEEN
    values = _settled(level, np.full(len(SENSORS), 0.5))
    shared = rng.normal(0, 1, len(steps))  # pressure and gas_b move together
    noise = rng.normal(0, 1, (len(steps), len(SENSORS)))
    noise[:, 4] = 0.3 * noise[:, 4] + 0.95 * shared
    noise[:, 0] = 0.3 * noise[:, 0] + 0.95 * shared
    for fault in faults:
        values, noise = _with(fault, rng, level, values, noise, steps == MAIN, wafer)
    return values + noise * WITHIN, steps


def _settled(level: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values that come nearer to their level by a share of the distance in each row."""
    found = level.copy()
    for row in range(1, len(level)):
        found[row] = found[row - 1] + share * (level[row] - found[row - 1])
    return found


def _with(
    fault: MadeFault,
    rng: np.random.Generator,
    level: NDArray[np.float64],
    values: NDArray[np.float64],
    noise: NDArray[np.float64],
    main: NDArray[np.bool_],
    wafer: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    at, rows = fault.sensor, int(main.sum())
    if fault.kind == "mean":
        values[main, at] += fault.strength * BETWEEN[at]
    elif fault.kind == "drift":
        values[main, at] += fault.strength * BETWEEN[at] * (wafer - fault.first + 1) / fault.wafers
    elif fault.kind == "shape":  # a swing up and down that leaves the mean as it is
        values[main, at] += 0.5 * fault.strength * WITHIN[at] * np.sin(2 * np.pi * np.arange(rows) / rows)
    elif fault.kind == "relation":  # pressure no longer follows gas_b; its own spread stays
        noise[main, 0] += min(fault.strength / 4, 1.0) * (rng.normal(0, 1, rows) - noise[main, 0])
    elif fault.kind == "timing":  # the sensor comes to its level late; the level before makes up for it in the mean
        slow = _settled(level, np.full(len(SENSORS), 0.5 / (1 + fault.strength / 4)))
        moved = slow[main, at] - values[main, at]
        values[main, at] += moved - moved.mean()
    elif fault.kind == "stuck":
        values[main, at], noise[main, at] = values[main, at][0], 0.0
    return values, noise
