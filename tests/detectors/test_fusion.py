"""Heads standardised on the reference and fused by contrast."""

import numpy as np
import pytest

from waferwatch.detectors.fusion import Fusion, contrast
from waferwatch.detectors.heads import HIGHEST, LOWEST, usual


def test_a_head_is_told_in_spreads_of_the_reference():
    standard = usual(np.array([1.0, 3.0, np.nan, np.inf])).standardise(np.array([2.0, 3.0, -1e9]))
    assert standard == pytest.approx([0, 0.91, LOWEST], abs=0.01)


def test_a_reference_without_a_finite_value_says_nothing():
    assert np.isnan(usual(np.array([np.nan])).standardise(np.array([1.0]))).all()


def test_a_constant_head_divides_by_no_zero():
    assert np.isfinite(usual(np.zeros(5)).standardise(np.array([0.0, 1.0]))).all()


def fused(**heads):
    heads = {name: np.asarray(values, np.float32)[None] for name, values in heads.items()}
    fusion = Fusion(np.ones(next(iter(heads.values())).shape, bool))
    fusion.add(heads)
    return fusion.scores()[:, 0]


def test_a_head_that_points_at_something_counts_more_than_one_that_is_high_everywhere():
    rng = np.random.default_rng(0)
    pointing, restless = rng.normal(size=2000), 10 + 5 * rng.normal(size=2000)
    pointing[700:720] = 25
    assert 700 <= int(fused(pointing=pointing, restless=restless).argmax()) < 720
    assert contrast(pointing.astype(np.float32)) > 2 * contrast(restless.astype(np.float32))


def test_where_one_head_says_nothing_the_others_speak():
    one, other = np.linspace(0, 9, 100), np.full(100, np.nan)
    other[:50] = 1.0
    assert fused(one=one, other=other)[60:] == pytest.approx(one[60:] - LOWEST)


def test_points_that_were_not_measured_have_no_score():
    fusion = Fusion(np.array([[True, False, True]]))
    fusion.add({"a": np.array([[1, 2, np.nan]], np.float32)})
    assert np.isnan(fusion.scores()[:, 0]).tolist() == [False, True, True]


def test_far_above_usual_counts_little_more_and_stays_in_order():
    high = usual(np.array([1.0, 3.0])).standardise(np.array([100.0, 1e4, 1e6]))
    assert (np.diff(high) > 0).all()
    assert (high < HIGHEST + 12).all()
