"""Events per week above a threshold, counted and extrapolated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from waferwatch.scoring.alarm_rate import MOST_BEYOND, measure_rate

from waferwatch.events.merge import merge
from waferwatch.series.series import Series

ROWS = 10_000  # of the measured stretch, which lasts a week
FRESH = 400_000
SCORES = st.lists(
    st.lists(st.floats(0, 1e6) | st.integers(0, 3).map(float) | st.just(float("nan")), min_size=1, max_size=60),
    min_size=1,
    max_size=3,
).map(lambda pieces: [np.array(piece, dtype=float) for piece in pieces])
BUDGETS = st.floats(1e-6, 1e5)


def judged(pieces: list[NDArray[np.float64]]) -> bool:
    return any((~np.isnan(piece)).any() for piece in pieces)


def events(pieces: list[NDArray[np.float64]], threshold: float) -> int:
    """As the product merges them."""
    ends = np.cumsum([len(piece) for piece in pieces])
    series = [
        Series(np.zeros((len(piece), 1)), np.arange(end - len(piece), end), None)
        for piece, end in zip(pieces, ends, strict=True)
    ]
    return len(merge(np.concatenate(pieces) > threshold, series).first)


def draw(law: str, rows: int, seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    if law == "exponential":
        return random.exponential(size=rows)
    if law == "normal":
        return np.abs(random.standard_normal(rows))
    if law == "heavy":
        return np.abs(random.standard_t(3, rows))
    return np.convolve(random.exponential(size=rows), np.ones(20) / 20, "same")  # lasting scores


@given(SCORES.filter(judged), st.floats(0, 1e6) | st.integers(0, 3).map(float))
def test_no_more_events_are_counted_than_expected(pieces, threshold):
    rate = measure_rate(pieces, 1.0)
    threshold = max(threshold, float(rate.levels[0]))  # below it flags only grow together
    assert rate.expected(threshold) >= events(pieces, threshold)


@given(SCORES.filter(judged), BUDGETS, BUDGETS)
def test_a_larger_budget_never_raises_the_threshold(pieces, one, other):
    rate = measure_rate(pieces, 1.0)
    assert rate.threshold(max(one, other)) <= rate.threshold(min(one, other))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), BUDGETS, BUDGETS)
def test_a_larger_budget_never_raises_the_threshold_of_many_rows(seed, one, other):
    rate = measure_rate([draw("heavy", 2_000, seed)], 1.0)
    assert rate.threshold(max(one, other)) <= rate.threshold(min(one, other))


@given(SCORES.filter(judged), BUDGETS)
def test_what_is_expected_at_the_threshold_keeps_the_budget_as_far_as_it_can_be_told(pieces, budget):
    rate = measure_rate(pieces, 1.0)
    expected = rate.expected(rate.threshold(budget))
    assert expected <= max(budget, 1 / MOST_BEYOND) * 1.01 or (rate.tail is None and expected == 1)


@given(SCORES.filter(judged), BUDGETS)
def test_half_the_time_with_the_same_scores_is_twice_the_rate(pieces, budget):
    week, half = measure_rate(pieces, 1.0), measure_rate(pieces, 0.5)
    assert half.threshold(2 * budget) == week.threshold(budget)


@pytest.mark.parametrize("law", ["exponential", "normal", "heavy", "lasting"])
@pytest.mark.parametrize(("budget", "factor"), [(50, 1.25), (5, 1.5), (1, 2), (0.1, 4)])
def test_fresh_rows_of_the_same_law_hold_about_as_many_events_as_asked_for(law, budget, factor):
    achieved = []
    for seed in range(12):
        threshold = measure_rate([draw(law, ROWS, seed)], 1.0).threshold(budget)
        achieved.append(events([draw(law, FRESH, 1000 + seed)], threshold) * ROWS / FRESH)
    assert budget / factor**2 <= np.mean(achieved) <= budget * factor


def test_normal_events_of_another_kind_are_not_taken_for_the_end_of_a_smooth_tail():
    scores = np.random.default_rng(0).exponential(size=ROWS)
    scores[500::1000] = 30 + np.arange(10) / 10  # a change of lot
    assert measure_rate([scores], 1.0).threshold(0.9) >= scores.max()


def test_a_constant_score_flags_nothing():
    rate = measure_rate([np.ones(500)], 0.01)
    assert rate.threshold(1.0) == 1.0
    assert rate.expected(1.0) == pytest.approx(100)


def test_extrapolation_has_an_end_and_says_what_to_expect_there():
    rate = measure_rate([draw("exponential", ROWS, 0)], 1.0)
    assert rate.threshold(1e-9) == rate.threshold(1 / MOST_BEYOND)
    assert rate.expected(rate.threshold(1e-9)) == pytest.approx(1 / MOST_BEYOND)
