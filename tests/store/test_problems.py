"""Problems keep their numbers from check to check, and what was said of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from waferwatch.errors import NotFoundError
from waferwatch.indicators.problems.problem import Alone, FabProblem, ProblemSeverity
from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.table import Note
from waferwatch.scoring.result import Detection
from waferwatch.store.problems import problem_number
from waferwatch.store.runs import Run
from waferwatch.store.store import Store
from waferwatch.store.verdicts import Judgement

RUNS = [RunScore({}, 10 * at, 10, 1.0, 0, lot="L1", wafer=f"W{at}") for at in range(6)]


def problem(*runs: int, fingerprint: str = "PM1 | A | etch | He | up") -> FabProblem:
    return FabProblem(
        number=1,
        fingerprint=fingerprint,
        equipment="PM1",
        recipe="A",
        step="etch",
        sensor="He",
        direction="up",
        statistic="mean",
        severity=ProblemSeverity.CLEAR,
        ongoing=False,
        first_seen=0.0,
        last_seen=1.0,
        onset=0.0,
        count=len(runs),
        of=len(runs),
        in_a_row=1,
        peak_score=4.0,
        limit=2.0,
        ratio=2.0,
        change=None,
        alone=Alone.UNKNOWN,
        also_on=(),
        runs=runs,
        title=Note("{sensor} unusual on {equipment}, events: {count}, since {since}", {"sensor": "He"}),
    )


def found(*problems: FabProblem) -> Detection:
    nothing = np.zeros(0)
    return Detection(
        nothing,
        nothing.astype(bool),
        np.zeros((0, 0), np.float32),
        nothing.astype(np.int64),
        [],
        RUNS,
        [],
        2.0,
        "statistical",
        "statistics",
        None,
        "cpu",
        0.1,
        problems=list(problems),
    )


def check(store: Store, dataset: str = "one") -> Run:
    return store.runs.add("detection", dataset, f"{dataset}.csv", {}, "", "kim")


def numbers(store: Store, run: Run, *problems: FabProblem) -> list[int]:
    return [one.number for one in store.problems.found_by(run, found(*problems))]


def test_a_problem_keeps_its_number_as_long_as_it_shares_a_wafer(store: Store) -> None:
    first, second, third = check(store), check(store), check(store)
    assert numbers(store, first, problem(0, 1), problem(3)) == [1, 2]
    assert numbers(store, second, problem(3, 4), problem(1, 2), problem(5)) == [2, 1, 3]
    assert numbers(store, third, problem(2)) == [1], "a wafer that only the second check counted to it"
    assert [store.problems.get(number).run for number in (1, 2, 3)] == [third.id, second.id, second.id]


def test_another_fingerprint_or_data_set_is_another_problem(store: Store) -> None:
    assert numbers(store, check(store), problem(0)) == [1]
    assert numbers(store, check(store), problem(0, fingerprint="PM1 | A | etch | He | down")) == [2]
    assert numbers(store, check(store, "two"), problem(0)) == [3]


def test_of_two_problems_in_place_of_one_only_the_nearer_keeps_its_number(store: Store) -> None:
    assert numbers(store, check(store), problem(0, 1, 2, 3)) == [1]
    assert numbers(store, check(store), problem(0, 1, 2), problem(3)) == [1, 2]


def test_looking_at_an_older_check_changes_nothing(store: Store) -> None:
    older, newer = check(store), check(store)
    numbers(store, older, problem(0), problem(4))
    numbers(store, newer, problem(0))
    assert [one.number for one in store.problems.of(older, found(problem(0), problem(4)))] == [1, 2]
    assert store.problems.get(1).run == newer.id
    assert store.problems.of(older, found()) == []


def test_a_verdict_stays_with_the_problem_until_it_is_taken_back(store: Store) -> None:
    numbers(store, check(store), problem(0))
    said = store.problems.judge(1, Judgement.TRUE_ALARM, "O-ring replaced", "kim")
    assert (said.verdict, said.note, said.user) == (Judgement.TRUE_ALARM, "O-ring replaced", "kim")
    (again,) = store.problems.found_by(check(store), found(problem(0, 1)))
    assert (again.verdict, again.at) == (said.verdict, said.at)
    assert replace(store.problems.judge(1, None, "", "lee"), at=None).verdict is None


@pytest.mark.parametrize("name", ["P-0x", "P-", "12345678901", "P-½", "he"])
def test_what_is_no_name_of_a_problem_is_refused(name: str) -> None:
    with pytest.raises(NotFoundError):
        problem_number(name)


def test_a_number_that_was_never_given_is_not_found(store: Store) -> None:
    assert problem_number("p-7") == problem_number("7") == 7
    with pytest.raises(NotFoundError, match=r"There is no problem P-7\."):
        store.problems.get(7)
