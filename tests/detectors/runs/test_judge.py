"""Runs judged as wholes, and the points within them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.detectors.made import separate, stream
from waferwatch.detectors.base import Scores
from waferwatch.detectors.normal import measure
from waferwatch.detectors.runs import judge
from waferwatch.detectors.runs.judge import RunJudge, Traces
from waferwatch.detectors.statistical import StatisticalDetector
from waferwatch.errors import Cancelled
from waferwatch.series.series import Series
from waferwatch.series.steps import Steps, ticks


def judged_by(reference: list[Series], judged: list[Series]) -> list[Scores]:
    return RunJudge(reference, measure(reference), [Traces()]).score(judged)


def of_runs(scores: list[Scores]) -> np.ndarray:
    """The mean of each run's points."""
    return np.array([one.points.mean() for one in scores])


def spoilt(run: Series, points: slice, by: float, sensor: int = 1) -> Series:
    values = run.values.copy()
    values[points, sensor] += by
    return replace(run, values=values)


@pytest.mark.parametrize("steps", [True, False])
def test_a_bad_run_among_runs_of_differing_length_has_the_highest_score(steps: bool) -> None:
    runs = separate(40, seed=1, stretch=0.25, steps=steps)
    runs[23] = spoilt(runs[23], slice(40, 60), 15.0 if not steps else 5.0)
    scores = judged_by(separate(40, stretch=0.25, steps=steps), runs)
    assert of_runs(scores).argmax() == 23
    assert scores[23].contributions.sum(axis=0).argmax() == 1


def test_a_run_one_step_of_which_comes_late_has_the_highest_score() -> None:
    runs = separate(40, seed=1)
    values = runs[7].values.copy()
    values[35:55] = values[30:50]
    runs[7] = replace(runs[7], values=values)
    assert of_runs(judged_by(separate(40), runs)).argmax() == 7


def test_a_spike_of_one_point_is_where_its_run_scores_highest() -> None:
    runs = separate(20, seed=1)
    runs[4] = spoilt(runs[4], slice(55, 56), 12.0)
    points = judged_by(separate(40), runs)[4].points
    assert abs(int(points.argmax()) - 55) <= judge.SMOOTH // 2
    assert points.max() > 1.2 * np.median(points)


def test_contributions_add_up_to_the_score() -> None:
    runs = separate(10, seed=1)
    runs[3].values[20:40, 0] = np.nan
    runs[4].values[20:40] = np.nan
    for one in judged_by(separate(20), runs):
        np.testing.assert_allclose(one.contributions.sum(axis=1), one.points, rtol=1e-5)


def test_points_without_a_reading_are_not_judged_and_the_others_are() -> None:
    (run,) = separate(1, seed=1)
    run.values[20:40] = np.nan
    (found,) = judged_by(separate(20), [run])
    assert np.isnan(found.points[20:40]).all()
    assert not np.isnan(np.delete(found.points, np.s_[20:40])).any()


def test_a_score_does_not_depend_on_the_other_runs() -> None:
    runs = separate(40, seed=1)
    runs[0] = spoilt(runs[0], slice(None), 1e6)
    fitted = RunJudge(separate(20), measure(separate(20)), [Traces()])
    together = fitted.score(runs)
    for one, run in zip(together[::7], runs[::7], strict=True):
        (alone,) = fitted.score([run])
        np.testing.assert_allclose(alone.points, one.points, rtol=1e-4)
        np.testing.assert_allclose(alone.contributions, one.contributions, rtol=1e-3, atol=1e-5)


def test_a_run_that_is_too_short_is_not_judged() -> None:
    whole, stump = separate(2, seed=1)
    found = judged_by(separate(20), [whole, stump.at(slice(15)), stump.at(slice(1))])
    assert [bool(np.isnan(one.points).all()) for one in found] == [False, True, True]


def test_short_runs_of_a_reference_do_not_crowd_out_the_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "MOST_RUNS", 10)
    runs = [one.at(slice(15)) for one in separate(300, steps=False)]
    runs[7:299:37] = [one.at(slice(20)) for one in separate(8, seed=1, steps=False)]
    (found,) = judged_by(runs, [separate(1, seed=2)[0].at(slice(20))])
    assert np.isfinite(found.points).all()


def test_steps_that_never_come_again_are_left_aside() -> None:
    def counted(runs: list[Series]) -> list[Series]:
        first = np.cumsum([0, *map(len, runs)])
        return [
            replace(one, steps=Steps(start + np.arange(len(one)), np.zeros(len(one), np.int64)))
            for one, start in zip(runs, first, strict=False)
        ]

    reference, runs = separate(20, steps=False), separate(10, seed=1, steps=False)
    bare, numbered = judged_by(reference, runs), judged_by(counted(reference), counted(runs))
    for one, other in zip(bare, numbered, strict=True):
        np.testing.assert_array_equal(one.points, other.points)


