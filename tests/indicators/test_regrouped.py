"""Problems that an engineer has joined or split say of their own wafers what a check would have said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from waferwatch.events.event import Event, Kind
from waferwatch.indicators.problems.problem import Alone, FabProblem, ProblemSensor, ProblemSeverity
from waferwatch.indicators.problems.regrouped import joined, only_runs
from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.table import Note

RATIOS = (1.2, 1.4, 6.0, 1.1, 0.5, 1.3)
RUNS = [
    RunScore(
        {},
        10 * at,
        10,
        score=ratio,
        flagged=0,
        ratio=ratio,
        equipment="PM1",
        lot="L1",
        wafer=f"W{at}",
        recipe="A" if at < 3 else "B",
        start=f"2026-03-01T09:0{at}:00",
        end=f"2026-03-01T09:0{at}:30",
        abnormal=ratio > 1,
        sensor="He",
        change=0.1 * ratio,
    )
    for at, ratio in enumerate(RATIOS)
]


def event(number: int, wafer: int, row: int | None = None) -> Event:
    """In the middle of a wafer; its rows are where the wafer's are, or from ``row`` on."""
    start, peak, end = (f"2026-03-01T09:0{wafer}:{second}.500" for second in (10, 11, 12))
    at = 10 * wafer + 2 if row is None else row
    return Event(number, Kind.POINT, start, end, peak, at, at + 2, at + 1, 3, 5.0, "PM1", "L1")


def problem(*runs: int, sensor: str = "He", events: tuple[int, ...] = ()) -> FabProblem:
    return FabProblem(
        number=1,
        fingerprint=f"PM1 | A | etch | {sensor} | up",
        equipment="PM1",
        recipe="A",
        step="etch",
        sensor=sensor,
        direction="up",
        statistic="mean",
        severity=ProblemSeverity.SEVERE,
        ongoing=False,
        first_seen=RUNS[runs[0]].start or 0,
        last_seen=RUNS[runs[-1]].end or 0,
        onset="2026-03-01T09:00:05",
        count=len(runs),
        of=len(runs),
        in_a_row=1,
        peak_score=6.0,
        limit=1.0,
        ratio=6.0,
        change=None,
        alone=Alone.UNKNOWN,
        also_on=(),
        steps=("etch",),
        events=events,
        runs=runs,
        sensors=(ProblemSensor(sensor, 1.0, "up", None),),
    )


def test_a_part_is_as_bad_as_its_own_wafers_and_no_worse() -> None:
    whole = problem(0, 1, 2, 3, events=(1, 2))
    events = [event(1, 1), event(2, 2)]
    mild = only_runs(whole, [0, 1], RUNS, events)
    assert (mild.severity, mild.ratio, mild.count, mild.of, mild.in_a_row) == (ProblemSeverity.CLEAR, 1.4, 2, 2, 2)
    assert (mild.wafers, mild.events, mild.onset) == (("L1/W0", "L1/W1"), (1,), whole.onset)
    assert mild.last_seen == "2026-03-01T09:01:30"
    assert str(mild.title).startswith("He +13% in etch on PM1, wafers: 2 of 2")
    bad = only_runs(whole, [2, 3], RUNS, events)
    assert (bad.severity, bad.ratio, bad.events, bad.onset) == (ProblemSeverity.SEVERE, 6.0, (2,), RUNS[2].start)
    assert bad.recipes == ("A", "B")


def test_events_belong_to_the_wafer_of_their_time_where_a_table_has_its_newest_rows_first() -> None:
    newest_first = [replace(run, start_row=100 - run.start_row) for run in RUNS]
    events = [event(1, 1, 81), event(2, 2, 71)]
    whole = problem(0, 1, 2, 3, events=(1, 2))
    assert only_runs(whole, [0, 1], newest_first, events).events == (1,)
    assert only_runs(whole, [2, 3], newest_first, events).events == (2,)


@pytest.mark.parametrize(("runs", "ongoing"), [((0, 1), False), ((1, 5), True)])
def test_a_part_goes_on_only_with_the_last_wafer_of_the_chamber(runs: tuple[int, ...], ongoing: bool) -> None:
    assert only_runs(problem(0, 1, 2, 5), runs, RUNS, []).ongoing is ongoing


def test_joined_problems_have_all_wafers_sensors_and_events_under_the_first_one() -> None:
    late, early = problem(3, 5, events=(2,)), problem(0, 1, sensor="Cl2", events=(1,))
    both = joined([late, early], RUNS)
    assert (both.sensor, both.fingerprint) == (late.sensor, late.fingerprint)
    assert (both.runs, both.events, both.count, both.of, both.in_a_row) == ((0, 1, 3, 5), (1, 2), 4, 6, 2)
    assert (both.first_seen, both.ongoing) == (RUNS[0].start, True)
    assert [(one.sensor, one.share) for one in both.sensors] == [("He", 0.5), ("Cl2", 0.5)]


def test_joined_problems_of_rows_add_their_events_and_begin_with_the_earliest() -> None:
    title = Note(
        "{sensor} unusual on {equipment}, events: {count}, since {since}", {"sensor": "He", "equipment": "PM1"}
    )
    late = replace(problem(3), runs=(), events=(5, 7), count=2, first_seen=500.0, last_seen=900.0, title=title)
    late = replace(late, title=Note(title.template, {**title.values, "count": 2, "since": 500.0}))
    late = replace(late, why=Note("events: {count}, peak {ratio} x limit", {"count": 2, "ratio": "6.0"}))
    early = replace(late, events=(1,), count=1, first_seen=90.0, last_seen=95.0)
    both = joined([late, early], [])
    assert (both.events, both.count, both.first_seen, both.last_seen) == ((1, 5, 7), 3, 90.0, 900.0)
    assert str(both.why) == "events: 3, peak 6.0 x limit"
    assert str(both.title) == "He unusual on PM1, events: 3, since 90.0"


def test_one_problem_joined_with_nothing_is_itself() -> None:
    assert joined([problem(0)], RUNS) == problem(0)
