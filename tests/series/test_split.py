"""Rows split by group and time; every row with a time in exactly one series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calls import calls_of
from waferwatch.errors import InputError
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.series.series import Series
from waferwatch.series.split import Split, split


def table_of(columns: dict[str, object], **options: object) -> Table:
    return table_from_frame(pd.DataFrame(columns), **options)  # type: ignore[arg-type]


def rows_of(parted: Split) -> list[list[int]]:
    return [one.rows.tolist() for one in parted.series]


def notes_of(parted: Split) -> str:
    return " ".join(map(str, parted.notes))


def runs_of(lengths: list[int], **more: object) -> Table:
    run = np.repeat(np.arange(len(lengths)), lengths)
    step = np.concatenate([np.arange(length) for length in lengths])
    return table_of({"run_id": run, "step": step, "p": np.arange(len(run), dtype=float), **more})


def assert_sound(table: Table, series: list[Series], judged: np.ndarray) -> None:
    """What holds for every split."""
    rows = np.concatenate([one.rows for one in series])
    assert sorted(rows.tolist()) == np.flatnonzero(judged).tolist()
    sensors = [name for name, role in table.roles.items() if role.value == "sensor"]
    for one in series:
        assert len(one) > 0
        assert one.rows.dtype == np.int64
        assert one.values.dtype == np.float64
        np.testing.assert_array_equal(one.values, table.frame[sensors].to_numpy()[one.rows])
        if one.time is not None:
            assert (np.diff(one.time.astype(np.float64)) >= 0).all()
        for name, text in zip(table.groups, one.key, strict=True):
            cells = table.frame[name].iloc[one.rows]
            assert all((pd.isna(cell) and text == "") or str(cell).removesuffix(".0") == text for cell in cells)


def test_interleaved_machines_become_series_of_their_own() -> None:
    table = table_of({"time": [0, 0, 1, 1, 2, 2], "tool": list("ABABAB"), "p": [1.0, 2, 3, 4, 5, 6]})
    parted = split(table)
    assert rows_of(parted) == [[0, 2, 4], [1, 3, 5]]
    assert [one.key for one in parted.series] == [("A",), ("B",)] == [one.scope for one in parted.series]
    assert parted.features == ["p"]
    assert all(one.reference is None for one in parted.series)
    assert not parted.notes


def test_without_a_time_column_rows_stay_in_their_order() -> None:
    parted = split(table_of({"p": [3.0, 1.0, 2.0]}))
    assert rows_of(parted) == [[0, 1, 2]]
    assert parted.series[0].time is None
    assert parted.series[0].key == parted.series[0].scope == ()


def test_unsorted_and_repeated_times_are_kept_and_reported() -> None:
    parted = split(table_of({"time": [3, 1, 2, 1], "p": [1.0, 2, 3, 4]}, time="time"))
    assert rows_of(parted) == [[1, 3, 2, 0]]
    assert "goes back (2 x)" in notes_of(parted)
    assert "Rows with the same time as the row before were kept: 1." in notes_of(parted)


def test_rows_without_a_time_are_in_no_series_and_reported() -> None:
    table = table_of({"time": ["2026-01-01", None, "2026-01-02"], "p": [1.0, 2, 3]}, first_row=2)
    parted = split(table)
    assert rows_of(parted) == [[0, 2]]
    assert "Rows without a time were not judged: 1, the first of them row 3." in notes_of(parted)


def test_a_table_without_any_time_is_refused() -> None:
    with pytest.raises(InputError, match="no time in any row"):
        split(table_of({"clock": [None, None], "p": [1.0, 2]}, time="clock"))


def test_a_long_stop_cuts_a_series_and_keeps_key_and_scope() -> None:
    seconds = np.concatenate([np.arange(30), np.arange(30) + 5000])
    parted = split(
        table_of(
            {
                "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(seconds, unit="s"),
                "tool": ["A"] * 60,
                "p": seconds * 1.0,
            }
        )
    )
    assert [len(one) for one in parted.series] == [30, 30]
    assert {(one.key, one.scope) for one in parted.series} == {(("A",), ("A",))}
    assert "cut at gaps in time: 1" in notes_of(parted)


def test_a_missing_machine_is_a_group_of_its_own() -> None:
    parted = split(table_of({"tool": ["A", None, "A", None, ""], "p": [1.0, 2, 3, 4, 5]}))
    assert rows_of(parted) == [[0, 2], [1, 3, 4]]
    assert parted.series[1].key == ("",)


def test_numbers_of_machines_are_whole_in_the_key() -> None:
    parted = split(table_of({"tool": [1.0, np.nan, 2.0], "p": [1.0, 2, 3]}))
    assert [one.key for one in parted.series] == [("1",), ("",), ("2",)]


class TestScope:
    """Runs of one equipment share a fit; equipment do not."""

    def test_runs_share_the_scope_of_their_equipment(self) -> None:
        parted = split(runs_of([5, 5, 5, 5], tool=list("A" * 10 + "B" * 10)))
        assert [one.key for one in parted.series] == [("A", "0"), ("A", "1"), ("B", "2"), ("B", "3")]
        assert [one.scope for one in parted.series] == [("A",), ("A",), ("B",), ("B",)]

    def test_long_runs_share_it_too(self) -> None:
        assert {one.scope for one in split(runs_of([600, 600])).series} == {()}

    def test_short_groups_that_are_no_equipment_share_a_fit_and_long_ones_do_not(self) -> None:
        for length, scopes in ((100, {()}), (600, {("x",), ("y",)})):
            columns = {"line": ["x"] * length + ["y"] * length, "p": np.arange(2.0 * length)}
            assert {one.scope for one in split(table_of(columns, group=["line"])).series} == scopes

    def test_short_equipment_keep_their_own_scope(self) -> None:
        assert {one.scope for one in split(table_of({"tool": list("AABB"), "p": [1.0, 2, 3, 4]})).series} == {
            ("A",),
            ("B",),
        }


class TestReferenceRows:
    """The first rows in time order, of each equipment."""

    def test_the_first_rows_of_each_machine_are_marked_by_time_not_by_row(self) -> None:
        table = table_of({"time": [3, 3, 2, 2, 1, 1], "tool": list("ABABAB"), "p": [1.0, 2, 3, 4, 5, 6]})
        parted = split(table, reference_rows=2)
        marked = {int(row) for one in parted.series for row in one.rows[one.reference]}
        assert marked == {2, 4, 3, 5}

    def test_they_are_counted_on_over_a_gap(self) -> None:
        seconds = np.concatenate([np.arange(30), np.arange(30) + 5000])
        parted = split(table_of({"time": seconds, "p": seconds * 1.0}), reference_rows=40)
        assert [int(one.reference.sum()) for one in parted.series if one.reference is not None] == [30, 10]

    def test_they_are_counted_on_over_the_runs_of_an_equipment(self) -> None:
        parted = split(runs_of([5, 5, 5, 5], tool=list("A" * 10 + "B" * 10)), reference_rows=7)
        assert [int(one.reference.sum()) for one in parted.series if one.reference is not None] == [5, 2, 5, 2]

    def test_runs_with_dates_are_counted_by_date(self) -> None:
        day = pd.to_datetime(["2026-01-02"] * 3 + ["2026-01-01"] * 3) + pd.to_timedelta([0, 1, 2] * 2, unit="s")
        table = table_of({"time": day, "run": [1, 1, 1, 2, 2, 2], "p": np.arange(6.0)}, group=["run"])
        parted = split(table, reference_rows=3)
        assert [int(one.reference.sum()) for one in parted.series if one.reference is not None] == [0, 3]

    def test_more_than_there_are_takes_all(self) -> None:
        parted = split(table_of({"p": [1.0, 2, 3]}), reference_rows=10)
        assert parted.series[0].reference is not None
        assert parted.series[0].reference.all()

    @pytest.mark.parametrize("count", [0, -1])
    def test_less_than_one_is_refused(self, count: int) -> None:
        with pytest.raises(InputError, match="must be 1 or more") as caught:
            split(table_of({"p": [1.0, 2, 3]}), reference_rows=count)
        assert caught.value.field == "reference_rows"


STAMPS = st.one_of(st.none(), st.integers(0, 40).map(float), st.sampled_from([1e5, 2e5, 1e9]))


@settings(max_examples=150)
@given(
    rows=st.lists(
        st.tuples(STAMPS, st.sampled_from(["A", "B", "", None]), st.one_of(st.none(), st.integers(0, 2))),
        min_size=1,
        max_size=60,
    ),
    dated=st.booleans(),
    reference_rows=st.one_of(st.none(), st.integers(1, 70)),
)
def test_every_row_with_a_time_is_in_exactly_one_series(
    rows: list[tuple[float | None, str | None, int | None]], dated: bool, reference_rows: int | None
) -> None:
    frame = pd.DataFrame(rows, columns=["time", "tool", "chamber"])
    frame["time"] = frame["time"].astype(float)
    frame["tool"] = frame["tool"].astype("str")
    frame["p"] = np.arange(len(frame), dtype=float)
    if dated:
        frame["time"] = pd.to_datetime(frame["time"], unit="s")
    judged = frame["time"].notna().to_numpy()
    table = table_from_frame(frame, time="time", group=["tool", "chamber"])
    if not judged.any():
        with pytest.raises(InputError):
            split(table)
        return
    parted = split(table, reference_rows=reference_rows)
    assert_sound(table, parted.series, judged)
    if reference_rows is not None:
        marked: dict[tuple[str, ...], int] = {}
        total: dict[tuple[str, ...], int] = {}
        for one in parted.series:
            assert one.reference is not None
            marked[one.scope] = marked.get(one.scope, 0) + int(one.reference.sum())
            total[one.scope] = total.get(one.scope, 0) + len(one)
        assert marked == {scope: min(reference_rows, count) for scope, count in total.items()}


def test_the_work_grows_with_runs_and_with_sensors_no_faster_than_their_number() -> None:
    few, many = runs_of([10] * 500), runs_of([10] * 5000)
    assert len(split(many, reference_rows=100).series) == 5000
    assert calls_of(lambda: split(many, reference_rows=100)) < 15 * calls_of(lambda: split(few, reference_rows=100))
    narrow, wide = (table_of({f"s{i}": np.arange(50.0) for i in range(count)}) for count in (200, 2000))
    assert split(wide).series[0].sensors == 2000
    assert calls_of(lambda: split(wide)) < 15 * calls_of(lambda: split(narrow))
