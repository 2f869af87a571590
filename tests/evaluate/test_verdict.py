"""Whether one detector does better than another: plain answers that say "not shown" where it is not."""

from __future__ import annotations

import pytest

from waferwatch.evaluate.bootstrap import Interval
from waferwatch.evaluate.intervals import sign_test
from waferwatch.evaluate.verdict import PairEvidence, decide

SMALL = Interval(0.011, -0.018, 0.041)
SURE = Interval(0.05, 0.03, 0.08)
TINY = Interval(0.015, 0.005, 0.018)


@pytest.mark.parametrize(
    ("case", "evidence", "answer"),
    [
        ("nothing labelled", PairEvidence(0, 0, 0), "unknown"),
        ("nine faults, all found by one alone", PairEvidence(9, 9, 0, SURE), "too_few_faults"),
        ("the example of the page", PairEvidence(28, 0, 0, SMALL), "no_difference"),
        ("two faults divide them", PairEvidence(28, 2, 0, SMALL), "too_few_to_tell"),
        ("five to none can be chance", PairEvidence(28, 5, 0, SMALL), "too_few_to_tell"),
        ("six to none cannot", PairEvidence(28, 6, 0, SMALL), "better"),
        ("none to six", PairEvidence(28, 0, 6, SMALL), "worse"),
        ("seven to five is even", PairEvidence(28, 7, 5, SMALL), "no_difference"),
        ("VUS-PR surely higher by enough", PairEvidence(28, 1, 0, SURE), "better"),
        ("VUS-PR surely lower by enough", PairEvidence(28, 0, 1, Interval(-0.05, -0.08, -0.03)), "worse"),
        ("VUS-PR surely higher, but by too little", PairEvidence(28, 0, 0, TINY), "no_difference"),
        ("so little, whatever two faults say", PairEvidence(28, 2, 0, TINY), "no_difference"),
        ("much higher, but not surely", PairEvidence(28, 0, 0, Interval(0.3, -0.01, 0.5)), "no_difference"),
        ("the interval begins at 0", PairEvidence(28, 0, 0, Interval(0.3, 0.0, 0.5)), "no_difference"),
        ("exactly 0.02", PairEvidence(28, 0, 0, Interval(0.02, 0.01, 0.03)), "better"),
        ("sure in faults, but under one in twenty", PairEvidence(300, 8, 0), "no_difference"),
        ("sure in faults, one in twenty", PairEvidence(160, 8, 0), "better"),
        ("the two measures contradict each other", PairEvidence(28, 0, 8, SURE), "no_difference"),
        ("found faults alone, none divides them", PairEvidence(40, 0, 0), "no_difference"),
        ("found faults alone, few divide them", PairEvidence(40, 3, 1), "too_few_to_tell"),
        ("ten faults are enough", PairEvidence(10, 10, 0), "better"),
    ],
    ids=lambda one: one.replace(" ", "_") if isinstance(one, str) else "",
)
def test_the_answer_needs_a_sure_difference_that_counts(case: str, evidence: PairEvidence, answer: str) -> None:
    assert decide(evidence) == answer, case


@pytest.mark.parametrize(("one", "other", "chance"), [(0, 0, 1.0), (1, 1, 1.0), (6, 0, 1 / 32), (0, 6, 1 / 32)])
def test_the_sign_test_is_that_of_a_fair_coin(one: int, other: int, chance: float) -> None:
    assert sign_test(one, other) == pytest.approx(chance)
