"""Frames from Python, whatever their index and types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role


def test_the_callers_frame_is_not_changed() -> None:
    frame = pd.DataFrame(
        {"time": ["2026-01-02", "2026-01-01"], "p": [1, np.inf], "label": [0, 1], "tool": ["A", "B"]}, index=[7, 7]
    )
    before = frame.copy(deep=True)
    table = table_from_frame(frame)
    table.frame.loc[0, "p"] = -1.0
    pd.testing.assert_frame_equal(frame, before)


def test_every_column_is_kept_in_order_and_the_rows_too() -> None:
    frame = pd.DataFrame({"b": [3.0, 1.0, 2.0], "memo": ["x", "y", "z"], "a": [1, 2, 3]}, index=[2, 0, 1])
    table = table_from_frame(frame)
    assert list(table.frame.columns) == ["b", "memo", "a"] == list(table.roles)
    assert table.frame["b"].tolist() == [3.0, 1.0, 2.0]
    assert table.frame.index.equals(pd.RangeIndex(3))


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1, None, 3], dtype="Int64"),
        pd.array([1.0, None, 3.0], dtype="Float32"),
        pd.array([1.0, None, 3.0], dtype="double[pyarrow]"),
        pd.Series([1.0, None, 3.0], dtype="category"),
        pd.Series(["1", None, "3"], dtype="category"),
        pd.Series(["1", None, "+3.0"], dtype="string"),
        pd.Series([1, None, "3"], dtype=object),
        pd.Series([Decimal(1), None, Decimal(3)], dtype=object),
        np.array([1, np.nan, 3], dtype=np.float16),
    ],
)
def test_numbers_of_every_type_become_float64(values: object) -> None:
    table = table_from_frame(pd.DataFrame({"p": values}))
    assert table.frame["p"].dtype == np.float64
    np.testing.assert_array_equal(table.frame["p"], [1.0, np.nan, 3.0])


def test_names_that_are_no_text_become_text() -> None:
    assert table_from_frame(pd.DataFrame({0: [1.0], 1: [2.0]})).columns(Role.SENSOR) == ["0", "1"]


@pytest.mark.parametrize("several", [list, tuple, pd.Index, np.array])
def test_names_that_are_no_text_can_be_given_as_options(several: Callable[[list[int]], Sequence[int]]) -> None:
    frame = pd.DataFrame({0: [3, 1, 2], 1: ["A", "A", "B"], 2: [1.0, 2.0, 3.0], 3: [0, 1, 0], 4: [5.0, 4.0, 6.0]})
    table = table_from_frame(frame, features=several([4, 2]), time=0, group=1, label=3)
    assert table.columns(Role.SENSOR) == ["2", "4"]
    assert (table.column(Role.TIME), table.groups, table.column(Role.LABEL)) == ("0", ("1",), "3")
    assert table_from_frame(frame, roles={1: "lot"}).roles["1"] is Role.LOT
    with pytest.raises(NotFoundError, match="the frame has no column 7"):
        table_from_frame(frame, features=7)


def test_names_of_several_levels_are_refused() -> None:
    frame = pd.DataFrame([[1.0, 2.0]], columns=pd.MultiIndex.from_tuples([("p", "mean"), ("p", "max")]))
    with pytest.raises(InputError, match="The column names of the frame have 2 levels"):
        table_from_frame(frame)


@pytest.mark.parametrize("columns", [["p", "p"], [1, "1"]])
def test_names_that_come_twice_are_refused(columns: list[object]) -> None:
    with pytest.raises(InputError, match="the frame has more than one column named"):
        table_from_frame(pd.DataFrame([[1.0, 2.0]], columns=columns))


def test_a_time_index_becomes_the_time_unless_another_is_there() -> None:
    index = pd.date_range("2026-01-01", periods=3, freq="s", tz="Asia/Seoul")
    table = table_from_frame(pd.DataFrame({"p": [1.0, 2.0, 3.0]}, index=index))
    assert table.column(Role.TIME) == "time"
    assert table.frame["time"].iloc[0] == pd.Timestamp("2026-01-01 00:00:00")
    assert table.zone == "UTC+09:00"
    named = pd.DataFrame({"p": [1.0, 2.0, 3.0], "clock": [1, 2, 3]}, index=index.rename("when"))
    assert list(table_from_frame(named).frame.columns) == ["when", "p", "clock"]
    assert list(table_from_frame(named, time="clock").frame.columns) == ["p", "clock"]
    assert list(table_from_frame(named, time="when").frame.columns) == ["when", "p", "clock"]
    assert table_from_frame(named.rename(columns={"clock": "time"})).column(Role.TIME) == "time"


def test_equipment_and_time_in_a_multiindex_become_columns() -> None:
    times = pd.date_range("2026-01-01", periods=3, freq="s")
    index = pd.MultiIndex.from_product([["A", "B"], times], names=["equipment", "when"])
    table = table_from_frame(pd.DataFrame({"p": np.arange(6.0)}, index=index))
    assert list(table.frame.columns) == ["equipment", "when", "p"]
    assert table.roles == {"equipment": Role.EQUIPMENT, "when": Role.TIME, "p": Role.SENSOR}
    assert table.groups == ("equipment",)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (pd.Index(["L1", "L1", "L2"], name="lot_id"), {"lot_id": Role.LOT, "p": Role.SENSOR}),
        (pd.period_range("2026-01-01", periods=3, freq="s"), {"time": Role.TIME, "p": Role.SENSOR}),
        (pd.timedelta_range("0s", periods=3, freq="s"), {"time": Role.TIME, "p": Role.SENSOR}),
        (pd.Index([0.0, 0.5, 1.0], name="time"), {"time": Role.TIME, "p": Role.SENSOR}),
        (pd.Index([4, 9, 2], name="row"), {"p": Role.SENSOR}),
        (pd.Index(["a", "b", "c"]), {"p": Role.SENSOR}),
    ],
    ids=["lots", "periods", "time since a start", "seconds", "row numbers", "no name"],
)
def test_an_index_counts_where_it_says_when_or_where(index: pd.Index, expected: dict[str, Role]) -> None:
    assert table_from_frame(pd.DataFrame({"p": [1.0, 2.0, 3.0]}, index=index)).roles == expected


def test_an_index_that_an_option_names_is_found() -> None:
    frame = pd.DataFrame({"p": [1.0, 2.0, 3.0]}, index=pd.Index(["a", "a", "b"], name="line"))
    assert table_from_frame(frame, group="line").groups == ("line",)
    assert table_from_frame(frame, roles={"line": "equipment"}).roles["line"] is Role.EQUIPMENT


def test_where_on_a_wafer_a_row_lies_is_no_clock() -> None:
    count = np.arange(300)
    dies = pd.DataFrame({"wafer": count // 100, "die_x": count % 10, "die_y": count // 10 % 10, "vth": count % 7 / 7})
    for columns in (["wafer", "die_x", "die_y", "vth"], ["wafer", "die_y", "die_x", "vth"]):
        frame = dies.set_axis(columns, axis=1)
        assert table_from_frame(frame).column(Role.TIME) is None


class _PolarsFrame:
    __module__ = "polars.dataframe"

    def to_pandas(self) -> None: ...


_PolarsFrame.__name__ = "DataFrame"


def test_a_frame_of_another_library_is_refused_with_the_way_to_give_it() -> None:
    with pytest.raises(InputError, match=r"is a polars DataFrame, not a pandas DataFrame. Give its to_pandas\(\)"):
        table_from_frame(_PolarsFrame())  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [[1, 2, 3], np.zeros((3, 2)), pd.Series([1.0])])
def test_what_is_no_frame_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="not a pandas DataFrame"):
        table_from_frame(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), pd.DataFrame({"p": []}), pd.DataFrame({"p": ["a"]}), pd.DataFrame({"p": [1 + 2j]})]
)
def test_a_frame_without_rows_or_sensors_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(InputError):
        table_from_frame(frame)


@pytest.mark.parametrize("cell", [[1, 2], {"a": 1}, np.array([1.0, 2.0])], ids=["list", "record", "array"])
@pytest.mark.parametrize("time", [None, "t"])
def test_cells_that_are_lists_or_records_are_left_out(cell: object, time: str | None) -> None:
    frame = pd.DataFrame({"t": [1.0, 2.0, 3.0], "p": [1.0, 2.0, 4.0], "spectrum": [None, cell, cell]})
    table = table_from_frame(frame, time=time)
    assert table.roles["spectrum"] is Role.IGNORED
    assert "lists or records: spectrum" in str(table.notes[0])


def test_notes_of_the_reader_come_first() -> None:
    table = table_from_frame(pd.DataFrame({"p": [1.0, -np.inf]}), notes=())
    assert [str(note) for note in table.notes] == ["Infinite values were taken as missing: 1, in p."]


@pytest.mark.parametrize("path", ["etch.csv", Path("etch.csv")])
def test_a_path_instead_of_a_frame_is_answered_with_the_way_to_read_it(path: str | Path) -> None:
    with pytest.raises(InputError, match=r"not a pandas DataFrame. Give waferwatch.read_file\(path\) instead"):
        waferwatch.detect(path)  # type: ignore[arg-type]
