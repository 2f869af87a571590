"""A stream of which nobody says what is normal: faults stand out from its other stretches."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.models.frames import stream
from waferwatch.models.state import pack
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.run import fit_table

ROWS = 6000
DETECTORS = ["statistical", "moment"]


def faulty(sensors: int) -> pd.DataFrame:
    frame = stream(ROWS, sensors)
    frame.loc[2000:2060, "s0"] += 3
    frame.loc[4000:4100, "s0"] = frame["s0"].iloc[3999]
    return frame


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("sensors", [1, 3])
def test_its_faults_are_events_and_hardly_anything_else_is(sensors: int, detector: str) -> None:
    found = waferwatch.detect(faulty(sensors), detector=detector)
    assert found.flags[2010:2050].any()
    assert found.flags[4020:4080].any()
    apart = np.r_[0:1700, 2400:3700, 4500:ROWS]  # windows reach a few hundred rows
    assert found.flags[apart].mean() < 0.01
    assert any("stand out from the others" in str(note) for note in found.notes)


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("sensors", [1, 3])
def test_without_faults_hardly_a_row_is_flagged(sensors: int, detector: str) -> None:
    found = waferwatch.detect(stream(ROWS, sensors), detector=detector)
    assert found.flags.mean() < 0.02
    assert len(found.events) <= 4  # one is to be expected by chance


def test_a_larger_fault_scores_higher_however_rare_both_are() -> None:
    frame = faulty(3)
    frame.loc[2000:2060, "s0"] += 9
    small, large = (
        waferwatch.detect(faulty(3), detector="statistical"),
        waferwatch.detect(frame, detector="statistical"),
    )
    assert large.scores[2030] > 1.2 * small.scores[2030] > 1.2 * small.threshold


def test_what_stands_out_does_not_count_as_normal_in_what_is_promised() -> None:
    found = waferwatch.detect(faulty(3), detector="statistical")
    assert found.promise is not None
    assert found.promise.events == 0
    assert found.promise.rows == ROWS - (found.scores > found.threshold).sum()


def test_a_fault_in_rows_known_to_be_normal_is_flagged_and_named() -> None:
    frame = stream(ROWS, 3)
    frame.loc[2000:2060, "s0"] += 3
    found = waferwatch.detect(frame, reference_rows=ROWS, detector="statistical")
    assert len(found.events) == 1
    assert found.flags[2000:2061].any()
    (note,) = (str(one) for one in found.notes if "known to be normal" in str(one))
    above = np.flatnonzero(found.scores > found.threshold)
    assert note.startswith(f"{len(above)} of the {ROWS:,} rows")
    assert f"in row {above[0] + 1:,}." in note


def test_what_rows_known_to_be_normal_show_more_than_once_is_normal() -> None:
    frame = stream(ROWS, 3)
    for start in (500, 2000, 5000):
        frame.loc[start : start + 60, "s0"] += 3
    assert not waferwatch.detect(frame, reference_rows=ROWS, detector="statistical").flags.any()


def test_rows_known_to_be_normal_without_a_fault_are_not_flagged() -> None:
    found = waferwatch.detect(stream(ROWS, 3), reference_rows=ROWS, detector="statistical")
    assert not found.flags.any()
    assert not any("known to be normal" in str(note) for note in found.notes)


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("sensors", [1, 3])
def test_rows_next_to_a_hole_and_at_the_ends_are_as_usual(sensors: int, detector: str) -> None:
    frame = stream(ROWS, sensors)
    frame.loc[2500:3100, [f"s{number}" for number in range(sensors)]] = np.nan
    found = waferwatch.detect(frame, detector=detector)
    assert np.isnan(found.scores[2500:3101]).all()
    assert np.isfinite(np.delete(found.scores, np.s_[2500:3101])).all()
    for edge in (slice(0, 200), slice(2300, 2500), slice(3101, 3301), slice(ROWS - 200, ROWS)):
        assert found.flags[edge].mean() < 0.25


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("sensors", [1, 3])
def test_models_of_before_0_7_0_go_on_as_they_were_next_to_ends(sensors: int, detector: str) -> None:
    model = waferwatch.fit(stream(2000, sensors), detector=detector)
    ((key, part),) = model.fitted.parts.items()
    old = dataclasses.replace(part, full_windows=None)
    assert "full_windows" not in json.dumps(pack(old)[0])
    before = dataclasses.replace(model, fitted=dataclasses.replace(model.fitted, parts={key: old}, reference=[]))
    now = dataclasses.replace(model, fitted=dataclasses.replace(model.fitted, reference=[]))
    later = stream(3000, sensors, seed=1)
    middle = slice(800, 2200)
    np.testing.assert_allclose(before.detect(later).scores[middle], now.detect(later).scores[middle], atol=1e-6)


@pytest.mark.parametrize("is_vouched", [True, False])
def test_a_stretch_that_an_engineer_vouched_for_is_not_flagged(is_vouched: bool) -> None:
    frame = stream(ROWS, 3)
    time = next(iter(frame.select_dtypes("datetime")))
    later = frame.index >= 5000
    frame.loc[later, time] += pd.Timedelta(hours=1)  # a series of its own
    frame.loc[5400:5460, "s0"] += 6
    table = table_from_frame(frame, name="golden")
    model = fit_table(table, detector="statistical", vouched=later if is_vouched else None)
    flags = model.detect(frame).flags
    assert flags[5400:5461].any() != is_vouched
