"""VUS-PR is that of TSB-AD, to the last digit.

``tsb_ad.json`` holds what TSB-AD itself answered; the naive loop below follows the definition point by point.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.calls import calls_of
from waferwatch.evaluate.vus import vus_pr

REFERENCE = json.loads(Path(__file__).with_name("tsb_ad.json").read_text())


def naive_vus_pr(labels, scores, window):
    """The definition, threshold by threshold and point by point."""
    n = len(scores)
    spans, start = [], None
    for i in range(n + 1):
        if i < n and labels[i] and start is None:
            start = i
        if (i == n or not labels[i]) and start is not None:
            spans.append((start, i - 1))
            start = None
    ranked = sorted(scores, reverse=True)
    thresholds = [ranked[int(k)] for k in np.linspace(0, n - 1, 250)]
    areas = []
    for width in range(window + 1):
        reach = width // 2
        soft = [float(v) for v in labels]
        for first, last in spans:
            for i in range(n):
                distance = first - i if i < first else i - last
                if 0 < distance <= reach:
                    soft[i] = min(1.0, soft[i] + math.sqrt(1 - distance / width))
        wide = [[spans[0][0] - reach, spans[0][1] + reach]]
        for first, last in spans[1:]:
            if first - reach > wide[-1][1]:
                wide.append([first - reach, last + reach])
            else:
                wide[-1][1] = last + reach
        area, before = 0.0, 0.0
        for threshold in thresholds:
            flagged = [i for i in range(n) if scores[i] >= threshold]
            hits = sum(soft[i] for i in flagged)
            positives = sum(labels) + sum(soft[i] for i in flagged if not labels[i]) / 2
            found = sum(any(a <= i <= b for i in flagged) for a, b in wide) / len(wide)
            recall = min(hits / positives, 1.0) * found
            area += (recall - before) * hits / len(flagged)
            before = recall
        areas.append(area)
    return sum(areas) / len(areas)


@pytest.mark.parametrize("case", REFERENCE["vus_pr"], ids=lambda case: case["name"])
@pytest.mark.parametrize("window", [0, 1, 2, 25, 100])
def test_vus_pr_is_what_tsb_ad_answers(case, window):
    assert vus_pr(REFERENCE["labels"], case["scores"], window) == pytest.approx(
        case["expected"][str(window)], abs=1e-12
    )


@settings(max_examples=60)
@given(st.data())
def test_vus_pr_is_what_a_naive_loop_computes(data):
    labels = data.draw(st.lists(st.booleans(), min_size=2, max_size=40))
    assume(any(labels) and not all(labels))
    scores = data.draw(st.lists(st.integers(0, 12), min_size=len(labels), max_size=len(labels)))
    window = data.draw(st.integers(0, 15))
    assert vus_pr(labels, scores, window) == pytest.approx(naive_vus_pr(labels, scores, window), abs=1e-9)


def test_a_score_that_equals_the_labels_is_worth_one_without_a_buffer():
    labels = np.isin(np.arange(600), np.r_[100:120, 400:450])
    assert vus_pr(labels, labels.astype(float), 0) == pytest.approx(1.0)


def test_a_score_near_the_labelled_stretch_is_worth_something_and_one_far_from_it_little():
    labels = np.isin(np.arange(1000), np.r_[500:510])
    near, far = np.zeros(1000), np.zeros(1000)
    near[511:520] = 1.0
    far[100:109] = 1.0
    assert vus_pr(labels, near, 40) > 2 * vus_pr(labels, far, 40)


def test_only_the_order_of_the_scores_counts():
    labels, scores = REFERENCE["labels"], np.array(REFERENCE["vus_pr"][0]["scores"])
    assert vus_pr(labels, np.exp(5 * scores), 25) == vus_pr(labels, scores, 25)


def test_points_that_could_not_be_judged_rank_with_the_lowest():
    labels, scores = REFERENCE["labels"], np.round(REFERENCE["vus_pr"][0]["scores"]) + 5
    filled, unjudged = scores.copy(), scores.copy()
    filled[100:150], unjudged[100:150] = np.delete(scores, np.r_[100:150]).min(), np.nan
    assert vus_pr(labels, unjudged, 25) == vus_pr(labels, filled, 25)
    assert np.isnan(unjudged[100:150]).all(), "the caller's scores stay as they were"


@pytest.mark.parametrize("labels", [np.zeros(50), np.ones(50)])
def test_labels_that_are_all_alike_give_nan(labels):
    assert math.isnan(vus_pr(labels, np.arange(50.0), 10))


def test_labels_and_scores_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        vus_pr([0, 1], [0.5, 0.2, 0.1], 5)
    with pytest.raises(ValueError, match="at least 0"):
        vus_pr([0, 1], [0.5, 0.2], -1)


def test_points_and_stretches_are_not_visited_one_by_one():
    def calls(points: int) -> int:
        rng = np.random.default_rng(0)
        labels = np.convolve(rng.random(points) < 0.005, np.ones(20), "same") > 0
        return calls_of(lambda: vus_pr(labels, rng.random(points), 125))

    assert calls(40_000) < 1.1 * calls(4000)
