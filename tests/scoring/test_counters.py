"""Counters among the sensors are named while they are learnt from."""

from __future__ import annotations

import numpy as np
import pandas as pd

import waferwatch
from tests.models.frames import runs, stream


def notes_of(frame: pd.DataFrame, **options: object) -> str:
    model = waferwatch.fit(frame, detector="squared_difference", **options)  # type: ignore[arg-type]
    return " ".join(str(note) for note in model.notes)


def test_a_sensor_that_only_rises_or_only_falls_is_named() -> None:
    frame = stream(900, 2)
    frame["energy_kWh"] = np.cumsum(np.abs(frame["s0"]))
    frame["pad_life_pct"] = 100 - np.arange(900) // 30 * 0.5
    frame["setpoint"] = np.where(np.arange(900) < 400, 5.0, 6.0)
    notes = notes_of(frame)
    assert "as counters do: energy_kWh, pad_life_pct. Later values" in notes


def test_a_ramp_that_begins_anew_in_every_run_is_no_counter_and_one_over_all_runs_is() -> None:
    frame = runs(9)
    frame["ramp"] = frame.groupby("cycle").cumcount() * 0.7
    frame["rf_kWh"] = frame["s0"].abs().cumsum()
    notes = notes_of(frame, group=["equipment", "cycle"])
    assert "as counters do: rf_kWh. Later values" in notes


def test_a_counter_that_was_set_back_is_named_and_what_comes_back_again_and_again_is_not() -> None:
    frame, place = stream(900, 2), np.arange(900)
    frame["rf_h"] = np.where(place < 500, place, place - 500) * 0.1
    frame["life_pct"] = 100 - np.where(place < 400, place, place - 400) * 0.1
    frame["sawtooth"] = place % 90 * 0.5
    frame["drift"] = np.cumsum(np.where(place % 400 == 399, -0.5, 0.1))
    notes = notes_of(frame)
    assert "set back in what was learnt: rf_h, life_pct. Later values" in notes


def test_a_ramp_of_few_runs_is_no_counter_that_was_set_back() -> None:
    frame = runs(3)
    frame["ramp"] = frame.groupby("cycle").cumcount() * 0.7
    assert "set back" not in notes_of(frame, group=["equipment", "cycle"])


def test_usual_sensors_are_no_counters() -> None:
    assert "counters" not in notes_of(stream(900, 3))
