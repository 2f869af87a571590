"""Sensors that hunt around their level, and sensors that stand still: both lie where they usually lie."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.models.ensemble.features.course import JUMP_REACH, jumps, rates
from waferwatch.models.ensemble.features.still import EXCESS, Still
from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.models.ensemble.preparation.columns import Columns
from waferwatch.read.virtual_fab.generate import generate
from waferwatch.scoring.model import Model
from waferwatch.series.steps import Steps

POINTS, RUNS = 40, 20
PRESSURE, VALVE, GAS = "pressure_mTorr", "throttle_valve_pct", "cf4_flow_sccm"


def chain(*runs: np.ndarray) -> Chain:
    """Of (S, n) each."""
    return Chain.of([Columns(one.astype(np.float32), np.ones(one.shape, bool)) for one in runs])


def steps(runs: int, points: int = POINTS, stage: int = 1) -> Steps:
    return Steps(np.full(runs * points, stage), np.tile(np.arange(points), runs))


def reference(decimals: int = 1, seed: int = 0) -> Chain:
    rng = np.random.default_rng(seed)
    return chain(*(np.round(rng.normal(size=(1, POINTS)), decimals) for _ in range(RUNS)))


def learnt(normal: Chain) -> Still:
    return Still.learn(normal, steps(RUNS), np.ones(len(normal), bool))


def frozen(value: float, first: int, last: int) -> Chain:
    values = np.random.default_rng(9).normal(size=(1, POINTS))
    values[0, first:last] = value
    return chain(values)


class TestJumps:
    def test_a_level_that_has_moved_changes_no_more_than_before(self) -> None:
        values = np.random.default_rng(0).normal(size=(2, 30))
        np.testing.assert_allclose(rates(chain(values + 100)).values, rates(chain(values)).values, atol=1e-4)

    def test_a_spike_is_seen_around_its_row_alone(self) -> None:
        values = np.zeros((1, 30))
        values[0, 15] = 5
        found = jumps(rates(chain(values)))[0]
        assert np.flatnonzero(found).tolist() == list(range(15 - JUMP_REACH, 17 + JUMP_REACH))

    def test_nothing_reaches_from_one_run_into_the_next(self) -> None:
        one, other = np.random.default_rng(1).normal(size=(2, 1, 7))
        alone = [jumps(rates(chain(run))) for run in (one, other + 50)]
        np.testing.assert_array_equal(jumps(rates(chain(one, other + 50))), np.concatenate(alone, axis=1))

    def test_runs_of_one_or_two_points_have_jumps(self) -> None:
        found = jumps(rates(chain(np.ones((1, 1)), np.array([[0.0, 4.0]]))))
        assert found.round(2).tolist() == [[0, 2.83, 2.83]]


class TestStill:
    def test_a_sensor_that_repeats_one_value_for_long_stands_out_where_it_does(self) -> None:
        found = learnt(reference()).excess(frozen(0.3, 10, 30), steps(1))[0]
        assert (found[10:30] >= EXCESS).all()
        assert (found[:10] == 0).all()
        assert (found[30:] == 0).all()

    def test_a_few_equal_values_say_nothing(self) -> None:
        assert not learnt(reference()).excess(frozen(0.3, 10, 16), steps(1)).any()

    def test_a_sensor_of_coarse_steps_may_repeat_itself(self) -> None:
        coarse = learnt(reference(decimals=0))
        assert coarse.longest[0, 0] > learnt(reference()).longest[0, 0]
        assert not coarse.excess(frozen(0.0, 10, 22), steps(1)).any()

    def test_the_end_of_the_scale_is_no_fault(self) -> None:
        normal = reference()
        lowest = float(normal.values.min())
        assert not learnt(normal).excess(frozen(lowest, 5, 35), steps(1)).any()
        assert not learnt(normal).excess(frozen(lowest - 1, 5, 35), steps(1)).any()

    def test_a_step_or_a_reference_that_is_not_known_says_nothing(self) -> None:
        assert not learnt(reference()).excess(frozen(0.3, 5, 35), steps(1, stage=2)).any()
        short = chain(*(np.zeros((1, POINTS)) + np.arange(POINTS) for _ in range(2)))
        few = Still.learn(short, steps(2), np.ones(len(short), bool))
        assert not few.excess(frozen(0.3, 5, 35), steps(1)).any()

    @pytest.mark.parametrize(("points", "still"), [(8, False), (9, True)])
    def test_a_repetition_counts_from_the_first_point_beyond_what_is_allowed(self, points: int, still: bool) -> None:
        values = np.arange(40, dtype=np.float32)
        values[10 : 10 + points] = 10.5
        one = Chain(values[None], np.ones((1, 40), bool), np.zeros(1, np.int64), np.zeros(1, np.int64))
        known = Still(np.zeros(1, np.int64), np.full((1, 1), 8.0), np.full(1, -1.0), np.full(1, 100.0))
        excess = known.excess(one, Steps(np.zeros(40, np.int64), np.arange(40)))
        assert np.flatnonzero(excess[0]).tolist() == (list(range(10, 10 + points)) if still else [])

    def test_reference_rows_never_stand_still(self) -> None:
        assert not learnt(reference(0)).excess(reference(0), steps(RUNS)).any()

    def test_readings_that_were_not_measured_repeat_nothing(self) -> None:
        values = np.full((1, POINTS), 0.3, np.float32)
        gap = Chain.of([Columns(values, np.zeros(values.shape, bool))])
        assert not learnt(reference()).excess(gap, steps(1)).any()


@pytest.fixture(scope="module")
def fab() -> pd.DataFrame:
    return generate(9_000, 1, seed=1, faults=False).drop(columns=["anomaly", "fault_kind"])


@pytest.fixture(scope="module")
def model(fab: pd.DataFrame) -> Model:
    return waferwatch.fit(fab[:6_000], detector="statistical")


def etching(fab: pd.DataFrame) -> np.ndarray:
    """Rows of an etch step behind the reference, after its sensors have settled."""
    inside = (fab["step"] == "etch") & (fab.index > 7_000)
    first = int(np.flatnonzero(inside)[0]) + 8
    return np.arange(first, first + 20)


def test_a_reading_that_is_missing_where_a_step_changes_is_no_jump(fab: pd.DataFrame, model: Model) -> None:
    rows = etching(fab)
    power_on = int(np.flatnonzero(fab["step"].to_numpy()[: rows[0]] == "stabilise")[-1]) + 1
    holed = fab.copy()
    holed.loc[[power_on, rows[0] - 8], ["rf_forward_W", "dc_bias_V", VALVE]] = np.nan
    assert not model.detect(holed).flags[6_000:].any()


@pytest.mark.parametrize("fault", ["chatter", "frozen"])
def test_a_fault_that_leaves_the_mean_is_found_and_its_sensor_named(
    fab: pd.DataFrame, model: Model, fault: str
) -> None:
    rows, broken = etching(fab), fab.copy()
    sensor = VALVE if fault == "chatter" else GAS
    if fault == "chatter":
        broken.loc[rows, sensor] += 2.0 * np.where(rows % 2, 1, -1)
    else:
        broken.loc[rows, sensor] = broken.loc[rows[0], sensor] + 0.005
    found, calm = model.detect(broken), model.detect(fab)
    assert not calm.flags[rows].any()
    assert found.flags[rows].any()
    assert model.features[int(found.contributions[rows].sum(axis=0).argmax())] == sensor
