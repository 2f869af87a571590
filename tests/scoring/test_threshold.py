"""Flags from the expected share of anomalies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waferwatch.errors import InputError
from waferwatch.scoring.thresholds.threshold import contamination_threshold

SCORES = st.lists(
    st.floats(min_value=0, max_value=1e300) | st.integers(0, 3).map(float) | st.just(float("nan")), max_size=60
).map(lambda values: np.array(values, dtype=float))
SHARES = st.floats(min_value=0, max_value=0.5, exclude_min=True)


@given(SCORES, SHARES)
def test_no_more_than_the_expected_share_of_judged_rows_is_flagged(scores: np.ndarray, share: float) -> None:
    flags = scores > contamination_threshold(scores, share)
    judged = scores[~np.isnan(scores)]
    assert flags.sum() <= share * len(judged) + 1e-9


@given(SCORES, SHARES)
def test_one_more_score_would_be_too_many(scores: np.ndarray, share: float) -> None:
    threshold = contamination_threshold(scores, share)
    judged = scores[~np.isnan(scores)]
    if len(judged):
        assert (judged >= threshold).sum() > share * len(judged) - 1e-9


def test_points_of_one_score_are_flagged_together_or_not_at_all() -> None:
    scores = np.concatenate([np.linspace(1, 2, 980), np.full(20, 9.0)])
    assert (scores > contamination_threshold(scores, 0.01)).sum() == 0
    assert (scores > contamination_threshold(scores, 0.02)).sum() == 20


def test_of_many_points_that_share_the_highest_score_none_is_flagged() -> None:
    scores = np.concatenate([np.linspace(1, 2, 900), np.full(100, 9.0)])
    assert (scores > contamination_threshold(scores, 0.01)).sum() == 0
    assert (scores > contamination_threshold(scores, 0.1)).sum() == 100


@given(SCORES, SHARES)
def test_a_row_that_cannot_be_judged_is_not_flagged(scores: np.ndarray, share: float) -> None:
    flags = scores > contamination_threshold(scores, share)
    assert not flags[np.isnan(scores)].any()


@given(st.floats(0, 1e9), st.integers(1, 50), SHARES)
def test_a_constant_score_flags_nothing(value: float, rows: int, share: float) -> None:
    scores = np.full(rows, value)
    assert not (scores > contamination_threshold(scores, share)).any()


@pytest.mark.parametrize("share", [0.01, 0.05, 0.07, 0.29, 0.5])
def test_different_scores_are_flagged_to_the_exact_share(share: float) -> None:
    scores = np.random.default_rng(0).permutation(100).astype(float)
    flags = scores > contamination_threshold(scores, share)
    assert flags.sum() == round(100 * share)
    assert scores[flags].min() > scores[~flags].max()


@pytest.mark.parametrize("scores", [np.array([]), np.full(5, np.nan)])
def test_without_a_judged_row_nothing_can_reach_the_threshold(scores: np.ndarray) -> None:
    assert contamination_threshold(scores, 0.1) == float("inf")


def test_the_scores_are_left_as_they_are() -> None:
    scores = np.array([3.0, 1.0, 2.0, np.nan])
    contamination_threshold(scores, 0.4)
    assert np.array_equal(scores, [3.0, 1.0, 2.0, np.nan], equal_nan=True)


@pytest.mark.parametrize("share", [0.0, -0.1, 0.51, 1.0, float("nan"), float("inf")])
def test_a_share_outside_zero_to_a_half_is_refused_by_name(share: float) -> None:
    with pytest.raises(InputError, match="share of anomalies") as caught:
        contamination_threshold(np.arange(10.0), share)
    assert caught.value.field == "contamination"
