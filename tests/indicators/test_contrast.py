"""A step whose mean does not fit the other steps of its wafer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_wafers import LEVELS, STEPS, MadeFault, made

import waferwatch
from waferwatch.indicators.frames import indicator_frame, limit_frame
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.model import Model
from waferwatch.scoring.wafers import judged_again

FAULT = MadeFault("mean", 1, 50, 4, 5.5)  # spreads between wafers: within the limits of the mean itself


@pytest.fixture(scope="module")
def model() -> Model:
    return waferwatch.fit(made(101, wafers=40)[0], detector="statistical")


def test_a_mean_within_its_limits_that_the_other_steps_contradict_lies_beyond_a_limit_and_makes_no_verdict(
    model: Model,
):
    frame = made(101, wafers=70, faults=(FAULT,))[0]
    found = model.detect(frame)
    mine = indicator_frame(judged_again(table_from_frame(frame), found))
    beyond = mine[(mine["statistic"] == "contrast") & (mine["beyond"] > 0)]
    assert set(zip(beyond["equipment"], beyond["lot"], beyond["step"], beyond["sensor"], strict=True)) == {
        ("PM2", "L1002", "main_etch", "he_flow")
    }
    assert not any(run.statistic == "contrast" for run in found.runs)


def test_a_sensor_that_is_off_alike_in_all_steps_is_no_contrast(model: Model):
    frame = made(101, wafers=70)[0]
    late = (frame["equipment"] == "PM2") & (frame["lot"] == "L1002")
    frame.loc[late, "he_flow"] += 0.1  # 3 spreads between wafers
    found = model.detect(frame)
    judged = judged_again(table_from_frame(frame), found)
    mine = indicator_frame(judged)
    mine = mine[(mine["sensor"] == "he_flow") & (mine["lot"] == "L1002") & (mine["step"] == "main_etch")]
    spreads = mine.groupby("statistic", observed=True)["spreads"].median()
    assert spreads["mean"] > 2.5
    assert abs(spreads["contrast"]) < 0.9 * spreads["mean"]


def test_contrasts_do_not_depend_on_which_chamber_a_table_has_first():
    frame = made(101, wafers=43)[0]
    other = frame.sort_values(["equipment", "time"], ascending=[False, True], kind="stable")
    table = table_from_frame(frame)
    spreads, again = (
        indicator_frame(judged_again(table, waferwatch.fit(one, detector="statistical").detect(frame)))["spreads"]
        for one in (frame, other)
    )
    np.testing.assert_allclose(again, spreads, rtol=1e-6, atol=1e-9)


def test_contrasts_have_limits_and_are_saved(model: Model, tmp_path: Path):
    limits = limit_frame(model.wafers)
    mine = limits[limits["statistic"] == "contrast"]
    assert len(mine) == 2 * len(STEPS) * LEVELS.shape[1]
    assert (mine["upper"] == -mine["lower"]).all()
    model.save(tmp_path / "model")
    again = waferwatch.load(tmp_path / "model")
    assert again.digest == model.digest
    frame = made(101, wafers=70, faults=(FAULT,))[0]
    before, after = (one.detect(frame) for one in (model, again))
    np.testing.assert_array_equal([run.ratio for run in before.runs], [run.ratio for run in after.runs])


def test_a_mean_beyond_its_limit_blames_no_other_step(model: Model):
    frame = made(101, wafers=60, faults=(MadeFault("mean", 1, 50, 3, 60.0),))[0]
    judged = judged_again(table_from_frame(frame), model.detect(frame))
    mine = indicator_frame(judged)
    beyond = mine[(mine["statistic"] == "contrast") & (mine["beyond"] != 0) & mine["beyond"].notna()]
    assert set(beyond["step"]) == {"main_etch"}


@pytest.mark.parametrize("steps", [("main_etch",), ("clean",), ("main_etch", "over_etch", "clean")])
def test_tables_with_other_steps_are_judged(model: Model, steps: tuple[str, ...]):
    frame = made(101, wafers=45)[0]
    frame["step"] = frame["step"].replace({"purge": "clean"})
    found = model.detect(frame[frame["step"].isin(steps)])
    assert not any(run.statistic == "contrast" for run in found.runs)


def test_contrasts_that_golden_wafers_have_now_and_then_make_none_abnormal():
    frame = made(101, wafers=70)[0]
    odd = (frame["step"] == "main_etch") & (frame["wafer"] % 6 == 0)
    frame.loc[odd, "he_flow"] += 0.15  # 5 spreads between wafers
    number = frame.groupby("equipment")["wafer"].transform(lambda one: (one != one.shift()).cumsum())
    found = waferwatch.detect(frame, reference=frame[number <= 40], detector="statistical")
    assert not [run.reason for run in found.runs if run.abnormal]
