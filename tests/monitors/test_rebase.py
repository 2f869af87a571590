"""A rebase learns the levels after a maintenance and refuses what may be a fault."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.models.pumped import BASE, pumped, times
from tests.monitors.made import (
    SENSORS,
    STEPS,
    Change,
    chamber,
    everywhere,
    in_steps,
    learnt,
    rising,
    settling,
    stream,
    table,
)
from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.monitors.golden.golden_set import choose
from waferwatch.monitors.learn import learn
from waferwatch.monitors.rebase.rebased import Rebased, Refusal
from waferwatch.monitors.rebase.relearn import rebase
from waferwatch.scoring.model import Model, model_from
from waferwatch.scoring.thresholds.rethreshold import with_threshold
from waferwatch.scoring.wafers import judged_again

AFTER = "2026-03-02"
ROWS = sum(STEPS.values())


def after(wafers: int = 40, seed: int = 5, **changes: Change) -> pd.DataFrame:
    return chamber(wafers, seed, start=AFTER, lot="M", changes=changes)


@cache
def maintained() -> tuple[pd.DataFrame, Rebased]:
    """As a maintenance leaves a chamber: another gauge, a match that settles, a leak."""
    frame = after(pressure=everywhere(0.25), reflected=settling(4.0, 12), leak=in_steps(1.6, "main", "over"))
    return frame, rebase(learnt().model, table(frame))


def flagged(model: Model, frame: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(wafers,) share of their rows that are flagged."""
    return model.detect(frame).flags.reshape(-1, ROWS).mean(axis=1)


def test_a_shifted_gauge_is_absorbed_in_every_step() -> None:
    found = maintained()[1]
    assert {(one.sensor, one.step) for one in found.moved} == {("pressure", step) for step in STEPS}
    assert all(one.after - one.before == pytest.approx(0.25, abs=0.05) for one in found.moved)
    assert {one.equipment for one in found.moved} == {"E1"}
    assert {one.recipe for one in found.moved} == {"POLY"}


def test_a_sensor_that_settles_at_its_old_level_is_said_to_have_settled() -> None:
    found = maintained()[1]
    assert {(one.sensor, one.step) for one in found.settled} == {("reflected", "main"), ("reflected", "over")}
    assert all(8 <= one.settled_after <= 12 for one in found.settled)


def test_a_leak_is_refused_and_stays_flagged() -> None:
    frame, found = maintained()
    assert {(one.sensor, one.step, one.reason) for one in found.refused} == {
        ("leak", "main", Refusal.JUMP),
        ("leak", "over", Refusal.JUMP),
    }
    detection = found.model.detect(frame)
    assert flagged(found.model, frame)[12:].min() > 0.5
    assert detection.events[-1].sensors[0].sensor == "leak"


def test_what_is_absorbed_is_no_longer_flagged() -> None:
    frame = after(pressure=everywhere(0.25), reflected=settling(4.0, 12))
    assert flagged(learnt().model, frame).mean() > 0.9
    model = rebase(learnt().model, table(frame)).model
    share = flagged(model, frame)
    assert share[:6].min() > 0
    assert share[14:].max() == 0
    other = chamber(20, 9, start="2026-03-05", lot="N", changes={"pressure": everywhere(0.25)})
    assert flagged(model, other).max() == 0


def test_a_fault_is_seen_at_the_new_level_as_at_the_old_one() -> None:
    model = rebase(learnt().model, table(after(pressure=everywhere(0.25)))).model
    fault = in_steps(0.6, "main")
    changes = {"pressure": lambda wafer, step: 0.25 + fault(wafer, step) * (wafer == 15)}
    share = flagged(model, chamber(20, 9, start="2026-03-05", lot="N", changes=changes))
    assert share[15] > 0.3
    assert np.delete(share, 15).max() == 0


def test_rows_before_the_maintenance_keep_their_scores() -> None:
    before = chamber(20, 3, start="2026-02-20", lot="K")
    model = maintained()[1].model
    np.testing.assert_array_equal(model.detect(before).scores, learnt().model.detect(before).scores)


def test_only_rows_since_the_maintenance_are_learnt_from() -> None:
    frame, found = maintained()
    whole = pd.concat([chamber(20, 3, start="2026-02-20", lot="K"), frame])
    again = rebase(learnt().model, table(whole), since=AFTER)
    assert again.moved == found.moved
    assert again.model.digest == found.model.digest


def test_a_level_that_keeps_drifting_is_refused() -> None:
    found = rebase(learnt().model, table(after(pressure=rising(0.02))))
    assert found.moved == ()
    assert {(one.sensor, one.reason) for one in found.refused} == {("pressure", Refusal.DRIFTING)}
    assert found.model is learnt().model
    assert any("No level" in str(note) for note in found.notes)


