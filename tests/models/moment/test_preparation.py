import numpy as np
import pytest

from waferwatch.models.ensemble.preparation.normal import measure
from waferwatch.models.moment.preparation import CLIP, prepare
from waferwatch.series.series import Series


def series(values):
    values = np.asarray(values, float).reshape(len(values), -1)
    return Series(values, np.arange(len(values)), None)


def test_level_and_spread_leave_out_the_most_extreme_values():
    values = np.random.default_rng(0).normal(50, 2, 5000)
    values[7] = 1e6
    normal = measure([series(values)])
    assert normal.level[0] == pytest.approx(50, abs=0.2)
    assert normal.spread[0] == pytest.approx(2, abs=0.2)


def test_a_large_offset_does_not_cost_precision():
    values = 1e9 + 0.1 * np.sin(np.arange(2000) / 5)
    one = series(values)
    windows = prepare(one, measure([one]), window=512, patch=8, overlap=64)
    assert windows.x.std() == pytest.approx(1, abs=0.05)


def test_a_sensor_that_never_moved_shows_the_smallest_move():
    reference = series(np.full(1000, 20.0))
    moved = series(np.r_[np.full(500, 20.0), np.full(500, 20.1)])
    windows = prepare(moved, measure([reference]), window=512, patch=8, overlap=64)
    assert windows.x.max() > 4


def test_a_sensor_without_any_value_is_prepared_as_not_observed():
    values = np.column_stack([np.arange(600.0), np.full(600, np.nan)])
    one = series(values)
    windows = prepare(one, measure([one]), window=512, patch=8, overlap=64)
    assert np.isfinite(windows.x).all()
    assert windows.observed[0].all()
    assert not windows.observed[1].any()


def test_a_patch_is_observed_when_at_least_half_of_it_was_measured():
    values = np.sin(np.arange(512.0))
    values[8:12] = np.nan  # half of patch 1
    values[16:21] = np.nan  # more than half of patch 2
    one = series(values)
    observed = prepare(one, measure([one]), window=512, patch=8, overlap=64).observed[0, 0]
    assert observed[:4].tolist() == [1, 1, 0, 1]


def test_a_run_that_does_not_fill_its_first_patch_is_seen_from_its_first_point():
    one = series(np.sin(np.arange(21.0)))
    windows = prepare(one, measure([one]), window=512, patch=8, overlap=64)
    assert windows.observed[0, 0].sum() == 3  # 21 points: two whole patches and one begun
    assert (windows.x[0, 0, 512 - 24 : 512 - 21] == windows.x[0, 0, 512 - 21]).all()


def test_values_far_out_are_clipped_and_the_series_is_not_changed():
    values = np.random.default_rng(1).normal(size=2000)
    values[100] = 1e12
    one = series(values)
    before = one.values.copy()
    windows = prepare(one, measure([one]), window=512, patch=8, overlap=64)
    assert windows.x.max() == CLIP
    np.testing.assert_array_equal(one.values, before)
