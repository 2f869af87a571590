"""A monitor knows when its normal no longer fits, and does not cry before."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.monitors.made import STEPS, chamber, everywhere, in_steps, learnt, rising, stream, table
from waferwatch.monitors.drift.check import drift, golden_scores
from waferwatch.monitors.drift.found import Fits
from waferwatch.monitors.golden.golden_set import GoldenChoice, choose
from waferwatch.monitors.learn import learn
from waferwatch.monitors.rebase.relearn import rebase
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.part import only_rows

LATER = "2026-03-02"
ROWS = sum(STEPS.values())


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_normal_wafers_later_on_fit(seed: int) -> None:
    found = drift(learnt().model, table(chamber(40, seed, start=LATER)))
    assert (found.fits, found.since) == (Fits.YES, None)


def test_a_slow_drift_is_found_with_its_sensor_and_time() -> None:
    found = drift(learnt().model, table(chamber(60, 5, start=LATER, changes={"leak": rising(0.01)})))
    assert found.fits is Fits.NO
    assert found.sensors[0].sensor == "leak"
    assert found.sensors[0].spreads == pytest.approx(5.5, abs=0.5)  # 0.55 at a noise of 0.1
    assert isinstance(found.since, str)
    assert 0 < (pd.Timestamp(found.since) - pd.Timestamp(LATER)).total_seconds() < 20 * 70  # of sixty wafers


def test_a_shift_in_some_steps_is_named_by_its_step() -> None:
    changes = {"pressure": in_steps(-0.4, "over")}
    found = drift(learnt().model, table(chamber(30, 5, start=LATER, changes=changes)))
    first = found.sensors[0]
    assert (found.fits, first.sensor, first.recipe, first.step) == (Fits.NO, "pressure", "POLY", "over")
    assert first.before == pytest.approx(10, abs=0.05)
    assert first.after == pytest.approx(9.6, abs=0.05)


def test_the_equipment_that_does_not_fit_is_named_and_the_others_are_not() -> None:
    golden = pd.concat([chamber(40), chamber(40, 1, equipment="E2")], ignore_index=True)
    model = learn(choose(table(golden)), detector="statistical").model
    moved = chamber(20, 3, start=LATER, equipment="E2", changes={"leak": everywhere(0.5)})
    found = drift(model, table(pd.concat([chamber(20, 2, start=LATER), moved], ignore_index=True)))
    assert {one.equipment: one.fits for one in found.equipment} == {"E1": Fits.YES, "E2": Fits.NO}
    assert {one.equipment for one in found.sensors} == {"E2"}


def test_an_equipment_that_was_not_learnt_from_is_compared_with_those_that_were() -> None:
    other = chamber(20, 3, start=LATER, equipment="E9", changes={"leak": lambda wafer, step: 1.0 * (wafer > 9)})
    (found,) = drift(learnt().model, table(other)).equipment
    assert (found.equipment, found.fits) == ("E9", Fits.NO)


def test_a_few_faulty_wafers_are_no_drift() -> None:
    leak = in_steps(2.0, "main")
    changes = {"leak": lambda wafer, step: leak(wafer, step) * (wafer % 5 == 0)}
    found = drift(learnt().model, table(chamber(40, 5, start=LATER, changes=changes)))
    assert found.fits is Fits.YES


def test_a_drift_that_is_over_is_none_any_more() -> None:
    changes = {"leak": lambda wafer, step: np.where(wafer < 20, 1.0, 0.0)}
    assert drift(learnt().model, table(chamber(40, 5, start=LATER, changes=changes))).fits is Fits.YES


def test_too_few_wafers_say_nothing_yet_and_how_many_are_missing() -> None:
    found = drift(learnt().model, table(chamber(7, 5, start=LATER, changes={"leak": everywhere(2.0)})))
    assert found.fits is Fits.UNKNOWN
    assert [(one.units, one.missing, one.score) for one in found.equipment] == [(7, 3, None)]


def test_a_rebased_model_fits_again() -> None:
    frame = chamber(40, 5, start=LATER, changes={"pressure": everywhere(0.25)})
    assert drift(learnt().model, table(frame)).fits is Fits.NO
    assert drift(rebase(learnt().model, table(frame)).model, table(frame)).fits is Fits.YES


def test_golden_rows_fit_themselves() -> None:
    assert drift(learnt().model, learnt().golden.table).fits is Fits.YES


def test_a_golden_wafer_unlike_the_others_does_not_raise_the_limit() -> None:
    odd = in_steps(5.0, "main")
    frame = chamber(30, changes={"leak": lambda wafer, step: odd(wafer, step) * (wafer == 17)})
    scores = golden_scores(learn(choose(table(frame)), detector="statistical").model, "E1")
    assert len(scores) == 29
    assert scores.max() < 3


def test_what_was_found_before_gives_the_same_answer() -> None:
    frame = chamber(20, 5, start=LATER, changes={"leak": everywhere(1.0)})
    assert drift(learnt().model, table(frame), learnt().model.detect(frame)) == drift(learnt().model, table(frame))


def test_a_model_that_is_no_monitor_names_sensors_by_their_share() -> None:
    model = waferwatch.fit(chamber(40), detector="statistical")
    found = drift(model, table(chamber(20, 5, start=LATER, changes={"leak": everywhere(1.0)})))
    assert found.fits is Fits.NO
    assert (found.sensors[0].sensor, found.sensors[0].spreads) == ("leak", None)
    assert found.sensors[0].share > 0.5
    assert found.notes


def test_rows_without_wafers_are_looked_at_in_stretches() -> None:
    model = learn(choose(table(stream(5000))), detector="statistical").model
    assert drift(model, table(stream(4000, 1, start=LATER))).fits is Fits.YES
    moved = drift(model, table(stream(4000, 1, start=LATER, offset=0.3)))
    assert (moved.fits, moved.sensors[0].sensor) == (Fits.NO, "flow")
    assert drift(model, table(stream(2000, 1, start=LATER, offset=0.3))).fits is Fits.UNKNOWN


@pytest.mark.parametrize("seed", [3, 21])
def test_a_virtual_fab_without_faults_fits_through_its_wander_and_maintenance(seed: int) -> None:
    frame = waferwatch.generate(24_000, 2, seed, faults=False).drop(columns=["anomaly", "fault_kind"])
    times = frame["timestamp"]
    third = times.iloc[0] + (times.iloc[-1] - times.iloc[0]) / 3
    whole = table_from_frame(frame, name="fab")
    model = learn(choose(whole, GoldenChoice(end=str(third))), detector="statistical").model
    assert drift(model, only_rows(whole, np.flatnonzero(times > third))).fits is Fits.YES


def test_a_drift_is_described_as_json() -> None:
    said = drift(learnt().model, table(chamber(20, 5, start=LATER, changes={"leak": everywhere(1.0)}))).to_dict()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert said["fits"] == "no"
