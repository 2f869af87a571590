"""A flat line with one spike: found where nobody says that it is normal, and a rare command where somebody does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.models.ensemble.features.states import HIGH, LOW, UNEXPECTED, States
from waferwatch.models.ensemble.preparation.columns import Columns

N = 240
KNOWN = 2000


def frame(valve: np.ndarray) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = len(valve)
    columns = {"time": pd.date_range("2026-03-02", periods=rows, freq="s"), "press": 12 + 0.2 * rng.normal(size=rows)}
    return pd.DataFrame({**columns, "power": 500 + 2 * rng.normal(size=rows), "valve": valve})


def flat_with(rows: slice, other: float = 8.0, points: int = N) -> np.ndarray:
    valve = np.full(points, 3.0)
    valve[rows] = other
    return valve


def columns(values: np.ndarray) -> Columns:
    return Columns(values[None].astype(np.float32), np.ones((1, len(values)), bool))


@pytest.mark.parametrize(
    ("valve", "unexpected"),
    [
        (flat_with(slice(150, 151)), HIGH),
        (flat_with(slice(150, 152)), HIGH),
        (flat_with(slice(0, 2)), HIGH),
        (flat_with(slice(150, 151), other=-2.0), LOW),
        (flat_with(slice(100, 160)), None),
        (flat_with(slice(10, None, 40)), None),
    ],
)
def test_a_state_is_unexpected_that_came_once_and_shortly(valve: np.ndarray, unexpected: float | None) -> None:
    found = States.learn([columns(valve)])
    assert found.unexpected == (None if unexpected is None else [unexpected])
    (excess,) = found.excess(columns(valve))
    assert (excess == np.where((valve != 3.0) & (unexpected is not None), UNEXPECTED, 0.0)).all()
    assert States.learn([columns(valve)], known_normal=True).unexpected is None


def test_a_spike_that_is_missing_elsewhere_is_still_one() -> None:
    valve = flat_with(slice(150, 151))
    measured = np.ones((1, N), bool)
    measured[0, 20:60] = False
    assert States.learn([Columns(valve[None].astype(np.float32), measured)]).unexpected == [HIGH]


def test_one_spike_on_a_flat_line_is_one_row_and_its_sensor_leads() -> None:
    found = waferwatch.detect(frame(flat_with(slice(150, 151))))
    assert np.flatnonzero(found.flags).tolist() == [150]
    assert found.events[0].sensors[0].sensor == "valve"


def test_a_state_that_was_a_spike_in_what_was_learnt_is_still_unexpected_later() -> None:
    model = waferwatch.fit(frame(flat_with(slice(150, 151), points=KNOWN)), detector="statistical")
    found = model.detect(frame(flat_with(slice(500, 503), points=1000)))
    assert found.flags[500:503].all()
    assert (found.contributions[500:503].argmax(axis=1) == model.features.index("valve")).all()


def test_a_rare_command_in_rows_known_to_be_normal_changes_no_other_score() -> None:
    valve = flat_with(slice(700, 704), points=3000)
    valve[2500:2504] = 8.0
    with_command, without = frame(valve), frame(flat_with(slice(0, 0), points=3000))
    found = waferwatch.detect(with_command, reference_rows=KNOWN, detector="statistical")
    others = waferwatch.detect(without.drop(columns="valve"), reference_rows=KNOWN, detector="statistical")
    np.testing.assert_array_equal(found.scores, others.scores)
