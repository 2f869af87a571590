"""What a monitor learns from: chosen, left out with reasons, from one or several files."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.monitors.made import chamber, stream, table
from waferwatch.errors import InputError, NotFoundError
from waferwatch.monitors.golden.golden_set import GoldenChoice, Reason, choose
from waferwatch.monitors.golden.wafers import wafers_of
from waferwatch.read.frames import table_from_frame

ROWS = 50  # of a wafer
texts = st.text(max_size=8)


def names(frame: pd.DataFrame) -> set[str]:
    return set(frame["lot"].astype(str) + "/" + frame["wafer"].astype(str))


def test_everything_is_learnt_from_unless_something_is_chosen() -> None:
    golden = choose(table(chamber(10)))
    assert golden.rows == 10 * ROWS
    assert golden.left_out == ()


def test_a_period_keeps_wafers_that_lie_in_it_as_a_whole() -> None:
    # The second wafer lasts from second 70 to 119, the third from 140 to 189.
    golden = choose(table(chamber(10)), GoldenChoice(start="2026-03-01T00:00:10", end="2026-03-01T00:03:00"))
    assert names(golden.table.frame) == {"L0/W1"}


def test_a_period_of_rows_without_wafers_keeps_its_rows() -> None:
    golden = choose(table(stream(100)), GoldenChoice(start="2026-03-01T00:00:10", end="2026-03-01T00:00:19"))
    assert golden.rows == 10


def test_lots_wafers_and_equipment_are_chosen_by_name() -> None:
    both = pd.concat([chamber(10), chamber(10, 1, equipment="E2")], ignore_index=True)
    assert names(choose(table(both), GoldenChoice(lots=("L1",))).table.frame) == {f"L1/W{n}" for n in range(5)}
    assert choose(table(both), GoldenChoice(wafers=("L0/W3",), equipment=("E2",))).rows == ROWS


def test_a_lot_is_chosen_by_its_number_where_another_row_has_none() -> None:
    frame = chamber(10)
    frame["lot"] = frame["lot"].str.removeprefix("L").astype(float)
    frame.loc[: ROWS - 1, "lot"] = np.nan
    golden = choose(table(frame), GoldenChoice(lots=("1",)))
    assert golden.rows == 5 * ROWS
    with pytest.raises(NotFoundError, match="There are: 0, 1"):
        choose(table(frame), GoldenChoice(lots=("nan",)))


def test_wafers_of_two_files_have_one_name_where_one_file_has_numbers_and_a_gap() -> None:
    first, second = chamber(10), chamber(10, 1, start="2026-03-02", lot="M")
    first["wafer"] = first["wafer"].str.removeprefix("W").astype(float)
    first.loc[: ROWS - 1, "wafer"] = np.nan
    second["wafer"] = second["wafer"].str.removeprefix("W")
    joined = choose([table(first), table(second, "second.csv")]).table
    assert set(joined.frame["wafer"].dropna()) == set("01234")
    assert joined.frame["wafer"].isna().sum() == ROWS


def test_what_is_left_out_is_said_with_its_reason() -> None:
    golden = choose(table(chamber(10)), GoldenChoice(leave_out=("L1", "L0/W2")))
    assert names(golden.table.frame) == {f"L0/W{n}" for n in (0, 1, 3, 4)}
    assert [(one.what, one.rows, one.runs, one.reason) for one in golden.left_out] == [
        ("L1", 5 * ROWS, 5, Reason.NAMED),
        ("L0/W2", ROWS, 1, Reason.NAMED),
    ]


def test_a_wafer_with_a_labelled_row_is_left_out_as_a_whole() -> None:
    frame = chamber(10).assign(bad=0)
    frame.loc[3 * ROWS + 7, "bad"] = 1
    golden = choose(table(frame))
    assert [(one.what, one.rows, one.reason) for one in golden.left_out] == [("L0/W3", ROWS, Reason.LABELLED)]
    assert "L0/W3" not in names(golden.table.frame)


def test_of_rows_without_wafers_only_the_labelled_ones_are_left_out() -> None:
    golden = choose(table(stream(100).assign(bad=np.arange(100) < 7), "flow.csv"))
    assert golden.rows == 93
    assert [(one.what, one.rows, one.runs) for one in golden.left_out] == [("flow.csv", 7, 0)]


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        (GoldenChoice(lots=("L9",)), "lots"),
        (GoldenChoice(wafers=("L0/W9",)), "wafers"),
        (GoldenChoice(equipment=("E9",)), "equipment"),
        (GoldenChoice(leave_out=("W1",)), "leave_out"),
    ],
)
def test_a_name_that_the_data_do_not_have_is_refused_with_those_they_have(choice: GoldenChoice, field: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        choose(table(chamber(10)), choice)
    assert caught.value.field == field


def test_a_choice_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="Nothing is left"):
        choose(table(chamber(5)), GoldenChoice(leave_out=("L0",)))


def test_a_period_of_rows_without_a_time_is_refused() -> None:
    frame = stream(50).drop(columns="time")
    with pytest.raises(InputError, match="no time column"):
        choose(table(frame), GoldenChoice(start="5"))


def test_several_files_are_one_golden_set() -> None:
    files = [table(chamber(5), "a.csv"), table(chamber(5, 1, start="2026-03-02", lot="M"), "b.csv")]
    golden = choose(files, GoldenChoice(leave_out=("M0/W1",)))
    assert golden.files == ("a.csv", "b.csv")
    assert golden.rows == 9 * ROWS
    assert len(golden.table.frame.index.unique()) == golden.rows


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(columns="leak"), "b.csv lacks the column leak"),
        (lambda frame: frame.assign(gas=frame["leak"] * 1.5), "b.csv has the column gas"),
        (lambda frame: frame.assign(time=np.arange(len(frame)) * 1.0), "column time"),
        (lambda frame: frame.assign(time=frame["time"] - pd.Timedelta(days=1)), "overlap in time"),
    ],
)
def test_files_that_do_not_fit_together_are_refused_by_file_and_column(change: object, said: str) -> None:
    assert callable(change)
    other = change(chamber(5, 1, start="2026-03-02", lot="M"))
    with pytest.raises(InputError, match=said):
        choose([table(chamber(5), "a.csv"), table_from_frame(other, name="b.csv", time="time")])


def test_no_file_is_refused() -> None:
    with pytest.raises(InputError, match="No file"):
        choose([])


def test_a_golden_set_is_described_as_json() -> None:
    about = choose(table(chamber(10)), GoldenChoice(leave_out=("L1",))).about()
    assert json.loads(json.dumps(about)) == about
    assert (about["wafers"], about["equipment"], about["start"]) == (5, ["E1"], "2026-03-01T00:00:00")


@given(
    st.builds(
        GoldenChoice,
        start=st.none() | texts,
        end=st.none() | texts,
        **{name: st.lists(texts).map(tuple) for name in ("equipment", "lots", "wafers", "leave_out")},
    )
)
def test_a_choice_survives_json(choice: GoldenChoice) -> None:
    assert GoldenChoice.from_dict(json.loads(json.dumps(choice.to_dict()))) == choice


@pytest.mark.parametrize("values", [{"lot": []}, {"lots": "L1"}, {"lots": [1]}, {"start": 5}])
def test_a_choice_of_another_kind_is_refused_by_its_field(values: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        GoldenChoice.from_dict(values)
    assert caught.value.field == next(iter(values))


def test_a_choice_that_is_no_object_is_refused() -> None:
    with pytest.raises(InputError):
        GoldenChoice.from_dict(["L1"])  # type: ignore[arg-type]


def test_a_wafer_of_the_same_name_on_another_equipment_is_another_wafer() -> None:
    both = pd.concat([chamber(5), chamber(5, 1, equipment="E2")], ignore_index=True)
    found = wafers_of(table(both))
    assert found is not None
    assert found.count == 10


def test_a_wafer_that_lies_in_two_files_is_learnt_as_a_whole_or_not_at_all() -> None:
    frame = chamber(4)
    frame["bad"] = np.arange(len(frame)) == ROWS + 10  # in the first half of the second wafer
    cut = ROWS + ROWS // 2
    pieces = [table(frame[:cut], "a.csv"), table(frame[cut:].reset_index(drop=True), "b.csv")]
    assert names(choose(pieces).table.frame) == {"L0/W0", "L0/W2", "L0/W3"}
    plain = [table(frame[:cut].drop(columns="bad")), table(frame[cut:].drop(columns="bad").reset_index(drop=True))]
    later = str(frame["time"][cut - 5])
    assert names(choose(plain, GoldenChoice(start=later)).table.frame) == {"L0/W2", "L0/W3"}


def test_a_choice_without_a_row_says_so_and_names_the_files() -> None:
    with pytest.raises(InputError, match=r"No row of made\.csv was chosen"):
        choose(table(chamber(3)), GoldenChoice(start="2027-01-01"))


def test_an_end_without_a_time_of_day_includes_its_day() -> None:
    frame = chamber(3, start="2026-03-02T10:00:00")
    every = choose(table(frame), GoldenChoice(start="2026-03-02", end="2026-03-02"))
    assert every.rows == len(frame)
    with pytest.raises(InputError, match="No row"):
        choose(table(frame), GoldenChoice(end="2026-03-02T00:00"))
