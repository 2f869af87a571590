"""Western Electric and Nelson rules fire where they should, and by chance as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from waferwatch.indicators.rules import RULES, fired


@pytest.mark.parametrize("name", list(RULES))
def test_the_expected_rate_is_that_of_independent_normal_values(name: str):
    rule = RULES[name]
    z = np.random.default_rng(5).normal(size=400_000)
    rate = fired(z, rule)[rule.points :].mean()
    assert rate == pytest.approx(rule.false_rate, rel=0.25, abs=6e-5)


@pytest.mark.parametrize(
    ("name", "values", "at"),
    [
        ("beyond_3", [0, 3.5, 0], [1]),
        ("two_of_3_beyond_2", [0, 2.5, 0, 2.5], [3]),
        ("two_of_3_beyond_2", [0, 2.5, 0, -2.5], []),
        ("four_of_5_beyond_1", [1.5, 1.5, 0, 1.5, 1.5], [4]),
        ("eight_on_one_side", [0.1] * 9, [7, 8]),
        ("nine_on_one_side", [-0.1] * 9, [8]),
        ("six_rising_or_falling", [1, 2, 3, 4, 5, 6], [5]),
        ("fourteen_alternating", [0, 1] * 7, [13]),
        ("fifteen_within_1", [0.5] * 15, [14]),
        ("eight_beyond_1", [1.5, -1.5] * 4, [7]),
    ],
)
def test_each_rule_fires_at_its_pattern(name: str, values: list[float], at: list[int]):
    assert np.flatnonzero(fired(np.array(values, float), RULES[name])).tolist() == at


def test_a_wafer_without_a_value_is_left_out_of_the_sequence():
    z = np.array([0.1] * 4 + [np.nan] + [0.1] * 4)
    assert np.flatnonzero(fired(z, RULES["eight_on_one_side"])).tolist() == [8]
