"""Which groups differ from the rest: the unit, the test and its correction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from tests.grouping.made import detection_of, table_of
from waferwatch.grouping.differences import compare_groups, holm
from waferwatch.grouping.groups import part
from waferwatch.read.table import Table
from waferwatch.series.wafer_runs import find_runs

RUN_ROWS = 10


def fab(wafers: int = 40) -> Table:
    """Two machines, each with the same number of wafers of ten rows."""
    run = np.repeat(np.arange(2 * wafers), RUN_ROWS)
    return table_of(
        time=pd.date_range("2026-01-01", periods=len(run), freq="s"),
        equipment=[f"E{at // wafers + 1}" for at in run],
        lot=[f"L{at // 10}" for at in run],
        wafer=run % 10 + 1,
    )


def test_a_run_counts_once_however_many_of_its_rows_are_flagged() -> None:
    table = fab()
    flags = np.zeros(len(table.frame), dtype=bool)
    flags[: 3 * RUN_ROWS] = True  # three runs of E1, all of their rows
    result = compare_groups(part(table, "equipment"), detection_of(flags), find_runs(table))
    assert (result.unit, result.units, result.hits) == ("run", 80, 3)
    assert [(one.units, one.hits, one.direction) for one in result.groups] == [(40, 3, None), (40, 0, None)]
    assert result.groups[0].p_value > 0.2


def test_a_machine_with_many_flagged_runs_differs_and_the_other_from_it() -> None:
    table = fab()
    flags = np.zeros(len(table.frame), dtype=bool)
    flags[5 : 20 * RUN_ROWS : RUN_ROWS] = True  # one row in each of twenty runs of E1
    result = compare_groups(part(table, "equipment"), detection_of(flags), find_runs(table))
    assert [one.direction for one in result.groups] == ["higher", "lower"]


@pytest.mark.parametrize("hits", [(3, 0), (20, 2), (0, 0), (15, 12)])
def test_the_p_value_is_fisher_s(hits: tuple[int, int]) -> None:
    table = fab()
    flags = np.zeros(len(table.frame), dtype=bool)
    for machine, count in enumerate(hits):
        flags[machine * 400 : machine * 400 + count * RUN_ROWS : RUN_ROWS] = True
    result = compare_groups(part(table, "equipment"), detection_of(flags), find_runs(table))
    tables = [[hits[0], 40 - hits[0]], [hits[1], 40 - hits[1]]]
    tails = [fisher_exact(tables, alternative=side).pvalue for side in ("less", "greater")]
    expected = min(1.0, 2 * 2 * min(tails))  # two-sided, and two groups by Holm
    assert result.groups[0].p_value == pytest.approx(expected)


def test_chance_alone_hardly_ever_makes_a_group_differ() -> None:
    """At most 5 of 100 made fabs without any difference may show one."""
    table = fab(50)
    lots, runs = part(table, "lot"), find_runs(table)
    generator = np.random.default_rng(0)
    alarms = 0
    for _ in range(100):
        flags = np.repeat(generator.random(100) < 0.2, RUN_ROWS)
        result = compare_groups(lots, detection_of(flags), runs)
        assert result.unit == "run"
        alarms += any(one.direction for one in result.groups)
    assert alarms <= 5


def test_without_runs_events_are_counted_against_the_rows() -> None:
    table = table_of(equipment=["E1"] * 100 + ["E2"] * 300)
    assert find_runs(table) is None
    flags = np.zeros(400, dtype=bool)
    flags[:90] = True
    result = compare_groups(part(table, "equipment"), detection_of(flags, peaks=[3]), None)
    assert (result.unit, result.hits) == ("event", 1), "ninety rows in a row are one event"
    assert [one.direction for one in result.groups] == [None, None]
    assert result.groups[0].p_value == pytest.approx(2 * 2 * 0.25)
    many = compare_groups(part(table, "equipment"), detection_of(flags, peaks=range(0, 90, 9)), None)
    assert [one.direction for one in many.groups] == ["higher", "lower"]


def test_events_are_counted_where_nearly_every_run_is_flagged_somewhere() -> None:
    table = fab()
    flags = np.zeros(len(table.frame), dtype=bool)
    flags[::RUN_ROWS] = True
    result = compare_groups(part(table, "equipment"), detection_of(flags, peaks=[0, 500]), find_runs(table))
    assert (result.unit, result.hits) == ("event", 2)


def test_nothing_differs_where_nothing_is_flagged_or_there_is_one_group() -> None:
    table = fab()
    nothing = compare_groups(part(table, "lot"), detection_of(np.zeros(800)), find_runs(table))
    assert {one.p_value for one in nothing.groups} == {1.0}
    alone = table_of(equipment=["E1"] * 10)
    result = compare_groups(part(alone, "equipment"), detection_of(np.ones(10), peaks=[2]), None)
    assert result.groups[0].direction is None


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_is_that_of_a_loop(p_values: list[float]) -> None:
    expected, highest = {}, 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        highest = max(highest, (len(p_values) - rank) * p_values[at])
        expected[at] = min(1.0, highest)
    assert holm(np.array(p_values)).tolist() == pytest.approx([expected[at] for at in range(len(p_values))])
