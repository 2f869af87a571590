"""Limits of indicators: how far out they lie, and what widens them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.indicators.cells import StageName, StepCells
from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.judging.leading import bounds
from waferwatch.indicators.learnt.left_out import heavy_tails
from waferwatch.indicators.learnt.limits import IndicatorLimits
from waferwatch.indicators.learnt.relation import trend
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.wafers import judged_again
from waferwatch.series.wafer_runs import WaferRuns

MEANS = [IndicatorColumn(f"s{number}", "mean") for number in range(200)]


def one_stage(wafers: int) -> StepCells:
    """One row a wafer, in one step."""
    at = np.arange(wafers)
    return StepCells(
        WaferRuns(("wafer",), at, at), at, at, at, np.zeros_like(at), [StageName("", "", "")], at * 1.0, True
    )


def limits_of(values: np.ndarray) -> IndicatorLimits:
    cells, all_golden = one_stage(len(values)), np.ones(len(values), np.bool_)
    return IndicatorLimits.learn(values, cells, all_golden, MEANS, np.full(len(MEANS), 1e-9))


@pytest.mark.parametrize("wafers", [25, 40, 100])
def test_spreads_of_normal_wafers_are_right_on_average(wafers: int):
    values = np.random.default_rng(wafers).normal(10, 2, (wafers, len(MEANS)))
    assert float(limits_of(values).spread.mean()) == pytest.approx(2.0, rel=0.06)


def test_a_spread_of_many_wafers_is_known_better_than_by_the_median_distance_alone():
    values = np.random.default_rng(1).normal(0, 1, (40, len(MEANS)))
    off = np.abs(values - np.median(values, axis=0))
    assert limits_of(values).spread.std() < 0.8 * (1.4826 * np.median(off, axis=0)).std()


def test_far_off_golden_wafers_hardly_widen_a_limit():
    values = np.random.default_rng(2).normal(0, 1, (50, len(MEANS)))
    some = values.copy()
    some[:5] += 30
    wide, usual = limits_of(some), limits_of(values)
    assert float(wide.spread.mean()) < 1.3 * float(usual.spread.mean())


def test_values_that_half_of_the_wafers_share_leave_the_others_within_their_limits():
    noise = np.random.default_rng(5)
    rows = noise.choice([24, 25, 26], 60, p=[0.22, 0.56, 0.22])  # of a step in which a gas decays
    values = -2.7 + 0.2 * (rows[:, None] - 25) + noise.normal(0, 0.005, (60, len(MEANS)))
    off = limits_of(values).off(values, one_stage(60), MEANS)
    assert (np.abs(off) < 1).all()


@pytest.mark.parametrize(("lacking", "known"), [(1, True), (4, True), (12, False)])
def test_a_few_golden_wafers_without_a_value_take_no_limit_away(lacking: int, known: bool):
    values = np.random.default_rng(4).normal(10, 2, (40, len(MEANS)))
    some = values.copy()
    some[:lacking, 0] = np.nan
    found, whole = limits_of(some), limits_of(values)
    assert np.isfinite(found.centre[0, 0]) == known
    np.testing.assert_array_equal(found.centre[0, 1:], whole.centre[0, 1:])
    if known:
        assert found.spread[0, 0] == pytest.approx(limits_of(values[lacking:]).spread[0, 0])


def test_a_chamber_whose_golden_wafers_lack_a_sensor_takes_no_limit_from_its_sisters():
    values = np.random.default_rng(5).normal(10, 2, (80, len(MEANS)))
    values[:20, 0] = np.nan
    at = np.arange(80)
    names = [StageName("PM1", "", ""), StageName("PM2", "", "")]
    cells = StepCells(WaferRuns(("wafer",), at, at), at, at, at, (at >= 40).astype(np.int64), names, at * 1.0, True)
    found = IndicatorLimits.learn(values, cells, np.ones(80, np.bool_), MEANS, np.full(len(MEANS), 1e-9))
    assert np.isfinite(found.centre[:, 0]).tolist() == [False, True]
    assert np.isfinite(found.spread[1, 0])


def test_one_odd_wafer_that_is_odd_in_every_step_widens_no_limit():
    rng = np.random.default_rng(3)
    runs, steps = 72, 5
    off = np.clip(rng.normal(0, 1, (runs, 1, 6)), -3, 3) / 4.75 * np.ones((1, steps, 1))
    off[0, :, 0] = 0.98
    run = np.repeat(np.arange(runs), steps)
    assert heavy_tails(off.reshape(-1, 6), run, MEANS[:6])["mean"] == 1.0
    off[:9, :, 0] = 0.98
    assert heavy_tails(off.reshape(-1, 6), run, MEANS[:6])["mean"] > 1.2


def test_a_wafer_that_is_back_is_not_blamed_for_those_before_it():
    off = np.array([0.0] * 20 + [3.5] * 10 + [1.2, 0.3])[:, None]
    found = trend(off, np.zeros(off.shape, np.bool_), one_stage(len(off)))[:, 0]
    assert found[29] > 7
    assert found[30] == found[31] == 0
    small = np.array([0.0] * 20 + [1.5] * 12)[:, None]
    assert trend(small, np.zeros(small.shape, np.bool_), one_stage(32))[-1, 0] > 4


def test_faults_taken_for_normal_do_not_hide_the_others():
    """Nothing is known to be normal, and four faulty wafers are like the others to within twice their limits."""
    frame = waferwatch.generate(rows=20_000, seed=0)
    found = waferwatch.detect(frame.drop(columns=["anomaly", "fault_kind"]), detector="statistical")
    faulty = set(
        frame[frame["anomaly"] == 1][["equipment", "lot", "wafer"]].astype(str).itertuples(index=False, name=None)
    )
    abnormal = {(run.equipment, run.lot, run.wafer): run.ratio for run in found.runs if run.abnormal}
    false = abnormal.keys() - faulty
    assert len(false) <= 1
    assert all(abnormal[wafer] < 1.05 for wafer in false)  # by chance, a hair's breadth beyond
    assert len(abnormal.keys() & faulty) >= 26


def test_a_mean_that_is_the_same_but_for_rounding_is_never_off():
    """Every run is scaled to mean 0 and spread 1, as files of public archives are."""
    rng = np.random.default_rng(4)
    runs = np.sin(np.arange(60) / 9) + rng.normal(0, 0.2, (40, 60))
    scaled = ((runs - runs.mean(axis=1, keepdims=True)) / runs.std(axis=1, keepdims=True)).astype(np.float32)
    frame = pd.DataFrame({"wafer": np.repeat(np.arange(40), 60).astype(str), "value": scaled.ravel()})
    table = table_from_frame(frame)
    judged = judged_again(table, waferwatch.detect(frame, detector="statistical"))
    assert judged is not None
    means = [at for at, one in enumerate(judged.deviations.columns) if one.statistic in ("mean", "spread", "trend")]
    assert float(np.nanmax(np.abs(judged.deviations.spreads[:, means]))) < 0.1


@pytest.mark.parametrize(
    ("statistic", "shown"), [("spread", False), ("settle", False), ("length", False), ("mean", True)]
)
def test_a_limit_that_nothing_can_lie_below_is_not_shown(statistic: str, shown: bool):
    cells, every = one_stage(40), np.ones(40, np.bool_)
    columns = [IndicatorColumn("s", statistic)]
    values = np.abs(np.random.default_rng(5).normal(0.2, 0.3, (40, 1)))
    limits = IndicatorLimits.learn(values, cells, every, columns, np.full(1, 1e-9))
    found = bounds(limits, 0, 0, columns[0])
    assert (found[0] is not None) == shown
    assert not (limits.off(values, cells, columns) < -1).any(), "no verdict rests on it"
    higher = bounds(replace(limits, centre=limits.centre + 1e3), 0, 0, columns[0])
    assert higher[0] is not None
    assert higher[0] > 0
