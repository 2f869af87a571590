"""Distances of whole runs from the normal ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.detectors.runs.distances import RunDistances


def normal(runs: int = 60, points: int = 24, seed: int = 0) -> np.ndarray:
    """Runs that differ in two ways and by noise."""
    rng = np.random.default_rng(seed)
    ways = np.stack([np.ones(points), np.sin(np.arange(points))])
    return (rng.standard_normal((runs, 2)) @ ways + 0.1 * rng.standard_normal((runs, points))).astype(np.float32)


def test_runs_like_the_normal_ones_are_told_in_their_spreads() -> None:
    found = RunDistances.learn(normal()).of(normal(200, seed=1))
    assert found.mean(axis=0) == pytest.approx(0, abs=0.6)
    assert found.std(axis=0) == pytest.approx(1, abs=0.5)


def test_many_runs_of_few_points_are_as_far_as_their_components_say() -> None:
    rows = normal(200)
    _, lengths, axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    judged = normal(5, seed=1)
    parts = np.abs((judged - rows.mean(axis=0)) @ axes.T) / (lengths / np.sqrt(len(rows)))
    assert RunDistances.learn(rows).spread(judged) == pytest.approx(parts.sum(axis=1), rel=1e-3)


def test_a_run_that_is_off_is_far_in_both_ways() -> None:
    distances = RunDistances.learn(normal())
    bad = normal(1, seed=1)
    bad[:, 10:13] += 6
    (found,) = distances.of(bad)
    assert (found > 1.3 * distances.of(normal(50, seed=2)).max(axis=0)).all()


def test_with_few_runs_a_normal_one_is_not_taken_for_far() -> None:
    found = RunDistances.learn(normal(12)).of(normal(200, seed=1))
    assert np.median(found) < 1.5  # without leaving runs out, each would be tens of spreads away


def test_each_run_is_judged_by_itself() -> None:
    distances, rows = RunDistances.learn(normal()), normal(5, seed=1)
    together = distances.of(rows)
    for row, one in zip(rows, together, strict=True):
        assert distances.of(row[None])[0] == pytest.approx(one, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("level", [0.0, 30.0, -7.5])
def test_equal_normal_runs_divide_by_no_zero(level: float) -> None:
    rows = np.full((8, 24), level, np.float32) + np.arange(24, dtype=np.float32)
    distances = RunDistances.learn(rows)
    found = distances.of(np.stack([rows[0], rows[0] + 1, rows[0] + 1e4]))
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=0) > 0).all()
    assert found[0] == pytest.approx(0, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 30), st.integers(1, 40), st.integers(0, 1000), st.sampled_from([0.0, 1e-7, 1.0, 1e4]))
def test_whatever_the_runs_are_the_distances_are_finite(runs: int, points: int, seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    rows = (size * rng.choice([0.0, 1.0, -1.0, 0.5], (runs, points))).astype(np.float32)
    rows[rng.random(runs) < 0.4] = rows[0]  # runs that are there twice
    judged = (1e4 * rng.standard_normal((3, points))).astype(np.float32)
    assert np.isfinite(RunDistances.learn(rows).of(np.concatenate([rows, judged]))).all()
