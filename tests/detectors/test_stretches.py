"""Points that belong together carry one score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waferwatch.detectors.fused import FusedDetector
from waferwatch.detectors.statistical import StatisticalDetector
from waferwatch.detectors.stretches import in_stretches
from waferwatch.detectors.sub_pca import SubPcaDetector
from waferwatch.series.series import Series

VALUES = st.floats(0, 50) | st.integers(0, 2).map(float) | st.just(float("nan"))
SCORES = st.builds(np.resize, st.lists(VALUES, min_size=1, max_size=60), st.integers(0, 900))  # repeated to a length
EVERY_50 = np.sin(2 * np.pi * np.arange(4000) / 50)


def quiet(points: int = 4000) -> np.ndarray:
    return np.random.default_rng(0).uniform(1, 2, points)


@given(SCORES)
def test_no_score_falls_and_none_rises_above_the_highest(scores: np.ndarray) -> None:
    found = in_stretches(scores, np.arange(len(scores), dtype=float))
    known = ~np.isnan(scores)
    assert np.array_equal(np.isnan(found), ~known)
    if known.any():
        assert (found[known] >= scores[known]).all()
        assert found[known].max() <= scores[known].max() * (1 + 1e-6)


def test_points_nearly_as_high_as_a_peak_carry_its_score() -> None:
    scores = quiet()
    scores[2000:2010] = [19.5, 19.6, 19.8, 20, 19.9, 19.7, 19.5, 19.6, 19.8, 19.5]
    found = in_stretches(scores, EVERY_50)
    assert len(set(found[2000:2010])) == 1
    assert found[2003] == pytest.approx(20, rel=1e-6)


def test_two_peaks_of_one_period_with_a_shallow_valley_are_one_stretch() -> None:
    scores = quiet()
    scores[2000:2031] = 17.0
    scores[[2000, 2030]] = 20.0
    assert in_stretches(scores, EVERY_50)[2000:2031] == pytest.approx(20, rel=1e-6)


def test_two_peaks_farther_apart_than_a_period_or_with_a_deep_valley_stay_two() -> None:
    far = quiet()
    far[2000:2081] = 17.0
    far[[2000, 2080]] = 20.0
    assert in_stretches(far, EVERY_50)[2040] < 18
    deep = quiet()
    deep[2000:2031] = 10.0
    deep[[2000, 2030]] = 20.0
    assert in_stretches(deep, EVERY_50)[2015] < 11


def test_equal_scores_reach_no_farther_than_half_a_percent_to_each_side() -> None:
    scores = quiet()
    scores[1000:3000] = 20 + np.linspace(0, 0.1, 2000)
    found = in_stretches(scores, EVERY_50)
    assert np.unique(found[1000:3000], return_counts=True)[1].max() <= 0.01 * len(scores) + 5


def test_a_point_that_cannot_be_judged_stays_so_and_parts_two_stretches() -> None:
    scores = quiet()
    scores[2000:2010] = 20.0
    scores[2010:2020] = 19.9
    scores[2008:2014] = np.nan
    found = in_stretches(scores, EVERY_50)
    assert np.isnan(found[2008:2014]).all()
    assert np.isfinite(found[[2007, 2014]]).all()


@pytest.mark.parametrize("points", [0, 1, 15, 199])
def test_a_short_series_keeps_its_scores(points: int) -> None:
    scores = quiet(points)
    assert in_stretches(scores, np.zeros(points)) == pytest.approx(scores, rel=1e-6)


def one_sensor_with_an_event() -> Series:
    values = np.sin(2 * np.pi * np.arange(6000) / 50) + 0.1 * np.random.default_rng(0).standard_normal(6000)
    values[5000:5030] += 3
    return Series(values[:, None], np.arange(6000), None)


@pytest.mark.parametrize(("detector", "shared"), [(StatisticalDetector, True), (SubPcaDetector, False)])
def test_an_event_of_one_sensor_has_one_score_but_for_methods_shown_as_published(
    detector: type[FusedDetector], shared: bool
) -> None:
    series = one_sensor_with_an_event()
    (found,) = detector().fit([series.at(slice(0, 3000))]).score([series])
    highest = np.flatnonzero(found.points == found.points.max())
    assert (len(highest) > 5) == shared
    assert 4950 < highest.mean() < 5080
    assert found.contributions[:, 0] == pytest.approx(found.points)


def test_scores_of_several_sensors_stay_point_by_point() -> None:
    one = one_sensor_with_an_event()
    series = Series(np.column_stack([one.values, np.cos(one.values)]), one.rows, None)
    (found,) = StatisticalDetector().fit([series.at(slice(0, 3000))]).score([series])
    assert (found.points == found.points.max()).sum() == 1
