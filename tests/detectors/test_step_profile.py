"""What a series has beside the normal course of its steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.detectors.made import LENGTHS, STAGES, begins, stream
from waferwatch.detectors.columns import Columns, columns_of
from waferwatch.detectors.normal import measure
from waferwatch.detectors.step_profile import LAST_TICK, StepProfile
from waferwatch.series.series import Series
from waferwatch.series.steps import Steps, ticks

NORMAL = measure([stream(60)])


def columns(series: Series) -> Columns:
    return columns_of(series, NORMAL)


@pytest.fixture(scope="module")
def profile() -> StepProfile:
    reference = stream(60)
    assert reference.steps is not None
    found = StepProfile.learn([columns(reference)], [reference.steps])
    assert found is not None
    return found


def beside(profile: StepProfile, series: Series, *, wanders: bool = True) -> np.ndarray:
    """(n, S)."""
    assert series.steps is not None
    return profile.residual(columns(series), series.steps, wanders=wanders).values.T


def changed(series: Series, points: slice, by: object, sensor: object = slice(None)) -> Series:
    values = series.values.copy()
    values[points, sensor] += by
    return replace(series, values=values)


def test_normal_runs_have_nothing_but_noise_beside_their_course(profile: StepProfile) -> None:
    found = beside(profile, stream(30, seed=1))
    assert np.abs(found.mean(axis=0)).max() < 0.2
    assert found.std(axis=0) == pytest.approx(1, abs=0.25)
    assert np.abs(found).max() < 7


def test_a_step_that_comes_late_in_one_run_shows_there_and_nowhere_else(profile: StepProfile) -> None:
    series = stream(30, seed=1)
    start = begins(series, 17) + LENGTHS[0] - 1
    values = series.values.copy()
    values[start + 5 : start + 20] = values[start : start + 15]  # the valve opens five seconds late
    found = np.abs(beside(profile, replace(series, values=values)))[:, 0]
    assert start <= found.argmax() < start + 15
    assert found.max() > 15
    assert np.delete(found, np.arange(start, start + 25)).max() < 7


def test_drift_over_many_runs_is_not_beside_the_course(profile: StepProfile) -> None:
    series = stream(60, seed=1)
    drifting = changed(series, slice(None), np.linspace(0, 3, len(series))[:, None])  # of a noise of 1
    assert np.abs(beside(profile, drifting)).max() < 7
    assert np.abs(beside(profile, drifting, wanders=False)[-300:].mean()) > 2


def test_a_jump_of_up_to_three_spreads_at_a_maintenance_is_not_beside_the_course(profile: StepProfile) -> None:
    series = stream(30, seed=1)
    jump = changed(series, slice(begins(series, 15), None), 2.5)
    calm, found = np.abs(beside(profile, series)), np.abs(beside(profile, jump))
    assert found.max() < calm.max() + 1
    far = changed(series, slice(begins(series, 15), None), 20.0)
    assert np.abs(beside(profile, far))[begins(series, 16) :].min() > 5  # that far is no maintenance


def test_one_run_that_is_off_does_not_take_its_neighbours_with_it(profile: StepProfile) -> None:
    series = stream(30, seed=1)
    start, stop = begins(series, 12), begins(series, 13)
    found = np.abs(beside(profile, changed(series, slice(start, stop), 8.0)))
    assert found[start:stop].mean() > 5
    assert np.delete(found, np.s_[start:stop], axis=0).max() < 7


def test_a_step_that_lasts_longer_than_ever_stays_where_it_was_last_known(profile: StepProfile) -> None:
    points = 400
    steps = Steps(np.full(points, STAGES[1], np.int64), np.arange(points))
    at_its_level = stream(1, levels=np.tile([[50.0], [60.0], [5.0]], 3)).values[:90]
    values = np.resize(at_its_level, (points, 3))
    series = Series(values, np.arange(points), None, steps=steps)
    assert np.abs(beside(profile, series)[40:]).max() < 8


def test_points_of_an_unknown_step_are_left_as_they_are(profile: StepProfile) -> None:
    series = stream(2, seed=1, stages=(1, 2, 3))
    assert beside(profile, series, wanders=False) == pytest.approx(columns(series).values.T)


def test_a_gap_over_a_step_change_has_nothing_beside_the_course(profile: StepProfile) -> None:
    series = stream(30, seed=1)
    start = begins(series, 10)
    gap = slice(start + LENGTHS[0] - 10, start + LENGTHS[0] + 10)
    values = series.values.copy()
    values[gap, 0] = np.nan
    assert np.abs(beside(profile, replace(series, values=values))[gap, 0]).max() < 4


def test_steps_that_never_come_again_say_nothing() -> None:
    reference = stream(20)
    counter = Steps(np.arange(len(reference)), np.zeros(len(reference), np.int64))
    assert StepProfile.learn([columns(reference)], [counter]) is None


def test_a_step_that_never_ends_says_nothing() -> None:
    points = 3 * LAST_TICK
    series = Series(np.random.default_rng(0).normal(size=(points, 3)), np.arange(points), None)
    endless = Steps(np.full(points, STAGES[0], np.int64), np.arange(points))
    assert StepProfile.learn([columns(series)], [endless]) is None
    again = Steps(endless.stage, np.arange(points) % (LAST_TICK // 2))
    assert StepProfile.learn([columns(series)], [again]) is not None


@st.composite
def wild_steps(draw: st.DrawFn, points: int) -> Steps:
    """One-point steps, steps in any order, some known to the reference and some not."""
    some = draw(st.lists(st.sampled_from([*STAGES, 0, -(2**63), 2**63 - 1]), min_size=1, max_size=30))
    stage = np.resize(np.repeat(some, draw(st.integers(1, 12))), points).astype(np.int64)
    begin = np.append(True, np.diff(stage) != 0) | (np.random.default_rng(points).random(points) < 0.02)
    return Steps(stage, ticks(begin) + draw(st.sampled_from([0, 1, LAST_TICK - 3, 10 * LAST_TICK])))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 300), st.booleans())
def test_whatever_the_steps_are_the_result_is_finite(data: st.DataObject, points: int, wanders: bool) -> None:
    reference = stream(10)
    reference_steps = data.draw(st.one_of(st.just(reference.steps), wild_steps(len(reference))))
    learnt = StepProfile.learn([columns(reference)], [reference_steps])
    if learnt is None:
        return
    values = np.random.default_rng(points).choice([0.0, 1e9, -1e9, 50.0, np.nan], (points, 3))
    series = Series(values, np.arange(points), None, steps=data.draw(wild_steps(points)))
    found = beside(learnt, series, wanders=wanders)
    assert found.shape == (points, 3)
    assert np.isfinite(found).all()
