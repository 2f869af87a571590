"""Columns, windows of them, and values back on points."""

import numpy as np
import pytest

from waferwatch.detectors.columns import (
    Columns,
    at_centres,
    coarsen,
    over_windows,
    pieces,
    refine,
    window_starts,
    windows,
)


def columns(points, sensors=1):
    values = np.arange(points * sensors, dtype=np.float32).reshape(sensors, points)
    return Columns(values, np.ones(values.shape, bool))


@pytest.mark.parametrize("points", [1, 7, 8, 9, 100])
def test_averaging_and_refining_keep_a_straight_line_and_the_length(points):
    averaged = coarsen(columns(points), 4)
    assert len(averaged) == -(-points // 4)
    fine = refine(averaged.values[0], 4, points)
    assert fine.shape == (points,)
    inside = slice(2, max(2, points // 4 * 4 - 2))
    np.testing.assert_allclose(fine[inside], np.arange(points)[inside], atol=1e-4)


def test_windows_cover_the_series_to_its_end():
    assert window_starts(10, 4, 3).tolist() == [0, 3, 6]
    assert window_starts(11, 4, 3).tolist() == [0, 3, 6, 7]
    assert window_starts(3, 4, 1).tolist() == []


def test_a_single_window_speaks_for_every_point():
    assert at_centres(np.array([2.0]), np.array([0]), 5, 5).tolist() == [2] * 5
    assert over_windows(np.array([2.0]), np.array([0]), 5, 5).tolist() == [2] * 5


def test_a_point_gets_the_mean_of_the_windows_that_hold_it():
    found = over_windows(np.array([0.0, 0.0, 3.0, 0.0]), np.arange(4), 3, 6)
    assert found.tolist() == pytest.approx([0, 0, 1, 1, 1.5, 0])


def test_pieces_are_evenly_spaced_and_bounded():
    taken = pieces([columns(10_000)], 1000, 3000)
    assert [int(one.values[0, 0]) for one in taken] == [0, 4000, 9000] or len(taken) == 3
    assert pieces([columns(10)], 1000, 3000)[0].values.shape == (1, 10)


def test_a_column_shorter_than_a_window_has_no_windows() -> None:
    column = np.zeros(5, np.float32)
    assert windows(column, window_starts(5, 8, 1), 8).shape == (0, 8)
