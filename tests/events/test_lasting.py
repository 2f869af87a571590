"""A sensor that is off in run after run is one state, however many quiet runs lie in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from waferwatch.events.build import build_events
from waferwatch.events.event import Event, Kind
from waferwatch.events.lasting import QUIET_RUNS, RUNS_OF_LASTING
from waferwatch.read.table import Table
from waferwatch.series.series import Series
from waferwatch.series.steps import Steps

POINTS = 100  # of a run
Flag = tuple[int, int]  # run and sensor


def events_of(flags: Sequence[Flag], runs: int = 60, recipes: int = 1, tools: int = 1) -> list[Event]:
    """Events of runs of one tool (or of tools that take turns), in which three rows and one sensor are flagged each."""
    series = [
        Series(
            np.random.default_rng(run).normal(size=(POINTS, 2)),
            np.arange(run * POINTS, (run + 1) * POINTS),
            None,
            scope=(str(run * tools // runs),),
            steps=Steps(np.full(POINTS, run % recipes), np.arange(POINTS)),
            run=("L", str(run)),
        )
        for run in range(runs)
    ]
    flagged = np.zeros(runs * POINTS, bool)
    contributions = np.zeros((runs * POINTS, 2), np.float32)
    for run, sensor in flags:
        rows = run * POINTS + 10 + 30 * sensor + np.arange(3)
        flagged[rows], contributions[rows, sensor] = True, 1
    table = Table("the frame", pd.DataFrame(index=range(len(flagged))), {}, ())
    return build_events(flagged.astype(float), flagged, contributions, series, table, ["a", "b"])[0]


def test_runs_in_which_one_sensor_is_off_are_one_state_from_the_first_to_the_last() -> None:
    (event,) = events_of([(3, 0), (7, 0), (8, 0), (14, 0)])
    assert event.kind is Kind.STATE
    assert (event.start_row, event.end_row) == (3 * POINTS + 10, 14 * POINTS + 12)
    assert event.rows == 12


def test_fewer_runs_stay_events_of_their_own() -> None:
    events = events_of([(3 * number, 0) for number in range(RUNS_OF_LASTING - 1)])
    assert len(events) == RUNS_OF_LASTING - 1
    assert all(event.kind is not Kind.STATE for event in events)


def test_a_state_ends_once_enough_runs_in_a_row_have_been_quiet() -> None:
    first = [(number, 0) for number in range(0, 2 * RUNS_OF_LASTING, 2)]
    assert len(events_of([*first, (first[-1][0] + QUIET_RUNS, 0)])) == 1
    assert len(events_of([*first, (first[-1][0] + QUIET_RUNS + 1, 0)])) == 2


def test_runs_of_another_recipe_do_not_end_it() -> None:
    flags = [(12 * number, 0) for number in range(RUNS_OF_LASTING)]
    assert len(events_of(flags)) == RUNS_OF_LASTING
    assert len(events_of(flags, recipes=4)) == 1


def test_another_sensor_in_between_is_an_event_of_its_own() -> None:
    events = events_of([(2, 0), (4, 0), (5, 1), (6, 0), (8, 0)])
    assert [(event.kind is Kind.STATE, event.sensors[0].sensor) for event in events] == [(True, "a"), (False, "b")]


def test_another_tool_has_states_of_its_own() -> None:
    flags = [(28, 0), (29, 0), (30, 0), (31, 0)]
    assert len(events_of(flags)) == 1
    assert len(events_of(flags, tools=2)) == 4
