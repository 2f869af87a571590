"""A chamber that runs one recipe, wafer after wafer, and what a maintenance and faults do to its sensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.monitors.golden.golden_set import choose
from waferwatch.monitors.learn import LearntVersion, learn
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table

STEPS = {"strike": 8, "main": 30, "over": 12}  # rows
# sensor -> level in each step, and the noise of single readings
SENSORS = {
    "pressure": ((24.0, 8.0, 10.0), 0.1),
    "power": ((560.0, 1000.0, 800.0), 2.0),
    "reflected": ((10.0, 4.0, 4.0), 0.3),
    "leak": ((8.0, 8.0, 8.0), 0.1),
}
PAUSE = 20  # seconds between wafers
START = "2026-03-01"

# Of a sensor, what is added to its readings: (wafers, rows of a wafer), by step and number of the wafer.
Change = Callable[[NDArray[np.int64], NDArray[np.str_]], NDArray[np.float64]]


def chamber(
    wafers: int,
    seed: int = 0,
    *,
    start: str = START,
    equipment: str = "E1",
    lot: str = "L",
    changes: Mapping[str, Change] | None = None,
) -> pd.DataFrame:
    """Wafers of one recipe, a row a second, five wafers a lot."""
    rng = np.random.default_rng(seed)
    step = np.tile(np.repeat(list(STEPS), list(STEPS.values())), wafers)
    wafer = np.repeat(np.arange(wafers), sum(STEPS.values()))
    seconds = np.arange(len(step)) + PAUSE * wafer
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp(start) + pd.to_timedelta(seconds, unit="s"),
            "equipment": equipment,
            "lot": [f"{lot}{number // 5}" for number in wafer],
            "wafer": [f"W{number % 5}" for number in wafer],
            "recipe": "POLY",
            "step": step,
        }
    )
    for sensor, (levels, noise) in SENSORS.items():
        usual = pd.Series(step).map(dict(zip(STEPS, levels, strict=True))).to_numpy(float)
        change = (changes or {}).get(sensor)
        frame[sensor] = usual + noise * rng.standard_normal(len(step)) + (0 if change is None else change(wafer, step))
    return frame


def table(frame: pd.DataFrame, name: str = "made.csv") -> Table:
    return table_from_frame(frame, name=name, label="bad" if "bad" in frame else None)


@cache
def learnt() -> LearntVersion:
    """Learnt from sixty wafers."""
    return learn(choose(table(chamber(60))), detector="statistical")


def everywhere(value: float) -> Change:
    return lambda wafer, step: np.full(len(wafer), value)


def in_steps(value: float, *steps: str) -> Change:
    return lambda wafer, step: value * np.isin(step, steps)


def settling(value: float, wafers: int) -> Change:
    """Fades away over the first wafers."""
    return lambda wafer, step: np.where(wafer < wafers, value * 0.8**wafer, 0.0) * (step != "strike")


def rising(each: float) -> Change:
    """More with each wafer."""
    return lambda wafer, step: each * wafer


def stream(rows: int, seed: int = 0, *, start: str = START, offset: float = 0.0) -> pd.DataFrame:
    """Two sensors without steps and wafers."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "time": pd.date_range(start, periods=rows, freq="s"),
            "flow": 10 + 0.1 * rng.standard_normal(rows) + offset,
            "temperature": 60 + 0.2 * rng.standard_normal(rows),
        }
    )
