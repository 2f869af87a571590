"""What MOMENT expected follows what is normal, and does not follow the event."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from waferwatch.models.ensemble.preparation.normal import measure
from waferwatch.models.moment.checkpoints.checkpoint import find, read
from waferwatch.models.moment.expectation import expect
from waferwatch.models.moment.runners.engine import Engine
from waferwatch.series.series import Series

LEVEL, SWING, PERIOD = 250.0, 4.0, 64


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(find(), "cpu", threads=1)


def waves(points: int) -> np.ndarray:
    """Two sensors of very different size: a sine around 250, and a noisy one in thousandths."""
    at = np.arange(points)
    noise = np.random.default_rng(7).normal(0, 1e-5, points)
    return np.stack([LEVEL + SWING * np.sin(2 * np.pi * at / PERIOD), 1e-3 * np.cos(2 * np.pi * at / 80) + noise], 1)


def series(values: np.ndarray) -> Series:
    return Series(values, np.arange(len(values)), None)


def drawn(engine: Engine, values: np.ndarray, event: slice, view: slice | None = None) -> np.ndarray:
    """(n, S) over the whole series, NaN where nothing was told."""
    one = series(values)
    found = expect(engine, one, event, view or event, measure([series(waves(2000))]))
    told = np.full(values.shape, np.nan)
    told[found.first : found.first + len(found.values)] = found.values
    return told


def test_it_follows_a_clean_sine_closely_in_its_own_units(engine: Engine) -> None:
    values = waves(2000)
    found = drawn(engine, values, slice(980, 1020), slice(850, 1150))[850:1150]
    error = np.abs(found - values[850:1150])
    assert error[:, 0].mean() < 0.15 * SWING
    assert error[:, 1].mean() < 0.15e-3


@pytest.mark.parametrize("start", [1000, 1004, 1007])  # within one patch and across the border of two
@pytest.mark.parametrize("height", [5.0, -5.0, 500.0, 1e9])
def test_it_stays_off_a_spike_and_the_spike_does_not_move_what_is_next_to_it(
    engine: Engine, start: int, height: float
) -> None:
    clean = waves(2000)
    values = clean.copy()
    values[start : start + 3, 0] += height * SWING
    found = drawn(engine, values, slice(start, start + 3), slice(900, 1100))
    assert np.abs(found - clean)[start : start + 3, 0].max() < 0.6 * SWING
    assert np.abs(found - clean)[900:1100, 0].mean() < 0.2 * SWING


def test_a_shifted_stretch_is_drawn_nearer_to_the_normal_course_than_to_itself(engine: Engine) -> None:
    clean = waves(2000)
    values = clean.copy()
    values[1000:1048, 0] += 3 * SWING
    found = drawn(engine, values, slice(1000, 1048), slice(900, 1150))[1000:1048, 0]
    assert np.abs(found - clean[1000:1048, 0]).mean() < np.abs(found - values[1000:1048, 0]).mean()


def test_gaps_are_drawn_too_and_a_sensor_without_values_stays_unknown(engine: Engine) -> None:
    values = waves(1200)
    clean = values.copy()
    values[600:603, 0] = np.nan
    values[:, 1] = np.nan
    found = drawn(engine, values, slice(610, 614), slice(500, 700))
    assert np.isfinite(found[500:700, 0]).all()
    assert np.abs(found[600:603, 0] - clean[600:603, 0]).max() < SWING
    assert np.isnan(found[:, 1]).all()


def test_a_patch_that_was_not_measured_is_not_drawn(engine: Engine) -> None:
    values = waves(1200)
    values[560:620, 0] = np.nan
    found = drawn(engine, values, slice(640, 644), slice(500, 700))
    assert np.isnan(found[576:600, 0]).all()
    assert np.isfinite(found[640:644, 0]).all()


def test_a_window_beyond_anything_the_network_knows_is_not_drawn(engine: Engine) -> None:
    values = waves(512)
    values[:, 0] = np.where(np.arange(512) % 2, 1e6, -1e6)
    found = drawn(engine, values, slice(200, 210), slice(100, 300))
    assert np.isnan(found[100:300, 0]).all()
    assert np.isfinite(found[100:300, 1]).all()


@pytest.mark.parametrize("points", [1, 7, 8, 30, 511, 512, 513])
def test_short_series_are_drawn_as_a_whole(engine: Engine, points: int) -> None:
    values = waves(points)
    event = slice(points // 2, points // 2 + 1)
    found = expect(engine, series(values), event, slice(0, points), measure([series(waves(2000))]))
    assert found.first == 0
    assert found.values.shape == values.shape
    assert np.isfinite(found.values).all()


@pytest.mark.parametrize("event", [slice(0, 3), slice(1997, 2000)])
def test_events_at_the_ends_of_a_series_are_drawn(engine: Engine, event: slice) -> None:
    found = drawn(engine, waves(2000), event)[event]
    assert np.isfinite(found).all()


def test_a_long_event_is_averaged_and_reported_on_every_point(engine: Engine) -> None:
    at = np.arange(20_000)
    values = np.stack([np.sin(2 * np.pi * at / 900)], 1)
    found = expect(engine, series(values), slice(6000, 12_000), slice(4000, 14_000), measure([series(values)]))
    assert found.averaged > 1
    told = found.values[4000 - found.first : 14_000 - found.first, 0]
    assert len(told) == 10_000
    assert np.abs(told - values[4000:14_000, 0]).mean() < 0.25


def test_a_sensor_that_never_moved_is_drawn_at_its_value(engine: Engine) -> None:
    values = np.full((900, 1), 42.0)
    found = expect(engine, series(values), slice(400, 410), slice(300, 500), measure([series(values)]))
    assert np.abs(found.values - 42.0).max() < 0.1


def test_any_checkpoint_draws_without_a_fault_head_too(tiny_checkpoint: Path) -> None:
    tiny = Engine(read(tiny_checkpoint), "cpu", threads=1)
    values = waves(600)
    found = expect(tiny, series(values), slice(300, 310), slice(250, 350), measure([series(values)]))
    assert np.isfinite(found.values[250 - found.first : 350 - found.first]).all()