def test_too_few_wafers_to_have_settled_are_refused() -> None:
    found = rebase(learnt().model, table(after(reflected=settling(8.0, 12))), wafers=8)
    assert {(one.sensor, one.reason) for one in found.refused} == {("reflected", Refusal.DRIFTING)}


def test_a_sensor_that_was_replaced_is_absorbed_however_far_it_moved() -> None:
    frame = after(pressure=everywhere(3.0))
    found = rebase(learnt().model, table(frame))
    assert {one.sensor for one in found.moved} == {"pressure"}
    assert found.refused == ()
    assert flagged(found.model, frame).max() == 0


def test_a_sensor_that_rose_by_a_share_of_its_reading_is_refused_since_a_leak_does_so() -> None:
    levels = dict(zip(STEPS, SENSORS["pressure"][0], strict=True))
    found = rebase(learnt().model, table(after(pressure=lambda wafer, step: 0.2 * pd.Series(step).map(levels))))
    assert found.moved == ()
    assert {one.reason for one in found.refused} == {Refusal.JUMP}


def test_a_sensor_that_moved_far_in_most_steps_but_otherwise_in_the_rest_is_refused() -> None:
    four = {"a": 24.0, "b": 8.0, "c": 10.0, "d": 15.0}

    def frame(seed: int, start: str, lot: str, **more: float) -> pd.DataFrame:
        made = chamber(40, seed, start=start, lot=lot)
        made["step"] = np.tile(np.repeat(list(four), [13, 13, 12, 12]), 40)
        noise = np.random.default_rng(seed).normal(0, 0.1, len(made))
        return made.assign(pressure=made["step"].map({name: four[name] + more.get(name, 0) for name in four}) + noise)

    model = learn(choose(table(frame(1, "2026-03-01", "L"))), detector="statistical").model
    closed = rebase(model, table(frame(2, AFTER, "M", a=2.0, b=2.0, c=2.0)))
    assert {(one.sensor, one.step) for one in closed.moved} == {("pressure", step) for step in "abc"}
    for other in ({"a": 2.0, "b": 2.0}, {"a": 2.0, "b": 2.0, "c": 2.0, "d": -2.0}):
        found = rebase(model, table(frame(2, AFTER, "M", **other)))
        assert found.moved == ()
        assert {one.reason for one in found.refused} == {Refusal.JUMP}


def test_another_shape_within_a_step_is_named_and_stays_flagged() -> None:
    def wave(wafer: np.ndarray, step: np.ndarray) -> np.ndarray:
        return 1.0 * (step == "main") * np.where(np.arange(len(step)) % 2, 1, -1)

    frame = after(pressure=wave)
    found = rebase(learnt().model, table(frame))
    assert ("pressure", "main", Refusal.SHAPE) in {(one.sensor, one.step, one.reason) for one in found.refused}
    assert flagged(found.model, frame).min() > 0


def test_a_user_accepts_or_keeps_sensors() -> None:
    frame, _ = maintained()
    accepted = rebase(learnt().model, table(frame), accept=["leak"])
    assert {one.sensor for one in accepted.moved} == {"pressure", "leak"}
    assert flagged(accepted.model, frame)[14:].max() == 0
    kept = rebase(learnt().model, table(frame), keep=["pressure"])
    assert kept.moved == ()
    assert {(one.sensor, one.reason) for one in kept.refused} == {
        ("pressure", Refusal.KEPT),
        ("leak", Refusal.JUMP),
    }


def test_a_second_maintenance_starts_from_the_first_one() -> None:
    first = rebase(learnt().model, table(after(pressure=everywhere(0.25)))).model
    later = chamber(30, 8, start="2026-03-09", lot="N", changes={"pressure": everywhere(0.5)})
    second = rebase(first, table(later))
    assert {one.sensor for one in second.moved} == {"pressure"}
    assert all(one.after - one.before == pytest.approx(0.25, abs=0.05) for one in second.moved)
    assert flagged(second.model, later).max() == 0
    assert flagged(second.model, after(20, 6, pressure=everywhere(0.25))).max() == 0
    assert flagged(second.model, chamber(20, 3, start="2026-02-20", lot="K")).max() == 0


def test_maintenances_count_in_their_order_in_time_whichever_was_learnt_first() -> None:
    early = after(30, pressure=everywhere(0.25))
    late = chamber(30, 8, start="2026-03-09", lot="N", changes={"pressure": everywhere(0.5)})
    model = rebase(rebase(learnt().model, table(late)).model, table(early)).model
    assert flagged(model, early).max() == 0
    assert flagged(model, late).max() == 0


