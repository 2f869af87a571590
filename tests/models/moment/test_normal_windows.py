from __future__ import annotations

import numpy as np
import pytest

from waferwatch.errors import InputError
from waferwatch.models.moment.checkpoints.normal_windows import NormalSeries, normal_series
from waferwatch.models.moment.config import MomentConfig
from waferwatch.series.series import Series

CONFIG = MomentConfig(d_model=16, d_kv=4, d_ff=24, num_layers=2, num_heads=2)


def series(values: np.ndarray, number: int = 0, *, run: bool = False) -> Series:
    columns = np.asarray(values, float).reshape(len(values), -1)
    return Series(columns, np.arange(len(columns)), None, key=(f"{number}",) if run else (), scope=())


def drawn(pool: NormalSeries, count: int = 200, seed: int = 0) -> np.ndarray:
    return pool.draw(np.random.default_rng(seed), count).x


def test_windows_are_in_spreads_of_the_reference_and_as_long_as_the_network_wants():
    values = 500 + 20 * np.random.default_rng(0).standard_normal(5000)

    learnt, held = normal_series([[series(values)]], CONFIG)
    windows = learnt.draw(np.random.default_rng(0), 50)

    assert windows.x.shape == (50, 512)
    assert windows.observed.shape == (50, 64)
    assert 0.2 < windows.x.std() < 1.2
    assert learnt.values > 3 * held.values


def test_the_last_fifth_of_each_series_is_held_out():
    values = np.random.default_rng(0).standard_normal(5000)
    values[4000:] *= 0.001  # only there

    learnt, held = normal_series([[series(values)]], CONFIG)

    assert np.abs(drawn(held)).max() < 0.05
    assert drawn(learnt).std(axis=1).min() > 0.05


def test_of_runs_the_last_ones_are_held_out_and_shown_at_their_level():
    rng = np.random.default_rng(0)
    runs = [series(100 + number + rng.standard_normal(200), number, run=True) for number in range(20)]

    learnt, held = normal_series([runs], CONFIG)

    assert np.median(drawn(held)[:, -1]) > np.median(drawn(learnt)[:, -1]) + 1
    assert drawn(learnt)[:, :300].any() == np.False_  # padded in front, as the detector shows runs


def test_the_time_scales_of_the_detector_are_drawn():
    wave = np.sin(np.arange(20_000) * 2 * np.pi / 64) + 0.01 * np.random.default_rng(0).standard_normal(20_000)

    learnt, _ = normal_series([[series(wave)]], CONFIG)

    cycles = {int(np.abs(np.fft.rfft(one - one.mean())).argmax()) for one in drawn(learnt)}
    assert {8, 16, 32} <= cycles  # every point, every second and every fourth


def test_the_same_generator_draws_the_same_windows():
    learnt, _ = normal_series([[series(np.random.default_rng(0).standard_normal(5000))]], CONFIG)

    np.testing.assert_array_equal(drawn(learnt), drawn(learnt))
    assert not np.array_equal(drawn(learnt), drawn(learnt, seed=1))


def test_every_window_holds_data_also_where_a_sensor_has_gaps():
    values = np.random.default_rng(0).standard_normal(6000)
    values[1000:3000] = np.nan

    learnt, held = normal_series([[series(values)]], CONFIG)

    for pool in (learnt, held):
        windows = pool.draw(np.random.default_rng(0), 300)
        assert windows.observed.any(axis=1).all()
        assert np.isfinite(windows.x).all()


@pytest.mark.parametrize(
    "values",
    [np.full(9000, 5.0), np.arange(40) % 7, np.full((9000, 2), np.nan)],
    ids=["nothing moves", "too short", "nothing was measured"],
)
def test_too_little_to_learn_from_is_reported(values):
    with pytest.raises(InputError, match="too few known-normal rows"):
        normal_series([[series(values)]], CONFIG)


def test_sensors_that_never_move_are_left_out():
    moving = np.random.default_rng(0).standard_normal(5000)

    alone, _ = normal_series([[series(moving)]], CONFIG)
    beside, _ = normal_series([[series(np.stack([moving, np.full(5000, 3.0)], axis=1))]], CONFIG)

    assert beside.values <= alone.values
