"""What every detector of the registry promises, checked for each of them."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from waferwatch.errors import Cancelled, ModelError
from waferwatch.models.contract import Detector, Scores
from waferwatch.models.registry import create, detector_names
from waferwatch.series.series import Series

POINTS = 2048
GUILTY = 1

# Detectors run batches of another size when they score series one by one, which may change the last digits of float32.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def series(values: NDArray[np.float64], scope: str = "ETCH-01") -> Series:
    return Series(values, np.arange(len(values)), None, key=(scope,), scope=(scope,))


def calm(points: int = POINTS, seed: int = 0) -> NDArray[np.float64]:
    """Three sensors of a quiet machine: two that swing together and one of noise, each in units of its own."""
    generator = np.random.default_rng(seed)
    swing = np.sin(2 * np.pi * (np.arange(points) + seed * 7) / 64)
    noise = generator.standard_normal((points, 3))
    return np.column_stack([50 + 10 * swing, 400 - 80 * swing, np.zeros(points)]) + noise * [0.5, 4.0, 1e-3]


def faulty(points: int = POINTS, seed: int = 5) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The same machine, its second sensor going wild four times; values and labels."""
    values, labels = calm(points, seed), np.zeros(points, dtype=bool)
    for start in range(points // 8, points, points // 4):
        labels[start : start + 40] = True
    values[labels, GUILTY] += 400 * np.random.default_rng(seed).standard_normal(labels.sum())
    return values, labels


def fresh(name: str) -> Detector:
    return create(name, threads=1)


@pytest.fixture(scope="module", params=detector_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def fitted(name: str) -> Detector:
    return fresh(name).fit([series(calm())])


def same(one: Scores, other: Scores) -> bool:
    return np.array_equal(one.points, other.points, equal_nan=True) and np.array_equal(
        one.contributions, other.contributions, equal_nan=True
    )


def assert_close(one: Scores, other: Scores) -> None:
    np.testing.assert_allclose(one.points, other.points, **CLOSE)
    np.testing.assert_allclose(one.contributions, other.contributions, **CLOSE)


def test_scores_have_the_shapes_and_kinds_that_the_contract_names(fitted: Detector) -> None:
    (scores,) = fitted.score([series(calm(700, seed=1))])
    assert scores.points.shape == (700,)
    assert scores.points.dtype == np.float64
    assert scores.contributions.shape == (700, 3)
    assert scores.contributions.dtype == np.float32


def test_a_score_is_finite_and_at_least_zero_once_the_detector_is_warm(fitted: Detector) -> None:
    values, _ = faulty()
    (scores,) = fitted.score([series(values)])
    assert np.isfinite(scores.points[16:]).all()
    assert (scores.points[16:] >= 0).all()


def test_contributions_are_at_least_zero_and_add_up_to_the_score(fitted: Detector) -> None:
    values, _ = faulty()
    values[300:310, 0] = np.nan
    (scores,) = fitted.score([series(values)])
    judged = ~np.isnan(scores.points)
    assert (scores.contributions[judged] >= 0).all()
    np.testing.assert_allclose(scores.contributions[judged].sum(axis=1), scores.points[judged], rtol=1e-4, atol=1e-6)
    assert np.isnan(scores.contributions[~judged]).all()


def test_neither_fit_nor_score_changes_what_it_is_given(name: str) -> None:
    reference, scored = series(calm()), series(faulty()[0])
    kept = [reference.values.copy(), scored.values.copy()]
    for one in (reference, scored):
        one.values.flags.writeable = False
        one.rows.flags.writeable = False
    fresh(name).fit([reference]).score([scored])
    assert np.array_equal(reference.values, kept[0])
    assert np.array_equal(scored.values, kept[1])


def test_scoring_twice_gives_the_same_scores(fitted: Detector) -> None:
    given = [series(faulty()[0]), series(calm(900, seed=2))]
    for first, second in zip(fitted.score(given), fitted.score(given), strict=True):
        assert same(first, second)


def test_a_fresh_detector_fitted_on_the_same_reference_gives_the_same_scores(name: str, fitted: Detector) -> None:
    given = [series(faulty()[0])]
    assert same(fresh(name).fit([series(calm())]).score(given)[0], fitted.score(given)[0])


def test_fitting_again_forgets_the_reference_before(name: str, fitted: Detector) -> None:
    other = fresh(name).fit([series(calm() * [1, 30, 4] + 7)])
    other.fit([series(calm())])
    given = [series(faulty()[0])]
    assert same(other.score(given)[0], fitted.score(given)[0])


def test_series_scored_together_get_the_scores_they_get_one_by_one(fitted: Detector) -> None:
    given = [series(faulty(seed=seed)[0][: 500 + 300 * seed]) for seed in range(4)]
    for together, alone in zip(fitted.score(given), [fitted.score([one])[0] for one in given], strict=True):
        assert_close(together, alone)


def test_a_series_gone_mad_does_not_touch_the_series_beside_it(fitted: Detector) -> None:
    quiet = series(calm(900, seed=3))
    mad = series(calm(700, seed=4) * 1e6)
    assert_close(fitted.score([mad, quiet, mad])[1], fitted.score([quiet])[0])


def test_scores_come_in_the_order_of_the_series(fitted: Detector) -> None:
    given = [series(faulty(seed=seed)[0][: 600 + 200 * seed]) for seed in range(3)]
    forward, backward = fitted.score(given), fitted.score(given[::-1])[::-1]
    for one, other in zip(forward, backward, strict=True):
        assert_close(one, other)


def test_labelled_faults_score_clearly_above_a_constant_and_the_right_way_up(fitted: Detector) -> None:
    values, labels = faulty()
    (scores,) = fitted.score([series(values)])
    judged = ~np.isnan(scores.points)
    constant = labels[judged].mean()
    assert average_precision_score(labels[judged], scores.points[judged]) > constant + 0.2
    assert np.median(scores.points[judged & labels]) > 1.1 * np.median(scores.points[judged & ~labels])


def test_the_guilty_sensor_of_a_fault_ranks_first(fitted: Detector) -> None:
    values, labels = faulty()
    (scores,) = fitted.score([series(values)])
    assert int(np.nanmean(scores.contributions[labels], axis=0).argmax()) == GUILTY


def test_a_row_without_any_value_cannot_be_judged(fitted: Detector) -> None:
    values = calm(seed=6)
    values[1000:1040] = np.nan
    (scores,) = fitted.score([series(values)])
    assert np.isnan(scores.points[1000:1040]).all()
    assert np.isfinite(scores.points[16:1000]).all()
    assert np.isfinite(scores.points[1100:]).all()


def test_a_sensor_without_values_leaves_the_judgement_to_the_others(fitted: Detector) -> None:
    values, labels = faulty()
    values[:, 0] = np.nan
    (scores,) = fitted.score([series(values)])
    assert np.isfinite(scores.points[16:]).all()
    assert (scores.contributions[16:, 0] == 0).all()
    assert average_precision_score(labels[16:], scores.points[16:]) > 2 * labels.mean()


def test_a_sensor_that_the_reference_never_saw_is_left_out(name: str) -> None:
    reference = calm()
    reference[:, 2] = np.nan
    (scores,) = fresh(name).fit([series(reference)]).score([series(faulty()[0])])
    assert np.isfinite(scores.points[16:]).all()


def test_a_constant_sensor_divides_by_no_zero(name: str) -> None:
    reference, values = calm(), calm(seed=7)
    reference[:, 2] = values[:, 2] = 25.0
    values[1200:1240, 2] = 25.5
    (scores,) = fresh(name).fit([series(reference)]).score([series(values)])
    assert np.isfinite(scores.points[16:]).all()
    assert np.isfinite(scores.contributions[16:]).all()


def test_values_far_from_zero_are_judged_like_values_near_it(name: str) -> None:
    values, labels = faulty()
    far_away = np.array([0.0, 1e9, 0.0])
    (scores,) = fresh(name).fit([series(calm() + far_away)]).score([series(values + far_away)])
    judged = ~np.isnan(scores.points)
    assert average_precision_score(labels[judged], scores.points[judged]) > labels.mean() + 0.2


@pytest.mark.parametrize("points", [1, 2, 3, 5, 17, 95])
def test_a_short_series_is_answered_point_by_point(fitted: Detector, points: int) -> None:
    (scores,) = fitted.score([series(calm(points))])
    assert scores.points.shape == (points,)
    assert not np.isinf(scores.points).any()


def test_one_point_is_too_little_reference_but_no_reason_to_fail(name: str) -> None:
    (scores,) = fresh(name).fit([series(calm(1))]).score([series(calm(600, seed=8))])
    assert not np.isinf(scores.points).any()


def test_a_reference_without_any_value_leaves_everything_unjudged(name: str) -> None:
    (scores,) = fresh(name).fit([series(np.full((600, 3), np.nan))]).score([series(calm(600))])
    assert np.isnan(scores.points).all()
    assert np.isnan(scores.contributions).all()


def test_no_series_give_no_scores(fitted: Detector) -> None:
    assert fitted.score([]) == []


def test_each_equipment_is_judged_by_its_own_reference(name: str) -> None:
    shift = np.array([500.0, 9000.0, 3.0])
    detector = fresh(name).fit([series(calm(), "A"), series(calm(seed=1) + shift, "B")])
    (a, b) = detector.score([series(calm(seed=2), "A"), series(calm(seed=2) + shift, "B")])
    ratio = np.nanmedian(a.points) / np.nanmedian(b.points)
    assert 1 / 3 < ratio < 3  # judged by another's reference, it would be hundreds


def test_memory_grows_by_a_bounded_amount_for_each_value(fitted: Detector) -> None:
    def peak(points: int) -> int:
        given = [series(calm(points))]
        tracemalloc.start()
        try:
            fitted.score(given)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = 65_536, 98_304  # long enough for every bound on what is kept to be reached
    assert (peak(many) - peak(few)) / (3 * (many - few)) < 200  # bytes: 1.6 GB for a million rows of eight sensors


def test_progress_ends_at_one_and_never_goes_back(fitted: Detector) -> None:
    told: list[float] = []
    fitted.score([series(calm()), series(calm(seed=1))], told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_a_cancelled_scoring_stops_with_what_progress_raised(fitted: Detector) -> None:
    def cancel(_share: float) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        fitted.score([series(calm())], cancel)


def test_scoring_before_fitting_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="before it was fitted"):
        fresh(name).score([series(calm(64))])


def test_the_model_says_what_ran_and_where(name: str, fitted: Detector) -> None:
    assert fitted.name == name
    assert fitted.model.name
    assert fitted.model.device.startswith(("cpu", "cuda"))
    assert (fitted.model.sha256 is not None) == name.startswith("moment")
