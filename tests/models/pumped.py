"""A chamber whose pressure runs over several decades, for tests of sensors that are judged by their logarithm."""

from __future__ import annotations

import numpy as np
import pandas as pd

STEPS = {"pump": 20, "base": 24, "gas": 6, "process": 24, "vent": 6}  # rows
BASE, PROCESS, AIR = 2e-7, 3e-2, 0.5  # mbar
SECOND = pd.Timedelta(seconds=1)


def pumped(wafers: int, seed: int = 0, *, first: int = 0, start: str = "2026-03-01") -> pd.DataFrame:
    """Wafers of one recipe, a row a second, which are pumped down, processed and vented."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(first, first + wafers):
        low = BASE * np.exp(rng.normal(0, 0.05))
        course = {
            "pump": AIR * np.exp(-np.arange(20) / 1.3) + low,
            "base": np.full(24, low),
            "gas": low + PROCESS * (1 - np.exp(-np.arange(1, 7))),
            "process": np.full(24, PROCESS),
            "vent": PROCESS * (AIR / PROCESS) ** (np.arange(1, 7) / 6),
        }
        rows = sum(STEPS.values())
        found.append(
            pd.DataFrame(
                {
                    "time": pd.Timestamp(start) + (number - first) * pd.Timedelta(minutes=2) + np.arange(rows) * SECOND,
                    "wafer": f"W{number:03d}",
                    "step": np.repeat(list(STEPS), list(STEPS.values())),
                    "pressure": np.concatenate(list(course.values())) * np.exp(rng.normal(0, 0.03, rows)),
                    "temperature": 65 + rng.normal(0, 0.2, rows),
                }
            )
        )
    return pd.concat(found, ignore_index=True)


def times(frame: pd.DataFrame, factor: float, step: str, wafers: list[str]) -> pd.DataFrame:
    """The pressure of some wafers in a step is ``factor`` times as high."""
    some = (frame["step"] == step) & frame["wafer"].isin(wafers)
    return frame.assign(pressure=frame["pressure"] * np.where(some, factor, 1.0))
