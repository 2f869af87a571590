"""Frames of four kinds for the tests of every detector, each in a normal part to learn from and a part to score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

import waferwatch

KINDS = ("one sensor", "several sensors", "recipe steps", "runs without steps")
SECOND = pd.Timedelta(seconds=1)


@dataclass(frozen=True)
class Case:
    """One kind of table."""

    normal: pd.DataFrame
    scored: pd.DataFrame  # with faults
    group: tuple[str, ...] = ()
    time: str = "t"

    @property
    def options(self) -> dict[str, object]:
        """What the library's functions need to read it."""
        return {"group": list(self.group)} if self.group else {}


def stream(rows: int, sensors: int, seed: int = 0, start: str = "2026-01-05") -> pd.DataFrame:
    """A sensor that swings, and others of noise that follow it more and more loosely."""
    rng = np.random.default_rng(seed)
    swing = np.sin(np.arange(rows) / 9)
    frame = pd.DataFrame({"t": pd.date_range(start, periods=rows, freq="s")})
    for sensor in range(sensors):
        frame[f"s{sensor}"] = swing / (sensor + 1) + rng.normal(size=rows) * (0.1 + 0.3 * sensor)
    return frame


def runs(count: int, seed: int = 0, first: int = 0) -> pd.DataFrame:
    """Runs of about a hundred rows of two sensors, told apart by a column that is no wafer."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(first, first + count):
        rows = 100 + int(rng.integers(-5, 6))
        rise = 1 - np.exp(-np.arange(rows) / 20)
        found.append(
            pd.DataFrame(
                {
                    "t": pd.Timestamp("2026-01-05") + pd.Timedelta(minutes=5 * number) + np.arange(rows) * SECOND,
                    "equipment": "E1",
                    "cycle": f"R{number:04d}",
                    "s0": 20 * rise + rng.normal(size=rows),
                    "s1": 5 - 3 * rise + rng.normal(size=rows) * 0.2,
                }
            )
        )
    return pd.concat(found, ignore_index=True)


@cache
def case(kind: str) -> Case:
    """The same frames each time; nobody may change them."""
    if kind == "one sensor":
        frame = stream(6700, 1)
        frame.loc[6300:6320, "s0"] += 4
        frame.loc[2000:2010, "s0"] -= 4
        return Case(frame[:1500].copy(), frame[1500:].reset_index(drop=True))
    if kind == "several sensors":
        frame = stream(4700, 3)
        frame["valve"] = (np.arange(4700) % 100 < 30).astype(float)
        frame.loc[4100:4400, "valve"] = 1.0
        frame.loc[4400:4420, "s1"] += 6
        frame.loc[1700:1710, "s2"] -= 9
        return Case(frame[:1500].copy(), frame[1500:].reset_index(drop=True))
    if kind == "recipe steps":
        frame = waferwatch.generate(rows=19_000, equipment=2, seed=3).drop(columns=["anomaly", "fault_kind"])
        sensors = list(frame.select_dtypes("floating"))
        frame = frame.rename(columns={"timestamp": "t"}).drop(columns=sensors[4:])
        return Case(frame[:4000].copy(), frame[4000:].reset_index(drop=True))
    if kind == "runs without steps":
        scored = runs(12, 1, first=30)
        scored.loc[450:470, "s1"] += 3
        return Case(runs(30), scored, ("equipment", "cycle"))
    raise ValueError(kind)