def test_wafers_on_both_sides_of_an_earlier_rebase_are_refused() -> None:
    early = after(10, pressure=everywhere(0.25))
    late = chamber(30, 8, start="2026-03-09", lot="N", changes={"pressure": everywhere(0.5)})
    model = rebase(learnt().model, table(late)).model
    with pytest.raises(InputError, match="both sides") as caught:
        rebase(model, table(pd.concat([early, late], ignore_index=True)), since=AFTER)
    assert caught.value.field == "since"
    assert rebase(model, table(early), since=AFTER).model.shifts[1:] != []


def test_limits_of_indicators_hold_at_the_level_before_the_maintenance() -> None:
    """A gauge that reads higher makes no wafer abnormal once it is absorbed; a leak does, with limits as before."""
    frame, found = maintained()
    model = found.model
    assert model.wafers is not None
    calm = model.detect(after(20, 6, pressure=everywhere(0.25)))
    assert calm.limits == []
    assert sum(one.abnormal for one in calm.runs) == 0
    assert sum(one.abnormal for one in learnt().model.detect(after(20, 6, pressure=everywhere(0.25))).runs) == 20
    judged = judged_again(model.fits(table(frame)), model.detect(frame))
    assert judged is not None
    worst = max(judged.runs[12:], key=lambda one: one.ratio)
    assert (worst.sensor, worst.abnormal) == ("leak", True)
    columns = judged.deviations.columns
    means = {one: columns.index(IndicatorColumn(one, "mean")) for one in ("pressure", "leak")}
    off = np.abs(judged.deviations.off[judged.cells.run >= 12])
    assert np.nanmax(off[:, means["pressure"]]) < 1 < np.nanmax(off[:, means["leak"]])


def test_another_threshold_leaves_wafers_at_the_level_before_the_maintenance() -> None:
    frame = after(20, 6, pressure=everywhere(0.25))
    model = maintained()[1].model
    found = model.detect(frame)
    moved = with_threshold(model.fits(table(frame)), found, found.threshold * 1.5)
    assert [one.ratio for one in moved.runs] == pytest.approx([one.ratio for one in found.runs], nan_ok=True)
    assert sum(one.abnormal for one in moved.runs) == 0


def test_where_times_are_no_dates_the_levels_hold_for_every_row_and_that_is_said() -> None:
    def undated(frame: pd.DataFrame, start: float) -> pd.DataFrame:
        return frame.assign(time=start + np.arange(len(frame)))

    model = learn(choose(table(undated(chamber(40), 0))), detector="statistical").model
    moved = undated(after(30, pressure=everywhere(0.25)), 1e5)
    found = rebase(model, table(moved), since="100000")
    assert any("not dates" in str(note) for note in found.notes)
    assert flagged(found.model, moved).max() == 0


def test_a_recipe_step_that_has_not_run_since_is_counted() -> None:
    frame = after(10)
    found = rebase(learnt().model, table(frame[frame["step"] != "over"].reset_index(drop=True)))
    assert any("1 of 3 recipe steps" in str(note) for note in found.notes)


def test_a_sensor_without_values_is_left_alone() -> None:
    model = learn(choose(table(chamber(40).assign(gas=np.nan, flow=5.0))), detector="statistical").model
    frame = after(pressure=everywhere(0.25)).assign(gas=np.nan, flow=5.0)
    frame.loc[100:400, "leak"] = np.nan
    found = rebase(model, table(frame))
    assert {one.sensor for one in found.moved} == {"pressure"}
    assert found.refused == ()


