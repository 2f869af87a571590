"""Where in its recipe each point lies."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.series.split import split
from waferwatch.series.steps import NO_STEP, Steps, stages_of, ticks, whole

ROLES = {"recipe": "recipe", "step": "step", "lot": "lot", "wafer": "wafer", "equipment": "equipment"}


def table(**columns: object) -> Table:
    frame = pd.DataFrame({**columns})
    frame["p"] = np.arange(len(frame), dtype=float)
    roles = {name: role for name, role in ROLES.items() if name in columns}
    return table_from_frame(frame, features=["p"], roles=roles, group=[])


def steps(of: Table) -> Steps:
    (series,) = split(of).series
    assert series.steps is not None
    return series.steps


def numbered(values: np.ndarray) -> list[int]:
    """In order of first appearance."""
    return pd.factorize(values)[0].tolist()


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_a_tick_counts_the_points_since_the_last_beginning(begins: list[bool]) -> None:
    found = ticks(np.array([True, *begins[1:]]))
    for point, (begin, tick) in enumerate(zip(begins, found, strict=True)):
        assert tick == (0 if begin or point == 0 else found[point - 1] + 1)


def test_a_step_begins_anew_with_each_wafer_and_each_change() -> None:
    found = steps(table(wafer=[1, 1, 1, 2, 2, 2], step=["a", "a", "b", "b", "b", "a"]))
    assert numbered(found.stage) == [0, 0, 1, 1, 1, 0]
    assert found.tick.tolist() == [0, 1, 0, 0, 1, 0]


def test_two_recipes_with_the_same_step_names_are_kept_apart() -> None:
    found = steps(table(recipe=["x", "x", "y", "y"], step=["etch", "purge", "etch", "purge"]))
    assert len(set(found.stage.tolist())) == 4


def test_names_that_run_into_one_another_are_not_the_same_step() -> None:
    found = steps(table(recipe=["a", "ab"], step=["bc", "c"]))
    assert len(set(found.stage.tolist())) == 2


def test_a_step_has_the_same_number_in_every_table() -> None:
    one = steps(table(recipe=["x", "x", "x"], step=["idle", "etch", "purge"]))
    other = steps(table(recipe=["y", "x"], step=["etch", "etch"]))
    assert other.stage[1] == one.stage[1]
    assert other.stage[0] not in one.stage


def test_steps_that_are_numbers_are_the_same_whatever_a_gap_makes_of_their_column() -> None:
    whole_numbers = steps(table(step=[1, 2, 5]))
    with_a_gap = steps(table(step=[1.0, np.nan, 5.0]))
    texts = steps(table(step=["1", "2", "5"]))
    assert whole_numbers.stage.tolist() == texts.stage.tolist()
    assert (with_a_gap.stage == whole_numbers.stage).tolist() == [True, False, True]


def test_rows_without_a_step_are_a_step_of_their_own() -> None:
    found = steps(table(step=["a", None, None, "a"], wafer=[1, 1, 1, 1]))
    assert numbered(found.stage) == [0, 1, 1, 0]
    assert found.tick.tolist() == [0, 0, 1, 0]


def test_a_table_with_wafers_alone_knows_how_long_each_has_run() -> None:
    found = steps(table(wafer=[1, 1, 2, 2, 2]))
    assert found.tick.tolist() == [0, 1, 0, 1, 2]
    assert set(found.stage.tolist()) == {NO_STEP}


def test_wafers_of_the_same_number_in_two_lots_are_two_runs() -> None:
    assert steps(table(lot=["a", "a", "b", "b"], wafer=[1, 1, 1, 1])).tick.tolist() == [0, 1, 0, 1]


def test_a_table_without_steps_and_wafers_has_none() -> None:
    assert stages_of(table(recipe=["x", "x"])) is None
    assert split(table(recipe=["x", "x"])).series[0].steps is None


def test_some_points_of_a_series_stay_where_they_were_in_their_step() -> None:
    (series,) = split(table(step=["a", "a", "a", "b"])).series
    assert series.at(slice(1, 3)).steps.tick.tolist() == [1, 2]  # type: ignore[union-attr]
    assert series.at(np.array([False, True, False, True])).steps.tick.tolist() == [1, 0]  # type: ignore[union-attr]


def test_a_run_without_steps_is_one_step() -> None:
    assert whole(3).tick.tolist() == [0, 1, 2]
    assert len(whole(3)) == 3


def test_a_step_goes_on_behind_a_gap_in_time() -> None:
    second = np.r_[0:40, 5000:5040]
    frame = pd.DataFrame({"time": second.astype(float), "step": ["a"] * 30 + ["b"] * 50, "p": 1.0})
    parted = split(table_from_frame(frame, time="time", features=["p"], roles={"step": "step"}))
    before, behind = parted.series
    assert before.steps is not None
    assert behind.steps is not None
    assert before.steps.tick[-1] == 9
    assert behind.steps.tick.tolist() == list(range(10, 50))


def test_a_step_does_not_go_on_from_one_equipment_to_the_next() -> None:
    frame = pd.DataFrame({"equipment": ["A"] * 3 + ["B"] * 3, "step": "a", "p": 1.0})
    parted = split(table_from_frame(frame, features=["p"], roles={"step": "step"}))
    assert [one.steps.tick.tolist() for one in parted.series if one.steps] == [[0, 1, 2], [0, 1, 2]]


@settings(deadline=None)
@given(st.data())
def test_every_row_has_a_place_in_a_step_whatever_the_columns_hold(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 40))
    cell = st.one_of(st.none(), st.integers(-2, 3), st.sampled_from(["", "a", "식각", "\x1f"]), st.floats())
    columns = {name: data.draw(st.lists(cell, min_size=rows, max_size=rows)) for name in ("recipe", "step", "wafer")}
    found = steps(table(**columns))
    assert len(found) == rows
    assert found.tick[0] == 0
    assert set(np.diff(found.tick).tolist()) <= {1, *(-found.tick).tolist()}
