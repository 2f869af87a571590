"""The scores of a point's sensors, made into one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from waferwatch.detectors.sensors import combine

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
