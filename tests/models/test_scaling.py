"""Sensors in units of their own normal spread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waferwatch.models.baselines.scaling import MOST_SPREADS, ReferenceScales, robust_deviation, standard_deviation
from waferwatch.series.series import Series


def series(values: object, scope: str = "A", reference: object = None) -> Series:
    array = np.asarray(values, dtype=float)
    marked = None if reference is None else np.asarray(reference, dtype=bool)
    return Series(array, np.arange(len(array)), None, scope=(scope,), reference=marked)


def column(values: object, scope: str = "A", reference: object = None) -> Series:
    return series(np.asarray(values, dtype=float)[:, None], scope, reference)


def test_only_rows_marked_as_reference_count() -> None:
    values = np.r_[np.arange(20.0), np.full(20, 1e6)]
    scales = ReferenceScales([column(values, reference=np.arange(40) < 20)], standard_deviation)
    assert scales.of(column([0.0])).centre == pytest.approx([9.5])
    assert scales.of(column([0.0])).spread == pytest.approx([np.arange(20.0).std()])


def test_each_scope_has_a_scale_of_its_own_and_an_unknown_one_takes_them_all() -> None:
    scales = ReferenceScales(
        [column(np.arange(10.0), "A"), column(np.arange(10.0) + 100, "B")],
        standard_deviation,
    )
    assert scales.of(column([0.0], "A")).centre == pytest.approx([4.5])
    assert scales.of(column([0.0], "B")).centre == pytest.approx([104.5])
    assert scales.of(column([0.0], "C")).centre == pytest.approx([54.5])


def test_a_scope_with_too_few_values_takes_the_scale_of_all() -> None:
    scales = ReferenceScales([column(np.arange(50.0), "A"), column([7.0, 7.0], "B")], standard_deviation)
    assert scales.of(column([0.0], "B")).spread == pytest.approx(scales.of(column([0.0], "unknown")).spread)


@pytest.mark.parametrize(("constant", "change"), [(0.0, 1e-9), (5.0, 0.01), (1e9, 50.0), (-3e-12, 1e-13)])
def test_a_change_of_a_sensor_that_never_moved_is_huge_and_finite(constant: float, change: float) -> None:
    scale = ReferenceScales([column(np.full(30, constant))], standard_deviation).of(column([0.0]))
    scaled = scale.standardise(np.array([[constant], [constant + change]]))
    assert scaled[0, 0] == 0
    assert 1e3 < scaled[1, 0] <= MOST_SPREADS


def test_a_sensor_still_in_one_equipment_is_measured_by_the_spread_it_has_in_others() -> None:
    moving = np.random.default_rng(0).standard_normal(500) * 10
    scales = ReferenceScales([column(moving, "A"), column(np.zeros(500), "B")], standard_deviation)
    assert 1e-3 < scales.of(column([0.0], "B")).spread[0] < 0.1


def test_a_sensor_without_reference_values_has_no_scale() -> None:
    scale = ReferenceScales([column(np.full(20, np.nan))], standard_deviation).of(column([0.0]))
    assert np.isnan(scale.standardise(np.array([[1.0]]))).all()


def test_no_reference_at_all_gives_no_scale() -> None:
    assert np.isnan(ReferenceScales([], standard_deviation).of(series(np.zeros((3, 2)))).centre).all()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30), st.floats(allow_nan=False))
@pytest.mark.filterwarnings("error")
def test_any_finite_reference_and_any_value_give_a_bounded_distance(reference: list[float], value: float) -> None:
    for deviation in (standard_deviation, robust_deviation):
        scale = ReferenceScales([column(reference)], deviation).of(column([0.0]))
        assert abs(scale.standardise(np.array([[value]]))[0, 0]) <= MOST_SPREADS


def test_both_deviations_agree_on_normal_noise() -> None:
    noise = np.random.default_rng(0).standard_normal(20_000) * 3
    assert standard_deviation(noise) == pytest.approx(3, rel=0.03)
    assert robust_deviation(noise) == pytest.approx(3, rel=0.03)


def test_the_robust_deviation_of_a_sensor_that_is_mostly_off_falls_back_to_the_plain_one() -> None:
    values = np.r_[np.zeros(90), np.arange(10.0)]
    assert robust_deviation(values) == standard_deviation(values)
