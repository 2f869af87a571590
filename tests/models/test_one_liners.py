"""Moving variance and squared difference, held against the naive loops they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.models.baselines.one_liners import (
    MovingVarianceScorer,
    SquaredDifferenceScorer,
    moving_variance,
    squared_difference,
)
from waferwatch.series.series import Series


def series(values: np.ndarray) -> Series:
    return Series(values, np.arange(len(values)), None)


def naive_variance(values: np.ndarray, window: int) -> np.ndarray:
    result = np.full(values.shape, np.nan)
    for row, sensor in np.ndindex(values.shape):
        around = values[max(0, row - window // 2) : row + window - window // 2, sensor]
        around = around[~np.isnan(around)]
        if len(around) > 1:
            result[row, sensor] = around.var()
    return result


def naive_difference(values: np.ndarray, points: int) -> np.ndarray:
    result = np.full(values.shape, np.nan)
    for row, sensor in np.ndindex(values.shape):
        before = values[max(0, row - points) : row, sensor]
        before = before[~np.isnan(before)]
        if row >= points and len(before):
            result[row, sensor] = (values[row, sensor] - before.mean()) ** 2
    return result


def wild(seed: int, rows: int, sensors: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    values = generator.standard_normal((rows, sensors))
    values[generator.random(values.shape) < 0.2] = np.nan
    return values


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 70), st.integers(1, 3), st.integers(2, 17))
def test_both_equal_the_naive_loops(seed: int, rows: int, sensors: int, window: int) -> None:
    values = wild(seed, rows, sensors)
    np.testing.assert_allclose(moving_variance(values, window), naive_variance(values, window), atol=1e-12)
    np.testing.assert_allclose(squared_difference(values, window), naive_difference(values, window), atol=1e-12)


def test_the_variance_of_small_noise_far_above_zero_keeps_its_digits() -> None:
    noise = np.random.default_rng(0).standard_normal((3000, 1))
    found = moving_variance(noise + 1e9, 96)
    np.testing.assert_allclose(found, naive_variance(noise + 1e9, 96), rtol=1e-6)


def test_an_outlier_costs_no_digits_of_the_variance_two_windows_away() -> None:
    values = np.random.default_rng(0).standard_normal((3000, 1))
    values[1000] = 1e6
    expected = naive_variance(values, 96)
    np.testing.assert_allclose(moving_variance(values, 96)[1200:], expected[1200:], rtol=1e-9)


def test_many_sensors_are_worked_on_in_parts_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    values = wild(3, 700, 5)
    detector = MovingVarianceScorer().fit([series(values)])
    whole = detector.score([series(values)])[0]
    monkeypatch.setattr("waferwatch.models.baselines.one_liners._ELEMENTS_AT_ONCE", 1500)
    parts = detector.score([series(values)])[0]
    np.testing.assert_allclose(whole.points, parts.points, rtol=1e-12)
    np.testing.assert_allclose(whole.contributions, parts.contributions, rtol=1e-6)


def test_the_mean_of_a_calm_series_is_one_since_each_sensor_is_in_units_of_its_variance() -> None:
    values = np.random.default_rng(0).standard_normal((5000, 2)) * [1e-6, 1e6] + [3, -4e8]
    points = MovingVarianceScorer().fit([series(values)]).score([series(values)])[0].points
    assert points.mean() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("detector", [MovingVarianceScorer, SquaredDifferenceScorer])
@pytest.mark.parametrize("constant", [0.0, 25.0, 1e9])
def test_a_sensor_that_moves_for_the_first_time_scores_above_everything_else(
    detector: type[MovingVarianceScorer | SquaredDifferenceScorer], constant: float
) -> None:
    values = np.random.default_rng(1).standard_normal((1500, 3))
    values[:, 1] = constant
    fitted = detector().fit([series(values[:500])])
    values[1000:1010, 1] += 0.5
    (scores,) = fitted.score([series(values)])
    assert 1000 - 48 <= np.nanargmax(scores.points) < 1010 + 48
    assert int(scores.contributions[1001].argmax()) == 1
    assert scores.points[1001] > 1e3 * np.nanmedian(scores.points)


def test_the_first_three_points_have_nothing_to_differ_from() -> None:
    points = (
        SquaredDifferenceScorer()
        .fit([series(np.arange(50.0)[:, None])])
        .score([series(np.arange(9.0)[:, None])])[0]
        .points
    )
    assert np.isnan(points[:3]).all()
    assert np.isfinite(points[3:]).all()


def test_one_point_has_no_variance_and_two_have() -> None:
    fitted = MovingVarianceScorer().fit([series(np.arange(50.0)[:, None])])
    assert np.isnan(fitted.score([series(np.array([[1.0]]))])[0].points).all()
    assert np.isfinite(fitted.score([series(np.array([[1.0], [4.0]]))])[0].points).all()
