import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from waferwatch.evaluate.metrics import Metrics, auc_pr, flag_metrics

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(PAIRS)
def test_precision_recall_and_f1_are_those_of_scikit_learn(pairs):
    labels, flags = zip(*pairs, strict=True)
    expected = precision_recall_fscore_support(labels, flags, average="binary", zero_division=0.0)[:3]
    found = flag_metrics(labels, flags)
    assert (found.precision, found.recall, found.f1) == pytest.approx(expected)


def test_without_flags_or_without_labels_everything_is_zero():
    assert flag_metrics([1, 0], [False, False]) == Metrics(0.0, 0.0, 0.0)
    assert flag_metrics([0, 0], [True, False]) == Metrics(0.0, 0.0, 0.0)
    assert flag_metrics([], []) == Metrics(0.0, 0.0, 0.0)


def test_a_labelled_row_that_was_not_flagged_lowers_the_recall():
    assert flag_metrics([1, 1, 0, 0], [True, False, False, False]) == Metrics(1.0, 0.5, pytest.approx(2 / 3))


def test_flags_of_another_length_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        flag_metrics([1, 0], [True])


def test_a_perfect_order_has_an_area_of_one():
    assert auc_pr([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]) == 1.0


def test_unjudged_rows_rank_lowest():
    assert auc_pr([1, 0, 0], [np.nan, 0.5, 0.2]) == pytest.approx(1 / 3)  # one of three rows, all flagged
    assert auc_pr([1, 0, 0], [0.9, np.nan, 0.2]) == 1.0
    assert auc_pr([1, 0, 0], [np.nan] * 3) == pytest.approx(1 / 3)


def test_labels_that_are_all_alike_have_no_area():
    assert math.isnan(auc_pr([0, 0], [0.1, 0.2]))
    assert math.isnan(auc_pr([1, 1], [0.1, 0.2]))