def test_two_kinds_of_runs_are_both_normal_and_a_mixture_is_not() -> None:
    def of(recipe: int, runs: list[Series]) -> list[Series]:
        return [
            replace(one, values=one.values + 10 * recipe, steps=Steps(one.steps.stage + recipe, one.steps.tick))
            for one in runs
            if one.steps is not None
        ]

    reference = of(0, separate(30)) + of(100, separate(30, seed=1))
    runs = of(0, separate(10, seed=2)) + of(100, separate(10, seed=3))
    runs.append(replace(runs[3], values=runs[3].values + 500))
    assert of_runs(judged_by(reference, runs)).argmax() == 20


def test_learning_and_scoring_can_be_stopped() -> None:
    def stop(_share: float) -> None:
        raise Cancelled("Stopped.")

    reference = separate(20)
    with pytest.raises(Cancelled):
        RunJudge(reference, measure(reference), [Traces()], stop)
    fitted = RunJudge(reference, measure(reference), [Traces()])
    with pytest.raises(Cancelled):
        fitted.score(reference, stop)


@st.composite
def wild_runs(draw: st.DrawFn) -> list[Series]:
    """Runs of 1 to 60 points: some there twice, sensors constant or missing, steps of any kind or none."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    kind = draw(st.sampled_from(["noise", "equal", "constant", "missing", "huge"]))
    has_steps = draw(st.booleans())
    runs = []
    for number in range(draw(st.integers(8, 14))):
        points = (
            40 if kind == "equal" else int(rng.choice([1, 5, 16, 38, 40, 41, 60], p=[0.05] * 3 + [0.25] * 3 + [0.1]))
        )
        values = np.tile(np.arange(points)[:, None] % 7.0, (1, 2)) if kind == "equal" else rng.normal(size=(points, 2))
        if kind == "constant":
            values[:, 1] = 3.7
        if kind == "missing":
            values[:, 1] = np.nan
            values[rng.random(points) < 0.3, 0] = np.nan
        if kind == "huge":
            values *= 1e100
        stage = (
            np.cumsum(rng.random(points) < 0.2) % int(rng.integers(1, 6)) if rng.random() < 0.8 else np.arange(points)
        )
        begin = np.append(True, np.diff(stage) != 0)
        steps = Steps(stage.astype(np.int64), ticks(begin)) if has_steps else None
        runs.append(Series(values, np.arange(points), None, ("E1", str(number)), ("E1",), steps=steps))
    return runs


@settings(max_examples=80, deadline=None)
@given(wild_runs(), wild_runs())
def test_whatever_the_runs_are_each_point_has_a_finite_score_or_none(
    reference: list[Series], judged: list[Series]
) -> None:
    detector = StatisticalDetector().fit(reference)
    for runs in (reference, judged):
        for run, one in zip(runs, detector.score(runs), strict=True):
            assert one.points.shape == (len(run),)
            assert not np.isinf(one.points).any()
            assert not np.isinf(one.contributions).any()
            known = ~np.isnan(one.points)
            assert (one.points[known] >= 0).all()
            np.testing.assert_allclose(one.contributions[known].sum(axis=1), one.points[known], rtol=1e-4, atol=1e-6)


def test_eight_equal_runs_are_enough_to_tell_another_one() -> None:
    (run,) = separate(1)
    equal = [replace(run, key=("E1", str(number))) for number in range(8)]
    calm, odd = judged_by(equal, [run, spoilt(run, slice(10, 40), 5.0)])
    assert np.isfinite(odd.points).all()
    assert odd.points.mean() > 3 * calm.points.mean()


def test_streams_are_not_judged_as_runs() -> None:
    detector = StatisticalDetector().fit([stream(20, seed) for seed in range(8)])
    (found,) = detector.score([stream(3, seed=9)])
    assert len(np.unique(found.points)) > 50


def known(runs: list[Series]) -> list[Series]:
    return [replace(one, reference=np.ones(len(one), bool)) for one in runs]


def test_bad_runs_among_those_taken_to_be_normal_are_found_all_the_same() -> None:
    runs = separate(60, seed=1)
    bad = [3, 20, 21, 40, 55]
    for number in bad:
        runs[number] = spoilt(runs[number], slice(35, 65), 6.0)
    assert sorted(of_runs(judged_by(runs, runs)).argsort()[-len(bad) :].tolist()) == bad


def test_runs_that_are_known_to_be_normal_are_all_learnt_from() -> None:
    runs = separate(40, seed=1)
    runs += [spoilt(one, slice(35, 65), 6.0) for one in separate(6, seed=2)]
    fresh = [spoilt(one, slice(35, 65), 6.0) for one in separate(4, seed=3)]
    assert of_runs(judged_by(known(runs), fresh)).max() < 0.5 * of_runs(judged_by(runs, fresh)).min()


@pytest.mark.filterwarnings("error")
def test_runs_without_a_reading_are_not_learnt_from() -> None:
    runs = separate(20, seed=1)
    runs[5] = replace(runs[5], values=np.full_like(runs[5].values, np.nan))
    scores = judged_by(runs, runs)
    assert np.isnan(scores[5].points).all()
    assert all(np.isfinite(one.points).all() for number, one in enumerate(scores) if number != 5)
