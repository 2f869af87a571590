"""Problems keep their numbers from check to check, and what was said of them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.problems.problem import Alone, FabProblem, ProblemSeverity
from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.table import Note
from waferwatch.scoring.result import Detection
from waferwatch.store.problems import problems
from waferwatch.store.problems.known import KnownProblem, ProblemState, problem_number
from waferwatch.store.runs import Run
from waferwatch.store.store import Store
from waferwatch.store.verdicts import Judgement

RUNS = [RunScore({}, 10 * at, 10, 1.0, 0, equipment="PM1", lot="L1", wafer=f"W{at}") for at in range(6)]


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


def listed(store: Store, run: Run, *problems: FabProblem) -> dict[int, tuple[int, ...]]:
    """Number -> its wafers."""
    return {one.known.number: one.problem.runs for one in store.problems.listed(run, found(*problems))}


def actions(store: Store, name: str) -> list[str]:
    return [one.action for one in reversed(store.audit.about(name))]


def test_a_problem_is_acknowledged_shelved_and_closed_and_each_act_is_written_down(store: Store) -> None:
    numbers(store, check(store), problem(0))
    assert store.problems.get(1).state is ProblemState.NEW
    seen = store.problems.acknowledge(1, "on it", "kim")
    assert (seen.state, seen.acknowledged_by) == (ProblemState.ACKNOWLEDGED, "kim")
    later = (datetime.now(UTC) + timedelta(hours=8)).isoformat(timespec="microseconds")
    assert store.problems.shelve(1, later, "", "lee").state is ProblemState.SHELVED
    assert store.problems.unshelve(1, "", "lee").state is ProblemState.ACKNOWLEDGED
    assert store.problems.shelve(1, "2020-01-01T00:00:00.000000+00:00", "", "lee").state is ProblemState.ACKNOWLEDGED
    assert store.problems.judge(1, Judgement.FALSE_ALARM, "", "kim").state is ProblemState.CLOSED
    said = ["acknowledge problem", "shelve problem", "unshelve problem", "shelve problem", "judge problem"]
    assert actions(store, "P-1") == said
    assert store.audit.about("P-1")[-1].detail == {"note": "on it"}
    with pytest.raises(NotFoundError, match=r"P-9"):
        store.problems.acknowledge(9, "", "kim")


def test_a_merged_problem_is_counted_to_the_other_one_until_it_is_separated(store: Store) -> None:
    run = check(store)
    one, other = problem(0, 1), problem(4, fingerprint="PM1 | A | etch | Cl2 | down")
    numbers(store, run, one, other)
    assert store.problems.merge(2, 1, "kim").state is ProblemState.MERGED
    (together,) = store.problems.listed(run, found(one, other))
    assert (together.known.number, together.problem.runs, together.problem.count) == (1, (0, 1, 4), 3)
    assert together.problem.wafers == ("L1/W0", "L1/W1", "L1/W4")
    assert numbers(store, check(store), one, other) == [1, 2], "both keep their numbers"
    assert listed(store, run, other) == {1: (4,)}, "also where a check finds only the merged one"
    store.problems.separate(2, "kim")
    assert listed(store, run, one, other) == {1: (0, 1), 2: (4,)}
    assert actions(store, "P-1") == ["take in problem", "give back problem"]
    with pytest.raises(InputError, match="is not merged"):
        store.problems.separate(2, "kim")


def test_problems_of_other_chambers_or_data_or_the_same_one_are_not_merged(store: Store) -> None:
    numbers(store, check(store), problem(0), problem(1, fingerprint="PM2 | A | etch | He | up"))
    numbers(store, check(store, "two"), problem(0))
    with pytest.raises(InputError, match="different chambers"):
        store.problems.merge(1, 2, "kim")
    with pytest.raises(InputError, match="different data"):
        store.problems.merge(1, 3, "kim")
    with pytest.raises(InputError, match="one problem already"):
        store.problems.merge(1, 1, "kim")
    assert store.problems.get(1).merged_into is None


def test_problems_that_are_merged_in_a_ring_are_refused(store: Store) -> None:
    numbers(store, check(store), problem(0), problem(3, fingerprint="PM1 | A | etch | Cl2 | up"))
    store.problems.merge(2, 1, "kim")
    with pytest.raises(InputError, match="one problem already"):
        store.problems.merge(1, 2, "kim")


def test_of_two_problems_that_are_merged_into_each_other_at_once_one_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers(store, check(store), problem(0), problem(3, fingerprint="PM1 | A | etch | Cl2 | up"))
    both = threading.Barrier(2)

    def checked(one: KnownProblem, root: KnownProblem) -> None:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # longer than a check takes: nothing that both have read may still be believed
        check_mergeable(one, root)

    check_mergeable = problems._check_mergeable
    monkeypatch.setattr(problems, "_check_mergeable", checked)
    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(store.problems.merge, one, other, "kim") for one, other in ((1, 2), (2, 1))]
        refused = [one.exception() for one in ends]
    assert [type(one) for one in refused if one is not None] == [InputError]
    assert [store.problems.get(number).merged_into for number in (1, 2)].count(None) == 1


def test_wafers_that_were_split_off_are_a_problem_of_their_own_in_later_checks_too(store: Store) -> None:
    run, whole = check(store), problem(0, 1, 2, 3)
    numbers(store, run, whole)
    made = store.problems.split(run, found(whole), 1, [2, 3, 5], "kim")
    assert (made.number, made.split_from) == (2, 1)
    assert listed(store, run, whole) == {1: (0, 1), 2: (2, 3)}
    again = check(store)
    assert numbers(store, again, problem(0, 1, 2, 3, 4)) == [1], "the split stays out of matching"
    assert listed(store, again, problem(0, 1, 2, 3, 4)) == {1: (0, 1, 4), 2: (2, 3)}
    assert store.problems.get(2).run == again.id
    store.problems.merge(2, 1, "kim")
    assert listed(store, run, whole) == {1: (0, 1, 2, 3)}, "merged back"
    store.problems.separate(2, "kim")
    assert listed(store, run, whole) == {1: (0, 1), 2: (2, 3)}


def test_a_split_needs_some_of_the_wafers_and_not_all(store: Store) -> None:
    run, whole = check(store), problem(0, 1)
    numbers(store, run, whole)
    for wafers in ([], [5], [0, 1]):
        with pytest.raises(InputError, match="split into two"):
            store.problems.split(run, found(whole), 1, wafers, "kim")
    assert listed(store, run, whole) == {1: (0, 1)}


def test_problems_that_a_check_does_not_find_are_named(store: Store) -> None:
    first, second = check(store), check(store)
    numbers(store, first, problem(0), problem(3))
    numbers(store, second, problem(0))
    lines = store.problems.listed(second, found(problem(0)))
    assert [one.number for one in store.problems.missing(second, lines)] == [2]
    store.problems.merge(2, 1, "kim")
    assert store.problems.missing(second, lines) == [], "what is merged is counted to the other one"


def test_problems_of_the_same_kind_are_found_on_any_chamber_and_data_those_with_a_verdict_first(store: Store) -> None:
    kinds = [
        "PM1 | A | etch | He | up",
        "PM2 | A | etch | He | up",
        "PM1 | A | etch | He | down",
        "PM3 | A | etch | He | up",
    ]
    numbers(store, check(store), *(problem(at, fingerprint=kind) for at, kind in enumerate(kinds)))
    numbers(store, check(store, "two"), problem(0), problem(1, fingerprint="PM1 | A | xetch | He | up"))
    store.problems.judge(2, Judgement.TRUE_ALARM, "O-ring replaced", "kim")
    assert [one.number for one in store.problems.alike(store.problems.get(1))] == [2, 5, 4]
