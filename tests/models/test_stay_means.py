"""How far whole stays in a step are off: a reference of few wafers must not flatter itself."""

from __future__ import annotations

import numpy as np
import pytest

import waferwatch
from waferwatch.models.ensemble.features.stepwise import StayMeans
from waferwatch.models.ensemble.preparation.stays import Stays
from waferwatch.read.virtual_fab.generate import generate

STAGES, LEAST = 30, np.zeros(1)


def stays(of_each_stage: int, seed: int) -> Stays:
    """Stays in many stages of one sensor, whose means are standard normal."""
    count = STAGES * of_each_stage
    mean = np.random.default_rng(seed).normal(size=(1, count))
    return Stays(np.zeros(count, np.int64), np.arange(count) % STAGES, np.ones(count, np.int64), mean)


@pytest.mark.parametrize("count", [5, 7, 14])
def test_a_later_stay_is_as_far_off_as_its_spread_says_however_few_stays_taught_it(count: int) -> None:
    few = stays(count, 1)
    means = StayMeans.learn(few, np.ones(STAGES * count, np.bool_), LEAST, 5)
    far = np.abs(means.deviation(stays(300, 2)))
    # 0.954 of a normal distribution; spreads of these stays alone give 0.82, 0.87 and 0.90.
    assert 0.88 < (far < 2).mean() < 0.97


def test_a_stage_with_too_few_stays_says_nothing() -> None:
    means = StayMeans.learn(stays(4, 1), np.ones(STAGES * 4, np.bool_), LEAST, 5)
    later = stays(2, 2)
    np.testing.assert_array_equal(means.deviation(later), later.mean)


def test_no_spread_is_smaller_than_the_least() -> None:
    means = StayMeans.learn(stays(8, 1), np.ones(STAGES * 8, np.bool_), np.array([5.0]), 5)
    assert (means.spread == 5).all()


def test_later_wafers_score_as_reference_wafers_did_when_left_out_where_step_lengths_vary() -> None:
    fab = generate(12_000, 1, 1, faults=False, step_jitter=0.1, waiting=60).drop(columns=["anomaly", "fault_kind"])
    scores = waferwatch.detect(fab, reference_rows=5000, detector="statistical").scores
    assert (scores[5000:] > np.quantile(scores[:5000], 0.999)).mean() < 0.05
