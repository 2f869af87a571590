import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waferwatch.series.windows import cut, stitch, take

LENGTHS = st.integers(1, 3000)
OVERLAPS = st.integers(0, 500)


@given(LENGTHS, OVERLAPS)
def test_windows_cover_every_point_and_stay_inside(points, overlap):
    where = cut(points, 512, overlap)
    covered = np.zeros(points + where.padding, bool)
    for start in where.starts:
        assert start + 512 <= len(covered)
        covered[start : start + 512] = True
    assert covered[where.padding :].all()
    assert (np.diff(where.starts) > 0).all()


@given(LENGTHS, OVERLAPS)
def test_what_is_taken_and_stitched_again_is_the_series_itself(points, overlap):
    values = np.random.default_rng(points).normal(size=(points, 2)).astype(np.float32)
    where = cut(points, 512, overlap)
    np.testing.assert_allclose(stitch(take(values, where), where), values, atol=1e-5)


def test_a_short_series_is_padded_on_the_left():
    where = cut(3, 512, 64)
    window = take(np.array([[1.0], [2.0], [3.0]]), where)
    assert window.shape == (1, 1, 512)
    assert window[0, 0, -3:].tolist() == [1, 2, 3]
    assert (window[0, 0, :-3] == 0).all()


def test_a_point_that_no_window_may_speak_for_is_nan():
    where = cut(600, 512, 64)
    weights = np.ones((1, len(where.starts), 512), np.float32)
    weights[:, 0, 10] = 0
    stitched = stitch(np.ones_like(weights), where, weights)
    assert np.flatnonzero(np.isnan(stitched[:, 0])).tolist() == [10]


def test_a_value_without_weight_does_not_leak_even_when_it_is_nan():
    where = cut(600, 512, 64)
    windows, weights = np.ones((1, 2, 512), np.float32), np.ones((1, 2, 512), np.float32)
    windows[0, 0, 200], weights[0, 0, 200] = np.nan, 0  # window 1 covers this point too
    stitched = stitch(windows, where, weights)
    assert stitched[200, 0] == pytest.approx(1)


def test_an_overlap_as_long_as_the_window_is_refused():
    with pytest.raises(ValueError, match="512"):
        cut(1000, 512, 512)
