"""A flat line with one spike is no state of two values: the spike is found beside noisy sensors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.models.ensemble.preparation.normal import measure
from waferwatch.read.frames import table_from_frame
from waferwatch.series.split import split

N = 240


def frame(valve: np.ndarray) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    columns = {"time": pd.date_range("2026-03-02", periods=N, freq="s"), "press": 12 + 0.2 * rng.normal(size=N)}
    return pd.DataFrame({**columns, "power": 500 + 2 * rng.normal(size=N), "valve": valve})


def flat_with(rows: slice, other: float = 8.0) -> np.ndarray:
    valve = np.full(N, 3.0)
    valve[rows] = other
    return valve


@pytest.mark.parametrize(
    ("valve", "is_state"),
    [
        (flat_with(slice(150, 151)), False),
        (flat_with(slice(150, 152)), False),
        (flat_with(slice(100, 160)), True),
        (flat_with(slice(10, None, 40)), True),
        (flat_with(slice(0, 0)), False),
    ],
)
def test_a_second_value_that_came_once_and_shortly_is_no_state(valve: np.ndarray, is_state: bool) -> None:
    series = split(table_from_frame(frame(valve))).series
    assert measure(series).two_valued.tolist() == [False, False, is_state]


def test_one_spike_on_a_flat_line_is_one_row_and_its_sensor_leads() -> None:
    found = waferwatch.detect(frame(flat_with(slice(150, 151))), contamination=0.005)
    (row,) = np.flatnonzero(found.flags)
    assert abs(row - 150) <= 1  # scores of neighbouring rows share their windows
    assert found.events[0].sensors[0].sensor == "valve"