def test_whole_runs_without_steps_are_rebased() -> None:
    def plain(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(run_id=frame["lot"] + frame["wafer"]).drop(columns=["step", "recipe", "lot", "wafer"])

    model = learn(choose(table(plain(chamber(40)))), detector="statistical").model
    moved = plain(after(pressure=everywhere(0.25)))
    found = rebase(model, table(moved))
    assert [(one.sensor, one.step) for one in found.moved] == [("pressure", None)]
    assert found.moved[0].after - found.moved[0].before == pytest.approx(0.25, abs=0.05)
    assert flagged(found.model, moved).max() == 0


def test_wafers_labelled_anomalous_are_not_learnt_from() -> None:
    bad = everywhere(2.0)
    changes = {"pressure": lambda wafer, step: 0.25 + bad(wafer, step) * (wafer % 2)}
    frame = after(pressure=changes["pressure"])
    frame["bad"] = (np.arange(len(frame)) // ROWS) % 2
    found = rebase(learnt().model, table(frame), wafers=20)
    assert found.wafers == {"E1": 20}
    assert all(one.after - one.before == pytest.approx(0.25, abs=0.05) for one in found.moved)


def test_fewer_wafers_than_asked_for_are_said() -> None:
    found = rebase(learnt().model, table(after(7)))
    assert found.wafers == {"E1": 7}
    assert any("only 7 of 25" in str(note) for note in found.notes)


def test_fewer_than_five_wafers_are_refused() -> None:
    with pytest.raises(InputError, match="4 good wafers"):
        rebase(learnt().model, table(after(4)))
    with pytest.raises(InputError) as caught:
        rebase(learnt().model, table(after(10)), wafers=3)
    assert caught.value.field == "wafers"


def test_an_equipment_that_was_not_learnt_from_is_said() -> None:
    other = after().assign(equipment="E7")
    found = rebase(learnt().model, table(pd.concat([after(10), other], ignore_index=True)))
    assert any("E7 was not learnt from" in str(note) for note in found.notes)


def test_a_sensor_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(NotFoundError, match="gas"):
        rebase(learnt().model, table(after(10)), accept=["gas"])


def test_a_model_that_is_no_monitor_cannot_be_rebased() -> None:
    with pytest.raises(InputError, match="not as a monitor"):
        rebase(waferwatch.fit(chamber(30), detector="statistical"), table(after(10)))


def test_a_rebased_model_is_saved_read_and_streamed_like_any_other(tmp_path: Path) -> None:
    frame, found = maintained()
    expected = found.model.detect(frame[: 10 * ROWS]).scores
    found.model.save(tmp_path)
    loaded = waferwatch.load(tmp_path)
    assert loaded.digest == found.model.digest != learnt().model.digest
    np.testing.assert_array_equal(loaded.detect(frame[: 10 * ROWS]).scores, expected)
    live = loaded.stream()
    settled = [live.push(frame[at : at + ROWS]).settled for at in range(0, 10 * ROWS, ROWS)] + [live.finish().settled]
    np.testing.assert_allclose(np.concatenate(settled), expected, rtol=1e-4, atol=1e-4)


def test_a_rebase_is_described_as_json() -> None:
    said = maintained()[1].to_dict()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert {one["reason"] for one in said["refused"]} == {"jump"}


def test_rows_without_steps_and_wafers_get_an_offset_for_each_sensor() -> None:
    model = learn(choose(table(stream(3000))), detector="statistical").model
    moved = stream(3000, 1, start=AFTER, offset=0.2)
    found = rebase(model, table(moved), rows=1600)
    assert [(one.sensor, one.step, one.recipe) for one in found.moved] == [("flow", None, None)]
    assert found.moved[0].after - found.moved[0].before == pytest.approx(0.2, abs=0.02)
    assert found.wafers == {"": 25}
    later = stream(2000, 2, start="2026-03-03", offset=0.2)
    assert model.detect(later).flags.mean() > 0.3
    assert found.model.detect(later).flags.mean() < 0.01


def test_a_jump_of_rows_without_steps_is_refused_since_nothing_shows_a_calibration() -> None:
    model = learn(choose(table(stream(3000))), detector="statistical").model
    found = rebase(model, table(stream(3000, 1, start=AFTER, offset=2.0)))
    assert [(one.sensor, one.reason) for one in found.refused] == [("flow", Refusal.JUMP)]


@pytest.mark.parametrize("detector", ["pca", "isolation_forest", "moving_variance"])
def test_every_kind_of_detector_is_rebased_the_same_way(detector: str) -> None:
    model = learn(choose(table(chamber(30))), detector=detector).model
    plain, moved = after(10), after(10, pressure=everywhere(0.25))
    found = rebase(model, table(after(30, pressure=everywhere(0.25)))).model
    np.testing.assert_allclose(
        np.nanmedian(found.detect(moved).scores), np.nanmedian(model.detect(plain).scores), atol=0.15
    )


def test_a_sensor_over_decades_is_rebased_by_a_share_and_its_faults_are_still_found() -> None:
    model = learn(choose(table(pumped(40))), detector="statistical").model
    every = [f"W{number:03d}" for number in range(92)]  # a maintenance left them at three times that
    later = times(pumped(40, seed=1, first=40, start="2026-03-02"), 3.0, "base", every)
    found = rebase(model, table(later), accept=["pressure"])
    moved = {(one.sensor, one.step): (one.before, one.after) for one in found.moved}
    assert moved == {("pressure", "base"): (pytest.approx(BASE, rel=0.1), pytest.approx(3 * BASE, rel=0.1))}
    assert model.detect(later).flags.mean() > 0.2
    again = times(pumped(12, seed=2, first=80, start="2026-03-03"), 3.0, "base", every)
    assert not found.model.detect(again).flags.any()
    bad = found.model.detect(times(again, 2.0, "base", ["W085"]))
    assert set(again["wafer"][bad.flags]) == {"W085"}
    restored = model_from(found.model.content(), Path("rebased"))
    assert np.array_equal(restored.detect(again).scores, found.model.detect(again).scores, equal_nan=True)
