import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from waferwatch.detectors.moment.calibration import Reading, calibrate, sensor_scores
from waferwatch.detectors.moment.sensors import combine
from waferwatch.detectors.moment.standard import HIGHEST, LOWEST, movement


def reading(activity=None, **heads):
    """Heads of one sensor, (n,) each."""
    heads = {name: np.asarray(values, np.float32).reshape(len(values), -1) for name, values in heads.items()}
    shape = next(iter(heads.values())).shape
    moves = np.zeros(shape, np.float32) if activity is None else np.asarray(activity, np.float32).reshape(shape)
    return Reading(heads, moves)


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
    calibration = calibrate([reading(small=rng.normal(0, 0.05, 1000), large=rng.normal(500, 100, 1000))])
    small = sensor_scores(reading(small=[1.0], large=[500.0]), calibration)
    large = sensor_scores(reading(small=[0.0], large=[2500.0]), calibration)
    assert small[0, 0] == pytest.approx(large[0, 0], rel=0.15)


@pytest.mark.parametrize(("value", "score"), [(-1e9, 0), (1e9, HIGHEST - LOWEST)])
def test_scores_stay_within_their_bounds(value, score):
    calibration = calibrate([reading(a=np.random.default_rng(0).normal(size=500))])
    assert sensor_scores(reading(a=np.full(5, value)), calibration)[:, 0].tolist() == [score] * 5


def test_a_spike_shows_in_its_point_and_a_long_weak_fault_in_its_stretch():
    rng = np.random.default_rng(0)
    calibration = calibrate([reading(restore=rng.normal(size=5000))])
    values = rng.normal(size=1000)
    values[200] += 20
    values[600:700] += 1.5
    scores = sensor_scores(reading(restore=values), calibration)[:, 0]
    usual = np.quantile(scores[:150], 0.99)
    assert scores[200] > 2 * usual
    assert (scores[610:690] > usual).mean() > 0.95


def test_what_is_usual_in_a_step_change_is_a_fault_while_the_step_holds():
    rng = np.random.default_rng(0)
    moving = np.arange(4000) % 50 < 10
    errors = np.where(moving, 1.0, 0.05) * np.abs(rng.normal(size=4000))
    calibration = calibrate([reading(activity=moving, restore=errors)])
    asked = errors[:400].copy()
    asked[230] = 1.0  # holds
    asked[205] = 1.0  # moves
    scores = sensor_scores(reading(activity=moving[:400], restore=asked), calibration)[:, 0]
    assert scores[230] == scores.max()
    assert scores[205] < scores[230] / 2


def test_a_fault_does_not_seem_to_begin_long_before_it_does():
    rng = np.random.default_rng(0)
    calibration = calibrate([reading(restore=rng.normal(size=5000))])
    values = rng.normal(size=1000)
    values[500:600] += 8
    scores = sensor_scores(reading(restore=values), calibration)[:, 0]
    assert scores[500:600].min() > scores[:480].max()


def test_a_head_without_values_in_the_reference_is_left_out():
    calibration = calibrate([reading(a=np.ones(5), b=np.full(5, np.nan))])
    assert set(calibration.point) == {"a"}


def test_movement_is_large_at_a_step_and_nothing_where_a_sensor_holds_or_was_not_measured():
    values = np.zeros((300, 2))
    values[150:, 0] = 5
    values[:, 1] = np.nan
    moves = movement(values)
    assert moves[150, 0] == pytest.approx(5, abs=0.5)
    assert (moves[:130, 0] == 0).all()
    assert (moves[:, 1] == 0).all()
