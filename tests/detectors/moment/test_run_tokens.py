"""Runs as MOMENT's tokens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.detectors.made import separate
from waferwatch.detectors.heads import keep_on
from waferwatch.detectors.moment import checkpoint, run_tokens
from waferwatch.detectors.moment.detector import MomentDetector, MomentOnlyDetector
from waferwatch.detectors.moment.engine import Engine
from waferwatch.detectors.moment.run_tokens import DIRECTIONS, RunTokens
from waferwatch.errors import Cancelled


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(checkpoint.find(None), "cpu", 1)


def traces(runs: int, sensors: int = 2, points: int = 64, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    course = np.sin(np.arange(points) / np.array([[4.0], [9.0], [15.0]])[:sensors])
    return (course + 0.1 * rng.standard_normal((runs, sensors, points))).astype(np.float32)


def learnt(engine: Engine, *given: np.ndarray) -> RunTokens:
    space = RunTokens(engine)
    space.learn(*given, keep_on)
    return space


@pytest.mark.parametrize("points", [8, 64, 512])
def test_a_run_is_a_row_of_reduced_tokens_for_each_sensor(engine: Engine, points: int) -> None:
    space = learnt(engine, traces(3, points=points))
    rows = space.rows(traces(5, points=points, seed=1))
    assert rows.shape[:2] == (2, 5)
    assert rows.shape[2] % (points // 8) == 0
    assert rows.shape[2] <= points // 8 * DIRECTIONS
    assert np.isfinite(rows).all()


def test_rows_are_those_of_their_own_run_and_sensor(engine: Engine) -> None:
    space, given = learnt(engine, traces(6)), traces(4, seed=1)
    rows = space.rows(given)
    for run in range(4):
        assert space.rows(given[run : run + 1])[:, 0] == pytest.approx(rows[:, run], abs=1e-3)
    assert space.rows(given[:, :1])[0] == pytest.approx(rows[0], abs=1e-3)


def test_directions_are_learnt_from_a_bounded_number_of_traces(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    given, judged = traces(40), traces(3, seed=1)
    every = learnt(engine, given).rows(judged)
    monkeypatch.setattr(run_tokens, "MOST_LOOKED_AT", 16)
    some = learnt(engine, given).rows(judged)
    lengths = [np.linalg.norm(rows, axis=-1) for rows in (every, some)]
    assert lengths[1] == pytest.approx(lengths[0], rel=0.1)


def test_learning_can_be_stopped(engine: Engine) -> None:
    def stop() -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        RunTokens(engine).learn(traces(3), stop)


@pytest.mark.parametrize("detector", [MomentDetector, MomentOnlyDetector])
def test_a_bad_run_among_runs_of_differing_length_has_the_highest_score(detector: type[MomentOnlyDetector]) -> None:
    runs = separate(12, seed=1, stretch=0.2)
    values = runs[5].values.copy()
    values[40:60, 1] += 6
    runs[5] = replace(runs[5], values=values)
    scores = detector(threads=1).fit(separate(16, stretch=0.2)).score(runs)
    assert np.argmax([one.points.mean() for one in scores]) == 5
    assert scores[5].contributions.sum(axis=0).argmax() == 1
    np.testing.assert_allclose(scores[5].contributions.sum(axis=1), scores[5].points, rtol=1e-5)
