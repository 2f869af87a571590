"""Faults put into normal rows: nothing but the fault changes, and what changed is labelled."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from waferwatch.evaluate.faults import FAULTS, KINDS, SIZES, FaultPlace, noise_units, step_places
from waferwatch.evaluate.injection import GAP_POINTS, Fault, delays, inject
from waferwatch.series.series import Series


def trace(points: int, sensors: int, seed: int, missing: float = 0.0) -> NDArray[np.float64]:
    """Steps between levels with noise on top, the last sensor constant, some values missing."""
    rng = np.random.default_rng(seed)
    levels = np.repeat(rng.normal(size=(points // 40 + 1, sensors)) * 10, 40, axis=0)[:points]
    values = levels + 0.1 * rng.normal(size=(points, sensors))
    values[:, -1] = 7.0
    values[rng.random(values.shape) < missing] = np.nan
    return values


def series_of(values: NDArray[np.float64], scope: tuple[str, ...] = ()) -> Series:
    return Series(values, np.arange(len(values)), None, scope=scope)


@st.composite
def grounds(draw: st.DrawFn) -> tuple[list[Series], list[NDArray[np.bool_]]]:
    sensors = draw(st.integers(1, 4))
    series, clean = [], []
    for number in range(draw(st.integers(1, 3))):
        points = draw(st.integers(1, 1200))
        seed = draw(st.integers(0, 10_000))
        series.append(
            series_of(trace(points, sensors, seed, draw(st.sampled_from([0.0, 0.1, 1.0]))), (str(number % 2),))
        )
        mask = np.ones(points, bool)
        for start in draw(st.lists(st.integers(0, points), max_size=4)):
            mask[start : start + 30] = False
        clean.append(mask)
    return series, clean


@settings(max_examples=60)
@given(grounds(), st.integers(0, 2**31))
def test_nothing_outside_of_a_fault_is_changed_and_labels_mark_exactly_what_was(
    ground: tuple[list[Series], list[NDArray[np.bool_]]], seed: int
) -> None:
    series, clean = ground
    before = [one.values.copy() for one in series]
    found = inject(series, clean, seed=seed)
    for number, (one, mask) in enumerate(zip(series, clean, strict=True)):
        np.testing.assert_array_equal(one.values, before[number], "the given series were changed")
        new, old = found.series[number].values, before[number]
        np.testing.assert_array_equal(np.isnan(new), np.isnan(old), "a missing value came or went")
        assert not np.isinf(new).any()
        changed = (new != old) & ~np.isnan(old)
        np.testing.assert_array_equal(found.labels[number], changed.any(axis=1))
        assert not (found.labels[number] & ~mask).any(), "a row was changed that was not clean"
        told = np.zeros_like(changed)
        for fault in found.faults:
            if fault.series == number:
                told[fault.start : fault.stop, list(fault.sensors)] = True
        assert not (changed & ~told).any(), "a value was changed that no fault tells of"


@settings(max_examples=30)
@given(grounds(), st.integers(0, 2**31))
def test_each_fault_begins_and_ends_with_a_change_and_keeps_its_distance(
    ground: tuple[list[Series], list[NDArray[np.bool_]]], seed: int
) -> None:
    series, clean = ground
    found = inject(series, clean, seed=seed)
    for fault in found.faults:
        assert found.labels[fault.series][fault.start]
        assert found.labels[fault.series][fault.stop - 1]
        changed = found.series[fault.series].values != series[fault.series].values
        changed &= ~np.isnan(series[fault.series].values)
        for sensor in fault.sensors:
            assert changed[fault.start : fault.stop, sensor].any()
    for number in range(len(series)):
        mine = sorted((one.start, one.stop) for one in found.faults if one.series == number)
        for (_, stop), (start, _) in pairwise(mine):
            assert start - stop >= GAP_POINTS


@settings(max_examples=15)
@given(grounds(), st.integers(0, 2**31))
def test_the_same_seed_gives_the_same_faults(ground: tuple[list[Series], list[NDArray[np.bool_]]], seed: int) -> None:
    first, second = inject(*ground, seed=seed), inject(*ground, seed=seed)
    assert first.faults == second.faults
    for one, other in zip(first.series, second.series, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


def long_ground(points: int = 30_000) -> tuple[list[Series], list[NDArray[np.bool_]]]:
    series = [series_of(trace(points, 4, 3))]
    return series, [np.ones(points, bool)]


def test_another_seed_gives_other_faults() -> None:
    assert inject(*long_ground(), seed=1).faults != inject(*long_ground(), seed=2).faults


def test_every_kind_and_size_finds_its_place_in_a_long_record_as_often_as_the_others() -> None:
    found = inject(*long_ground(), seed=0, most=72).faults
    counts: dict[tuple[str, str], int] = {}
    for one in found:
        counts[one.kind, one.size] = counts.get((one.kind, one.size), 0) + 1
    assert set(counts) == {(kind, size) for kind in KINDS for size in SIZES}
    assert set(counts.values()) == {3}


def test_no_more_faults_than_wanted_are_put_in() -> None:
    assert len(inject(*long_ground(), seed=0, most=5).faults) == 5


def test_a_sensor_that_never_moves_stays_untouched() -> None:
    found = inject(*long_ground(), seed=4)
    assert all(3 not in one.sensors for one in found.faults)
    assert inject([series_of(np.full((2000, 2), 5.0))], [np.ones(2000, bool)], seed=0).faults == []


def test_where_nothing_steps_no_step_comes_late() -> None:
    smooth = np.random.default_rng(0).normal(size=(20_000, 2)) * 0.01 + 3
    found = inject([series_of(smooth)], [np.ones(20_000, bool)], seed=0)
    assert {one.kind for one in found.faults} == set(KINDS) - {"late_step"}


def test_huge_and_tiny_values_make_no_infinity() -> None:
    for factor in (1e-300, 1e150, 1e300):
        found = inject([series_of(trace(3000, 3, 1) * factor)], [np.ones(3000, bool)], seed=0)
        assert np.isfinite(found.series[0].values).all()


def place(kind: str, size: str, values: NDArray[np.float64], start: int, points: int) -> NDArray[np.float64]:
    sensors = np.arange(values.shape[1])
    where = FaultPlace(values, start, start + points, sensors, noise_units(values), size, np.random.default_rng(0))
    return FAULTS[kind].change(where)


def test_a_stuck_sensor_repeats_its_last_value() -> None:
    values = trace(400, 2, 0)[:, :1]
    np.testing.assert_array_equal(place("stuck", "small", values, 100, 20), np.full((20, 1), values[99, 0]))


def test_a_late_step_shows_what_was_before_it_once_more() -> None:
    values = trace(400, 2, 0)[:, :1]
    np.testing.assert_array_equal(place("late_step", "small", values, 80, 4), values[76:80])


@pytest.mark.parametrize("kind", ["spike", "level_shift", "drift", "oscillation", "noise_burst"])
def test_larger_sizes_change_more(kind: str) -> None:
    values = np.random.default_rng(0).normal(size=(400, 1))
    moved = [np.abs(place(kind, size, values, 100, 30) - values[100:130]).max() for size in SIZES]
    assert moved[0] < moved[1] < moved[2]
    assert moved[0] > 2


def test_noise_is_kept_apart_from_steps() -> None:
    values = np.repeat([[0.0], [100.0], [50.0]], 200, axis=0) + 2 * np.random.default_rng(0).normal(size=(600, 1))
    assert noise_units(values)[0] == pytest.approx(2, rel=0.2)
    assert set(step_places(values, noise_units(values))) >= {200, 400}


def test_a_sensor_without_noise_counts_in_its_spread() -> None:
    values = np.repeat([[0.0], [100.0]], 50, axis=0)
    assert noise_units(values)[0] == pytest.approx(1.0)


@settings(max_examples=100)
@given(st.data())
def test_delays_are_those_of_a_plain_loop(data: st.DataObject) -> None:
    points = data.draw(st.integers(1, 60))
    flags: Any = st.lists(st.booleans(), min_size=points, max_size=points)
    flagged, bare = np.array(data.draw(flags)), np.array(data.draw(flags))
    faults = []
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, points - 1))
        faults.append(Fault("spike", "small", 0, start, data.draw(st.integers(start + 1, points)), (0,)))
    expected: list[int | None] = []
    for one in faults:
        first = None
        for at in range(one.start, one.stop):
            if flagged[at] and not bare[at] and first is None:
                first = at - one.start
        expected.append(first)
    assert delays(faults, [flagged], [bare]) == expected
