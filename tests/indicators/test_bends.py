"""Slow bends of a trace, which single rows hide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_wafers import MadeFault, made

import waferwatch
from waferwatch.indicators.frames import indicator_frame, limit_frame
from waferwatch.indicators.indicators import BEND as BENDS
from waferwatch.indicators.learnt.eighths import EIGHTHS, bends, usual_spread
from waferwatch.indicators.learnt.left_out import TAILS
from waferwatch.indicators.learnt.limits import LEAST_BEND, SPREADS
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.model import Model
from waferwatch.scoring.result import Detection
from waferwatch.scoring.wafers import judged_again

BEND = MadeFault("shape", 1, 50, 4, 3.5)
OLD_MODEL = Path(__file__).parents[1] / "scoring" / "model_of_0_5_0"


@pytest.fixture(scope="module")
def model() -> Model:
    frame = made(100, wafers=40)[0]
    return waferwatch.fit(frame, detector="statistical")


@pytest.fixture(scope="module")
def found(model: Model) -> Detection:
    return model.detect(made(100, wafers=70, faults=(BEND,))[0])


def test_a_slow_bend_that_single_rows_hide_is_found_and_named(found: Detection):
    bent = [run for run in found.runs if run.abnormal]
    assert {(run.equipment, run.lot, run.wafer) for run in bent} == {
        ("PM2", "L1002", str(wafer)) for wafer in range(1, 5)
    }
    assert {(run.step, run.sensor, run.statistic, run.direction) for run in bent} == {
        ("main_etch", "he_flow", "bend", "other")
    }
    last = bent[-1]
    assert last.reason == "he_flow in main_etch: the trace bends slowly off its course, wafers in a row: 4"
    assert last.value > last.upper > last.usual
    assert last.lower is None


def test_it_is_found_as_well_on_a_large_value_whose_noise_is_small(found: Detection):
    golden, later = (made(100, wafers=wafers, faults=faults)[0] for wafers, faults in ((40, ()), (70, (BEND,))))
    for frame in (golden, later):
        frame["he_flow"] += 1e7  # as a frequency in hertz
    shifted = waferwatch.fit(golden, detector="statistical").detect(later)
    assert [run.abnormal for run in shifted.runs] == [run.abnormal for run in found.runs]
    values = [[run.value for run in one.runs if run.abnormal] for one in (shifted, found)]
    assert values[0] == pytest.approx(values[1], rel=1e-4)


def test_it_stands_among_the_indicators_and_the_limits(found: Detection):
    judged = judged_again(table_from_frame(made(100, wafers=70, faults=(BEND,))[0]), found)
    assert judged is not None
    indicators = indicator_frame(judged)
    beyond = indicators[(indicators["statistic"] == "bend") & (indicators["beyond"] == 1)]
    assert set(zip(beyond["step"], beyond["sensor"], strict=True)) == {("main_etch", "he_flow")}
    limits = limit_frame(judged.model)
    mine = limits[limits["statistic"] == "bend"].set_index(["equipment", "step", "sensor"])
    assert mine["lower"].isna().all()
    assert (mine["upper"].xs("main_etch", level="step") > mine["usual"].xs("main_etch", level="step")).all()


def test_steps_of_few_rows_do_without_it(found: Detection):
    limits = limit_frame(found.wafers)
    known = limits[(limits["statistic"] == "bend") & limits["upper"].notna()]
    assert set(known["step"]) == {"main_etch", "over_etch"}  # of 40 and 16 rows; the others have 6 to 12


def test_a_step_of_another_length_is_not_blamed_for_its_bend(model: Model):
    longer = made(100, wafers=60, faults=(MadeFault("length", 1, 50, 3, 6.0),))[0]
    found = model.detect(longer)
    judged = judged_again(table_from_frame(longer), found)
    cells = [at for at, run in enumerate(judged.cells.run) if found.runs[run].abnormal]
    mine = [at for at in cells if judged.cells.names[judged.cells.stage[at]].step == "main_etch"]
    columns = [at for at, one in enumerate(judged.deviations.columns) if one.statistic == "bend"]
    assert len(mine) == 3
    assert np.isnan(judged.deviations.off[np.ix_(mine, columns)]).all()


def test_a_bend_counts_as_much_wherever_in_the_step_it_lies():
    place = (np.arange(EIGHTHS) + 0.5) / EIGHTHS
    turned = [np.cos(2 * np.pi * (place - at)) for at in (0.0, 0.125, 0.25, 0.5)]
    found = bends(np.stack(turned)[:, :, None], np.ones((4, EIGHTHS, 1)))
    assert np.ptp(found) < 0.1 * found.mean()


def test_what_eighths_spread_is_that_of_golden_wafers_but_for_the_odd_one():
    rng = np.random.default_rng(0)
    means = rng.normal(0, np.linspace(0.3, 0.6, EIGHTHS)[:, None], (200, EIGHTHS, 2))
    means[0] = 50.0
    np.testing.assert_allclose(usual_spread(means, 40)[:, 0], np.linspace(0.3, 0.6, EIGHTHS), rtol=0.2)
    assert np.isnan(usual_spread(means, 15)).all()


def test_a_sensor_at_rest_that_flickers_once_does_not_bend():
    spread = usual_spread(np.zeros((40, EIGHTHS, 1)), 40)
    once = np.zeros((1, EIGHTHS, 1))
    once[0, 3] = 2 / 5  # one row of five is off by the sensor's least step, which is two spreads of a row at rest
    assert 0 < bends(once, spread[None])[0, 0] < LEAST_BEND * SPREADS


def test_chance_alone_bends_hardly_a_trace_beyond_a_limit():
    found = bends(np.random.default_rng(0).normal(size=(1_000_000, EIGHTHS, 1)), np.ones((1, EIGHTHS, 1)))
    limit = np.median(found) + TAILS[BENDS] * 5.9 * found.std()  # 35 wafers and a sister say what a spread is
    assert (found > limit).sum() <= 5


def test_a_golden_wafer_that_bends_is_learnt_from_like_the_others():
    frame = made(100, wafers=40, faults=(MadeFault("shape", 1, 20, 1, 4.0),))[0]
    assert waferwatch.fit(frame, detector="statistical").wafers.wafers == 80


def test_a_model_of_before_judges_wafers_as_it_did():
    frame = waferwatch.generate(rows=3200, equipment=1, seed=3)
    frame = frame[["timestamp", "equipment", "lot", "wafer", "recipe", "step", "pressure_mTorr"]]
    model = waferwatch.load(OLD_MODEL)
    found = model.detect(frame)
    assert "bend" not in set(limit_frame(found.wafers)["statistic"])
    np.testing.assert_allclose([run.ratio for run in found.runs], np.load(OLD_MODEL / "ratios.npy"), rtol=1e-6)


def test_bends_are_saved_with_the_model(model: Model, found: Detection, tmp_path: Path):
    model.save(tmp_path / "model")
    again = waferwatch.load(tmp_path / "model").detect(made(100, wafers=70, faults=(BEND,))[0])
    assert [run.statistic for run in again.runs] == [run.statistic for run in found.runs]
    assert "bend" in {run.statistic for run in again.runs}
