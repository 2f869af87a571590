"""What sensors show together and none shows alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.detectors.columns import Columns
from waferwatch.detectors.joint_windows import MOST_DIRECTIONS, SHAPES, JointWindowReader
from waferwatch.detectors.statistical import StatisticalDetector, statistical_joint_readers
from waferwatch.series.series import Series

BROKEN = slice(1500, 1540)


def pairs(points: int, sensors: int, seed: int) -> np.ndarray:
    """(n, S) two sensors each follow a course of their own kind of time."""
    rng = np.random.default_rng(seed)
    courses = np.repeat(rng.standard_normal((points // 25 + 1, (sensors + 1) // 2)), 25, axis=0)[:points]
    return np.repeat(courses, 2, axis=1)[:, :sensors] + 0.05 * rng.standard_normal((points, sensors))


def broken(sensors: int = 2, seed: int = 1) -> np.ndarray:
    """The first sensor does for a while what it did at another time."""
    values = pairs(2500, sensors, seed)
    values[BROKEN, 0] = values[300:340, 0]
    return values


def columns(values: np.ndarray) -> Columns:
    return Columns(np.ascontiguousarray(values.T.astype(np.float32)), np.ones(values.T.shape, bool))


def series(values: np.ndarray) -> Series:
    return Series(values, np.arange(len(values)), None)


def heads(reference: np.ndarray, judged: np.ndarray) -> dict[str, np.ndarray]:
    return JointWindowReader().fit([columns(reference)]).read(columns(judged))


@pytest.mark.parametrize("sensors", [2, 8, 50, MOST_DIRECTIONS + 30])
def test_a_broken_relation_of_sensors_that_keep_their_range_is_where_joint_heads_are_highest(sensors: int) -> None:
    found = heads(pairs(2500, sensors, 0), broken(sensors))
    assert set(found) == {f"joint {shape.name}" for shape in SHAPES}
    near = np.mean([found["joint level"], found["joint windows"]], axis=0)
    assert BROKEN.start - 20 <= near.argmax() < BROKEN.stop + 20


def test_a_broken_relation_raises_the_score_of_the_detector() -> None:
    detector = StatisticalDetector().fit([series(pairs(2500, 2, 0))])
    (found,) = detector.score([series(broken())])
    assert BROKEN.start - 20 <= found.points.argmax() < BROKEN.stop + 20
    np.testing.assert_allclose(found.contributions.sum(axis=1), found.points, rtol=1e-4)


def test_one_faulty_sensor_among_fifty_still_shows() -> None:
    values = pairs(2500, 50, 1)
    values[BROKEN, 17] += 4
    detector = StatisticalDetector().fit([series(pairs(2500, 50, 0))])
    (found,) = detector.score([series(values)])
    assert BROKEN.start - 20 <= found.points.argmax() < BROKEN.stop + 20
    assert found.points[BROKEN].mean() > np.quantile(np.delete(found.points, BROKEN), 0.999)
    assert found.contributions[BROKEN].sum(axis=0).argmax() == 17


def test_one_sensor_has_no_joint_heads() -> None:
    assert statistical_joint_readers(1) == []


def test_reading_says_the_same_each_time_and_whatever_else_is_read() -> None:
    reader = JointWindowReader().fit([columns(pairs(2500, 4, 0))])
    judged = columns(broken(4))
    first = reader.read(judged)
    reader.read(columns(1e4 * pairs(3000, 4, 5)))
    second = reader.read(judged)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


def test_a_reference_too_short_for_a_shape_leaves_it_out() -> None:
    assert "joint near" not in heads(pairs(40, 3, 0), pairs(500, 3, 1))
    assert set(heads(pairs(500, 3, 0), pairs(20, 3, 1))) == {"joint level", "joint windows"}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([1, 2, 5, 70]), st.integers(16, 400), st.integers(1, 400), st.sampled_from(["noise", "constant"])
)
def test_whatever_is_read_the_heads_are_finite(sensors: int, known: int, points: int, kind: str) -> None:
    rng = np.random.default_rng(points)
    reference = rng.standard_normal((known, sensors)) if kind == "noise" else np.zeros((known, sensors))
    judged = rng.choice([0.0, 1e4, -1e4, 3.0], (points, sensors))
    for values in heads(reference, judged).values():
        assert values.shape == (points,)
        assert np.isfinite(values).all()
