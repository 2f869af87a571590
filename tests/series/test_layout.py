"""How a table is cut, learnt once from the reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.series.clock import usual_step
from waferwatch.series.gaps import gap_limits, gap_starts
from waferwatch.series.layout import GRID, SeriesLayout, offset_of
from waferwatch.series.split import split


def seconds(values: np.ndarray, **more: object) -> Table:
    time = pd.Timestamp("2026-01-05") + pd.to_timedelta(values, unit="s")
    return table_from_frame(pd.DataFrame({"time": time, "p": np.arange(float(len(values))), **more}), name="rows")


def test_another_file_is_cut_by_what_the_reference_showed() -> None:
    layout = split(seconds(np.arange(200.0))).layout
    few = seconds(np.r_[0.0, 1, 40, 41])
    assert [len(one) for one in split(few, layout=layout).series] == [2, 2]
    assert [len(one) for one in split(few).series] == [4], "too few rows of its own to tell a gap"


def test_wafers_are_runs_as_in_the_reference_even_where_a_file_holds_but_a_few_rows_of_each() -> None:
    layout = split(seconds(np.arange(300.0), wafer=np.arange(300) // 30)).layout
    assert layout.by_wafer
    few = seconds(np.arange(6.0), wafer=[1, 1, 1, 2, 2, 2])
    assert [len(one) for one in split(few, layout=layout).series] == [3, 3]
    assert [one.run for one in split(few, layout=layout).series] == [("1",), ("2",)]
    assert not split(few).layout.by_wafer


def test_rows_without_wafers_in_the_reference_are_no_runs() -> None:
    layout = split(seconds(np.arange(300.0))).layout
    assert len(split(seconds(np.arange(300.0), wafer=np.arange(300) // 30), layout=layout).series) == 1


def test_each_equipment_has_its_own_clock_and_a_new_one_the_usual() -> None:
    layout = SeriesLayout(False, {"a": 10.0, "b": 30.0}, {"a": 1.0, "b": 3.0})
    assert (layout.gap(("a",)), layout.interval(("b",))) == (10, 3)
    assert (layout.gap(("new",)), layout.interval(("new",))) == (20, 2)
    assert SeriesLayout(False).gap(("a",)) is None


def test_it_is_written_and_read_back() -> None:
    layout = SeriesLayout(True, {"a\x1fb": 1.5}, {"a\x1fb": 0.5})
    assert SeriesLayout.from_dict(layout.to_dict()) == layout


@pytest.mark.parametrize("first", [0, 1, 7, 300, 5000])
def test_a_row_has_the_same_absolute_number_wherever_its_file_begins(first: int) -> None:
    table = seconds(np.arange(6000.0))
    layout = split(table).layout
    (whole,) = split(table, layout=layout).series
    (part,) = split(seconds(np.arange(first, 6000.0)), layout=layout).series
    assert (part.offset - whole.offset - first) % GRID == 0


def test_offsets_count_usual_steps() -> None:
    assert offset_of(30.0, 2.0) == 15
    assert offset_of(30.0, None) == offset_of(np.nan, 1.0) == 0
    assert usual_step(np.array([0.0, 1, 2, 9])) == 1
    assert usual_step(np.array([5.0, 5, 5])) is None


def test_a_limit_that_is_known_replaces_what_the_rows_show() -> None:
    time, group = np.r_[0.0, 1, 2, 3, 8, 9], np.zeros(6, np.intp)
    assert not gap_starts(time, group).any()
    assert np.flatnonzero(gap_starts(time, group, np.array([4.0]))).tolist() == [4]
    assert not gap_starts(time, group, np.array([np.nan])).any()
    assert gap_limits(time, group).shape == (1,)
    assert np.isinf(gap_limits(np.zeros(3), np.zeros(3, np.intp))[0])
