"""The verdict in sentences: what was shown, what it costs, and nothing that was not shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from waferwatch.evaluate.verdict import UNKNOWN, DetectorVerdict
from waferwatch.scoring.comparison.agreement import Agreement
from waferwatch.scoring.comparison.compare import Comparison
from waferwatch.scoring.comparison.pairs import by_injected_faults, of_moment
from waferwatch.scoring.comparison.sentences import comparison_notes
from waferwatch.web.html.language import Translator, translated

LABELLED = DetectorVerdict(
    "no_difference",
    "vus_pr",
    "moment",
    "statistical",
    0.807,
    0.796,
    0.011,
    -0.018,
    0.041,
    faults=28,
    found=24,
    other_found=24,
    chance=1.0,
    time_ratio=5.1,
    more_events=9,
    more_faults=0,
)


def sentences(verdict: DetectorVerdict, pairs: list[DetectorVerdict] | None = None, language: str = "en") -> list[str]:
    found = Comparison([], Agreement([], [], [], []), None, verdict, labelled=True, pairs=pairs or [])
    return translated(comparison_notes(found), Translator(language))


def test_no_difference_is_said_with_its_interval_and_what_it_costs() -> None:
    said = sentences(LABELLED)
    assert said[0] == "MOMENT effect: no difference shown (+0.011, 95 %: −0.018 to +0.041)"
    whole = " ".join(said)
    assert "moment 24 of 28, statistical 24 of 28" in whole
    assert "Events of moment that statistical does not raise: 9, of them faults: 0." in whole
    assert "Time of moment: 5.1 times that of statistical." in whole
    assert "use statistical" in whole
    assert not whole.lower().startswith("yes")


def test_the_korean_head_is_written_as_fabs_write_it() -> None:
    assert sentences(LABELLED, language="ko")[0] == "MOMENT 효과: 차이 확인 안 됨 (+0.011, 95 %: −0.018~+0.041)"


@pytest.mark.parametrize(
    ("verdict", "head"),
    [
        (replace(LABELLED, answer="better"), "MOMENT effect: better ("),
        (replace(LABELLED, answer="worse"), "MOMENT effect: worse ("),
        (replace(LABELLED, answer="too_few_to_tell", only_one=2), "too few to tell (faults that divide them: 2)"),
        (replace(LABELLED, answer="too_few_faults", faults=7), "MOMENT effect: too few faults (7) for a verdict"),
        (UNKNOWN, "No verdict: MOMENT and another detector must both give a result."),
        (replace(UNKNOWN, answer="not_tested"), "made by an older version"),
    ],
    ids=lambda one: one.answer if isinstance(one, DetectorVerdict) else "",
)
def test_every_answer_has_its_head(verdict: DetectorVerdict, head: str) -> None:
    assert head in sentences(verdict)[0]


def test_what_rests_on_injected_faults_says_so() -> None:
    pairs = by_injected_faults({"moment": [True] * 20 + [False] * 20, "pca": [False] * 40})
    verdict = of_moment([], pairs)
    assert sentences(verdict)[0].startswith("MOMENT effect on injected faults: better (+20 of 40")
    assert sentences(verdict, language="ko")[0].startswith("MOMENT 효과(주입한 고장): 우수 (")


def test_moment_is_compared_with_itself_without_the_network_else_with_the_best_without_it() -> None:
    found = {"moment": [True] * 30, "moment_only": [True] * 30, "pca": [True] * 9 + [False] * 21, "knn": [True] * 30}
    assert of_moment([], by_injected_faults(found)).other == "knn"
    assert of_moment([], by_injected_faults(found | {"statistical": [False] * 30})).other == "statistical"
    assert of_moment([], by_injected_faults({"pca": [True] * 30})) == UNKNOWN


def test_a_detector_that_does_better_than_moment_is_named() -> None:
    found = {"moment": [True] * 10 + [False] * 20, "statistical": [False] * 30, "knn": [True] * 30}
    pairs = by_injected_faults(found)
    assert "Better than MOMENT without the network: knn (1.000)." in sentences(of_moment([], pairs), pairs)


def test_few_labelled_faults_leave_the_verdict_to_injected_ones() -> None:
    few = replace(LABELLED, answer="too_few_faults", faults=7)
    injected = by_injected_faults({"moment": [True] * 30, "statistical": [False] * 30})
    assert of_moment([few], injected).measure == "injected"
    assert of_moment([few], []).answer == "too_few_faults"
    assert of_moment([LABELLED], injected).measure == "vus_pr"


def test_an_equal_result_is_explained() -> None:
    equal = replace(LABELLED, difference=0.0, low=0.0, high=0.0, more_events=0)
    assert any("the network is not run" in sentence for sentence in sentences(equal))
    assert not any("the network is not run" in sentence for sentence in sentences(LABELLED))
