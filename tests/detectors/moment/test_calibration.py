import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from waferwatch.detectors.moment.calibration import HIGHEST, LOWEST, calibrate, combine, sensor_scores

SENSORS = arrays(np.float32, st.tuples(st.integers(1, 20), st.integers(1, 6)), elements=st.floats(0, 30, width=32))


@given(SENSORS)
def test_contributions_add_up_to_the_score(sensors):
    points, contributions = combine(sensors)
    np.testing.assert_allclose(contributions.sum(axis=1), points, rtol=1e-4, atol=1e-4)


@given(SENSORS)
def test_a_point_scores_between_its_mean_and_its_highest_sensor(sensors):
    points, _ = combine(sensors)
    assert (points <= sensors.max(axis=1) * 1.0001 + 1e-6).all()
    assert (points >= sensors.mean(axis=1) * 0.9999 - 1e-6).all()


def test_a_sensor_that_was_not_measured_carries_nothing_and_a_point_without_any_is_nan():
    points, contributions = combine(np.array([[1, np.nan], [np.nan, np.nan]], np.float32))
    assert points[0] == pytest.approx(1)
    assert contributions[0].tolist() == [1, 0]
    assert np.isnan(points[1])
    assert np.isnan(contributions[1]).all()


def test_one_faulty_sensor_of_fifty_still_shows():
    quiet = np.full((1, 50), 3, np.float32)
    loud = quiet.copy()
    loud[0, 7] = 30
    (quiet_score,), (loud_score,) = combine(quiet)[0], combine(loud)[0]
    assert loud_score > 3 * quiet_score
    assert combine(loud)[1][0].argmax() == 7


def test_heads_of_very_different_size_count_alike():
    rng = np.random.default_rng(0)
    reference = {"small": rng.normal(0, 0.01, (1000, 1)), "large": rng.normal(500, 100, (1000, 1))}
    calibration = calibrate([reference])
    small = sensor_scores({"small": np.array([[0.2]]), "large": np.array([[500.0]])}, calibration)
    large = sensor_scores({"small": np.array([[0.0]]), "large": np.array([[2500.0]])}, calibration)
    assert small[0, 0] == pytest.approx(large[0, 0], rel=0.15)


@pytest.mark.parametrize(("value", "score"), [(-1e9, 0), (1e9, HIGHEST - LOWEST)])
def test_scores_stay_within_their_bounds(value, score):
    calibration = calibrate([{"a": np.random.default_rng(0).normal(size=(500, 1))}])
    assert sensor_scores({"a": np.full((5, 1), value)}, calibration)[:, 0].tolist() == [score] * 5


def test_a_spike_shows_in_its_point_and_a_long_weak_fault_in_its_stretch():
    rng = np.random.default_rng(0)
    calibration = calibrate([{"a": rng.normal(size=(5000, 1))}])
    values = rng.normal(size=(1000, 1))
    values[200] += 20
    values[600:700] += 1.5
    scores = sensor_scores({"a": values}, calibration)[:, 0]
    usual = np.quantile(scores[:150], 0.99)
    assert scores[200] > 2 * usual
    assert (scores[610:690] > usual).mean() > 0.95


def test_a_head_without_values_in_the_reference_is_left_out():
    calibration = calibrate([{"a": np.ones((5, 1)), "b": np.full((5, 1), np.nan)}])
    assert "a" in calibration.level
    assert "b" not in calibration.level
