"""Whether MOMENT earned its keep: a plain answer, honest about small differences."""

from __future__ import annotations

import pytest

from waferwatch.evaluate.verdict import UNKNOWN, by_injected_faults, by_vus_pr, sign_test


@pytest.mark.parametrize(
    ("moment", "answer"), [(0.60, "yes"), (0.52, "slightly"), (0.505, "tie"), (0.495, "tie"), (0.40, "no")]
)
def test_the_answer_follows_the_difference_in_vus_pr(moment: float, answer: str) -> None:
    found = by_vus_pr({"moment": moment, "isolation_forest": 0.5, "moving_variance": 0.3})
    assert found.answer == answer
    assert (found.measure, found.other, found.other_value) == ("vus_pr", "isolation_forest", 0.5)
    assert found.difference == pytest.approx(moment - 0.5)


def test_moment_is_held_against_itself_without_the_network_where_that_was_compared() -> None:
    found = by_vus_pr({"moment": 0.6, "statistical": 0.4, "isolation_forest": 0.7})
    assert (found.other, found.answer) == ("statistical", "yes")


def test_moment_alone_is_no_rival_of_moment() -> None:
    assert by_vus_pr({"moment": 0.5, "moment_only": 0.6, "pca": 0.4}).other == "pca"


@pytest.mark.parametrize("values", [{}, {"moment": 0.5}, {"pca": 0.5}, {"moment": None, "pca": 0.5}])
def test_without_moment_or_another_there_is_no_verdict(values: dict[str, float | None]) -> None:
    assert by_vus_pr(values) == UNKNOWN


def test_few_faults_that_only_one_found_are_chance() -> None:
    moment, other = [True] * 5 + [False] * 35, [False] * 40
    assert by_injected_faults({"moment": moment, "pca": other}).answer == "tie"  # 5 of 5: one coin in 16


def test_many_faults_that_only_one_found_are_none() -> None:
    moment, other = [True] * 30 + [False] * 10, [True] * 5 + [False] * 35
    found = by_injected_faults({"moment": moment, "pca": other})
    assert (found.answer, found.measure) == ("yes", "injected")
    assert found.difference == pytest.approx(25 / 40)
    assert by_injected_faults({"moment": other, "pca": moment}).answer == "no"


def test_a_sure_but_small_difference_is_called_small() -> None:
    moment, other = [True] * 8 + [False] * 292, [False] * 300
    assert by_injected_faults({"moment": moment, "pca": other}).answer == "slightly"


def test_a_detector_that_does_better_than_moment_is_named_beside_the_answer() -> None:
    found = by_vus_pr({"moment": 0.6, "statistical": 0.4, "sub_pca": 0.7})
    assert (found.answer, found.better, found.better_value) == ("yes", "sub_pca", 0.7)
    assert by_vus_pr({"moment": 0.6, "statistical": 0.4, "sub_pca": 0.605}).better is None
    moment, network = [True] * 20 + [False] * 20, [False] * 40
    faults = {"moment": moment, "statistical": network, "knn": [True] * 40}
    assert by_injected_faults(faults).better == "knn"
    assert by_injected_faults(faults | {"knn": [True] * 23 + [False] * 17}).better is None


def test_without_faults_there_is_no_verdict() -> None:
    assert by_injected_faults({"moment": [], "pca": []}) == UNKNOWN


@pytest.mark.parametrize(("one", "other", "chance"), [(0, 0, 1.0), (1, 1, 1.0), (6, 0, 1 / 32), (0, 6, 1 / 32)])
def test_the_sign_test_is_that_of_a_fair_coin(one: int, other: int, chance: float) -> None:
    assert sign_test(one, other) == pytest.approx(chance)
