"""Learning a version: what there is, what is missing, and what the hours carry."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.monitors.made import chamber, in_steps, learnt, stream, table
from waferwatch.monitors.golden.coverage import carried, coverage
from waferwatch.monitors.golden.golden_set import GoldenChoice, Reason, choose
from waferwatch.monitors.learn import learn
from waferwatch.scoring.thresholds.promise import Promise


def test_a_model_of_a_monitor_scores_as_one_that_was_fitted() -> None:
    later = chamber(10, 1, start="2026-03-02")
    fitted = waferwatch.fit(chamber(60), detector="statistical")
    np.testing.assert_array_equal(learnt().model.detect(later).scores, fitted.detect(later).scores)


def test_what_was_learnt_comes_back_from_a_folder_with_its_levels(tmp_path: Path) -> None:
    model = learnt().model
    model.save(tmp_path)
    loaded = waferwatch.load(tmp_path)
    assert loaded.digest == model.digest
    np.testing.assert_array_equal(loaded.levels["E1"].level, model.levels["E1"].level)


def test_the_levels_are_part_of_the_digest() -> None:
    model = learnt().model
    assert replace(model, levels={}).digest != model.digest


def test_a_model_that_is_no_monitor_is_saved_as_before(tmp_path: Path) -> None:
    waferwatch.fit(stream(600), detector="pca").save(tmp_path)
    said = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    assert not {"levels", "shifts"} & set(said)
    assert waferwatch.load(tmp_path).levels == {}


def test_the_usual_level_of_each_step_is_that_of_its_readings() -> None:
    levels = learnt().model.levels["E1"]
    pressure = learnt().model.features.index("pressure")
    assert sorted(levels.level[pressure]) == pytest.approx([8, 10, 24], abs=0.02)
    assert levels.spread[pressure] == pytest.approx([0.1] * 3, rel=0.1)
    assert (levels.run_spread[pressure] < 0.05).all()


def test_a_wafer_unlike_the_others_is_left_out_by_name() -> None:
    odd = in_steps(5.0, "main")
    frame = chamber(30, changes={"leak": lambda wafer, step: odd(wafer, step) * (wafer == 17)})
    found = learn(choose(table(frame)), detector="statistical")
    assert [(one.what, one.reason) for one in found.golden.left_out] == [("L3/W2", Reason.UNLIKE)]
    leak = found.model.features.index("leak")
    assert found.model.levels["E1"].level[leak] == pytest.approx([8.0] * 3, abs=0.02)


def test_a_version_is_described_as_json() -> None:
    about = learnt().about()
    assert json.loads(json.dumps(about, allow_nan=False)) == about
    assert about["digest"] == learnt().model.digest


def test_coverage_says_how_many_wafers_are_missing_and_what_was_never_seen() -> None:
    other = chamber(4, 1, equipment="E2").assign(recipe="TRIM")
    whole = table(pd.concat([chamber(30), other, chamber(7, 2, start="2026-03-02", lot="M", equipment="E2")]))
    golden = choose(whole, GoldenChoice(leave_out=tuple(f"L0/W{n}" for n in range(5))))
    found = {(one.equipment, one.recipe): one for one in coverage(whole, golden)}
    assert {key: (one.wafers, one.enough, one.missing_wafers) for key, one in found.items()} == {
        ("E1", "POLY"): (25, True, 0),
        ("E2", "POLY"): (7, False, 18),
        ("E2", "TRIM"): (0, False, 25),
    }
    assert found["E1", "POLY"].hours == pytest.approx(25 * 50 / 3600)


def test_coverage_of_rows_without_wafers_counts_rows() -> None:
    golden = choose(table(stream(2000)))
    (found,) = coverage(golden.table, golden)
    assert (found.rows, found.wafers, found.missing_rows, found.enough) == (2000, 0, 48, False)


def test_one_false_alarm_a_week_needs_three_weeks_of_normal_rows() -> None:
    found = carried(Promise(rows=1000, hours=4.0, events=0, at_most_per_hour=3 / 4.0), 1.0)
    assert found.missing_hours == pytest.approx(500)
    assert found.carried_per_week == pytest.approx(126)
    assert carried(Promise(1000, 600.0, 0, 3 / 600), 1.0).missing_hours == 0
    assert carried(Promise(1000, None, 0, None), 1.0).missing_hours is None
