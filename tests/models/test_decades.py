"""Sensors over several decades are judged by their logarithm, and no others are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import waferwatch
from tests.models.pumped import pumped, times
from waferwatch.models.decades import BELOW, Decades
from waferwatch.scoring.model import Model
from waferwatch.series.series import Series

ROWS = 4000
PLACE = np.arange(ROWS)
Floats = NDArray[np.float64]


def noise(seed: int = 0) -> Floats:
    return np.asarray(np.random.default_rng(seed).normal(size=ROWS))


def series(*columns: Floats) -> Series:
    return Series(np.stack(columns, axis=1), np.arange(len(columns[0])), None)


def pumping() -> Floats:
    """Pumped down from air again and again, with 3 % of noise."""
    return np.asarray((10.0 ** (-7 * (PLACE % 400) / 400)) * np.exp(0.03 * noise()))


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        (10 + noise(), "no decades"),
        (np.where(PLACE % 400 < 200, 1e-2, 1.0) * np.exp(0.03 * noise()), "two decades"),
        (np.maximum(pumping(), 1e-4) - 1e-4, "zeros"),
        (np.where(PLACE % 400 < 200, 5.0, 0.0) + np.abs(1e-3 * noise()) + 1e-9, "a gauge whose noise is the same"),
        (np.where(PLACE % 400 < 200, 1e-6, 1.0), "two values"),
        (np.where(PLACE == 2000, 1e5, 10 + noise()), "a spike"),
        (np.where(PLACE % 97 == 0, np.nan, 5.0), "one value"),
        (np.full(ROWS, np.nan), "no value"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_sensor_is_judged_by_its_logarithm_only_where_it_changes_by_shares_of_itself(
    readings: Floats, why: str
) -> None:
    assert Decades.learn([series(readings)]) is None, why
    found = Decades.learn([series(readings, pumping())])
    assert found is not None
    assert found.sensors.tolist() == [False, True]


def test_what_is_no_logarithm_of_a_reading_lies_one_decade_below_the_lowest() -> None:
    readings = pumping()
    found = Decades.learn([series(10 + noise(), readings)])
    assert found is not None
    rows = np.array([[1.0, 0.0], [-2.0, -1.0], [3.0, np.nan], [np.nan, 1e-3]])
    read = found.values(rows)
    assert np.array_equal(read[:, 0], rows[:, 0], equal_nan=True)
    assert read[:2, 1] == pytest.approx(np.log10(readings.min() / BELOW))
    assert np.isnan(read[2, 1])
    assert read[3, 1] == pytest.approx(-3)


@cache
def learnt() -> tuple[pd.DataFrame, Model]:
    golden = pumped(40)
    return golden, waferwatch.fit(golden, detector="statistical")


def flagged(model: Model, frame: pd.DataFrame) -> set[str]:
    """Wafers with a flagged row."""
    return set(frame["wafer"][model.detect(frame).flags])


def test_a_fivefold_rise_at_base_pressure_is_found_and_normal_wafers_are_not() -> None:
    model, bad = learnt()[1], ["W042", "W047"]
    later = pumped(10, seed=1, first=40, start="2026-03-02")
    assert flagged(model, later) == set()
    for factor, step in ((5.0, "base"), (2.0, "base"), (1.2, "process")):
        assert flagged(model, times(later, factor, step, bad)) == set(bad), (factor, step)


def test_the_sentence_of_a_wafer_says_by_how_much_it_is_off_in_its_own_unit() -> None:
    later = times(pumped(10, seed=1, first=40, start="2026-03-02"), 5.0, "base", ["W042", "W047"])
    found = learnt()[1].detect(later)
    assert {one.wafer for one in found.runs if one.abnormal} == {"W042", "W047"}
    problem = found.problems[0]
    assert (problem.sensor, problem.step, problem.statistic) == ("pressure", "base", "mean")
    assert problem.change == pytest.approx(4.0, rel=0.1)


def test_it_is_said_which_sensors_are_judged_by_their_logarithm() -> None:
    said = [str(note) for note in learnt()[1].notes if "logarithm" in str(note)]
    assert len(said) == 1
    assert said[0].endswith(": pressure.")


@pytest.mark.parametrize("detector", ["early", "isolation_forest_steps"])
def test_every_detector_reads_the_logarithm(detector: str) -> None:
    model = waferwatch.fit(learnt()[0], detector=detector)
    later = pumped(10, seed=1, first=40, start="2026-03-02")
    plain, raised = model.detect(later).scores, model.detect(times(later, 5.0, "base", ["W042"])).scores
    base = ((later["wafer"] == "W042") & (later["step"] == "base")).to_numpy()
    assert np.nanmedian(raised[base]) > np.nanmedian(plain[base]) + 0.3


def test_a_saved_model_and_a_stream_score_as_the_model_does(tmp_path: Path) -> None:
    later = times(pumped(12, seed=1, first=40, start="2026-03-02"), 5.0, "base", ["W042"])
    model = learnt()[1]
    expected = model.detect(later).scores
    model.save(tmp_path)
    assert np.array_equal(waferwatch.load(tmp_path).detect(later).scores, expected, equal_nan=True)
    stream = model.stream()
    pushed = [stream.push(later[at : at + 300]) for at in range(0, len(later), 300)] + [stream.finish()]
    numbers, scores = (np.concatenate(one) for one in zip(*((p.settled_rows, p.settled) for p in pushed), strict=True))
    np.testing.assert_allclose(scores[np.argsort(numbers)], expected, atol=1e-4)


def test_models_without_such_sensors_are_written_as_before() -> None:
    model = waferwatch.fit(learnt()[0].drop(columns="pressure"), detector="statistical")
    assert model.fitted.decades is None
    assert "decades" not in model.content().description.decode()
