"""What stands in cells beside plain numbers: signs, units, words and fillers for no value, status, states."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.errors import InputError
from waferwatch.read.cells.rules import CellRules
from waferwatch.read.cells.values import look_at
from waferwatch.read.findings import Level, findings_of
from waferwatch.read.frames import table_from_frame
from waferwatch.read.numbers.words import KNOWN
from waferwatch.read.table import Role, Table

N = 120
NOISE = np.round(12 + np.random.default_rng(0).normal(size=N), 2)


def read(columns: dict[str, object], **options: object) -> Table:
    return table_from_frame(pd.DataFrame({**columns, "press": NOISE}), **options)  # type: ignore[arg-type]


def said(table: Table, code: str) -> list[str]:
    return [str(note) for note in findings_of(table.notes) if note.code == code]


def _grouped(number: float, thousands: str, decimal: str) -> str:
    return f"{number:,.3f}".translate(str.maketrans(",.", thousands + decimal))


@pytest.mark.parametrize(
    ("thousands", "decimal"), [(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u00a0", "."), ("\u202f", ",")]
)
@settings(max_examples=25)
@given(
    st.lists(st.floats(-9e8, 9e8, allow_nan=False).map(lambda value: round(value, 3)), min_size=3, max_size=30),
    st.sampled_from(["{}", "{} W", "{}W", " {} ", "{} %", "'{}", '"{}"', '="{}"']),
)
def test_numbers_are_read_through_what_stands_around_them(
    thousands: str, decimal: str, numbers: list[float], around: str
) -> None:
    numbers = [*numbers, 1_234_567.125, 0.5, -1_000.25]
    texts = [around.format(_grouped(number, thousands, decimal)) for number in numbers]
    cells = look_at(pd.Series(texts, dtype="str"))
    assert not cells.junk.any()
    np.testing.assert_allclose(cells.numbers, numbers, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("texts", "numbers", "mark"),
    [
        (["12.5%", "13 %"], [12.5, 13.0], "unit"),
        (["<0.05", "0.07", "≤ 0.05"], [0.05, 0.07, 0.05], "bound"),
        (["850 mV", "1.2 V", "900 mV"], [850.0, 1200.0, 900.0], "scaled unit"),
        (["61.5 °C", "61.8 ℃", "61.9°C"], [61.5, 61.8, 61.9], "unit"),
        (["(1,234)", "5"], [-1234.0, 5.0], "thousands"),
        (["123-", "5"], [-123.0, 5.0], "sign"),
        (["1.5D+03", "5"], [1500.0, 5.0], "sign"),
        (["\u22125.2", "３.5"], [-5.2, 3.5], "sign"),
        (["0,123", "0,5", "12"], [0.123, 0.5, 12.0], "decimal comma"),
    ],
)
def test_other_signs_are_read_and_counted(texts: list[str], numbers: list[float], mark: str) -> None:
    cells = look_at(pd.Series(texts, dtype="str"))
    assert cells.numbers.tolist() == pytest.approx(numbers)
    assert cells.marks.get(mark)


@pytest.mark.parametrize(
    "texts",
    [["1호기", "2호기"], ["240301A", "240302A"], ["10.0.0.1", "10.0.0.2"], ["R1", "R2"], ["5 mm", "7 kg", "9 s"]],
)
def test_names_of_things_are_no_numbers(texts: list[str]) -> None:
    assert look_at(pd.Series(texts, dtype="str")).junk.any()


@pytest.mark.parametrize(
    "word",
    ["Bad", "I/O Timeout", "No Data", "#DIV/0!", "########", "*", ".", "1.#QNAN", "-1.#IND", "OL", "통신오류", "缺失"],
)
def test_words_for_no_value_are_counted_and_reported(word: str) -> None:
    cells = NOISE.astype(str).astype(object)
    cells[[3, 50, 51]] = word
    table = read({"flow": cells})
    assert np.flatnonzero(np.isnan(table.frame["flow"])).tolist() == [3, 50, 51]
    assert f"{word.lower()} (3 x)" in said(table, "no_value_words")[0]


def test_known_words_are_written_in_small_letters() -> None:
    assert {word for word in KNOWN if word != word.lower()} == set()


def test_a_few_other_words_are_left_empty_and_many_are_refused_with_the_options() -> None:
    cells = NOISE.astype(str).astype(object)
    cells[[3, 50]] = "sensor swapped"
    table = read({"flow": cells})
    assert np.isnan(table.frame["flow"]).sum() == 2
    assert "row 4" in said(table, "bad_cells")[0]
    with pytest.raises(InputError, match=r"Row 4 of the frame.*--no-value"):
        read({"flow": cells}, rules=CellRules(bad_cells=0.0))
    cells[:40] = "sensor swapped"
    with pytest.raises(InputError, match="sensor swapped"):
        read({"flow": cells})
    assert np.isnan(read({"flow": cells}, rules=CellRules(no_value=("Sensor swapped",))).frame["flow"]).sum() == 41


def test_all_bad_columns_are_refused_at_once() -> None:
    cells = NOISE.astype(str).astype(object)
    cells[:40] = "swapped"
    with pytest.raises(InputError) as caught:
        read({"flow": cells, "power": cells})
    assert "flow" in str(caught.value)
    assert "power" in str(caught.value)


@pytest.mark.parametrize("filler", [-9999.0, -999.25, 9999.99, 99999.0, 1e30, 3.4028235e38, 32767.0, -32768.0, 65535.0])
def test_filler_numbers_far_outside_are_no_value(filler: float) -> None:
    cells = NOISE.copy()
    cells[[3, 50, 51]] = filler
    table = read({"flow": cells})
    assert np.flatnonzero(np.isnan(table.frame["flow"])).tolist() == [3, 50, 51]
    assert "(3 x)" in said(table, "filler_number")[0]
    assert read({"flow": cells}, rules=CellRules(keep_values=True)).frame["flow"].tolist() == cells.tolist()


def test_two_fillers_in_one_column_are_both_no_value() -> None:
    cells = NOISE.copy()
    cells[[3, 4, 60]], cells[[9, 10]] = -9999.0, 32767.0
    assert np.isnan(read({"flow": cells}).frame["flow"]).sum() == 5


@settings(max_examples=40)
@given(st.lists(st.floats(-2000, 2000, allow_nan=False), min_size=30, max_size=60))
def test_values_within_the_range_of_the_others_are_kept(values: list[float]) -> None:
    cells = np.array([*values, 999.0, 999.0, -99.0, -99.0, 2000.0, -2000.0] * 2)
    table = table_from_frame(pd.DataFrame({"flow": cells, "press": np.resize(NOISE, len(cells))}))
    assert not np.isnan(table.frame["flow"]).any()


def test_a_strange_value_that_comes_back_is_kept_and_pointed_out() -> None:
    cells = NOISE.copy()
    cells[[3, 50, 51]] = -250.0
    table = read({"flow": cells})
    assert not np.isnan(table.frame["flow"]).any()
    (note,) = [note for note in findings_of(table.notes) if note.code == "strange_number"]
    assert note.option == "--no-value -250"
    assert np.isnan(read({"flow": cells}, rules=CellRules(no_value=("-250",))).frame["flow"]).sum() == 3


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("press_status", 0, 2),
        ("press.Quality", 192, 24),
        ("press quality", "Good", "Bad"),
        ("press_valid", 1, 0),
        ("press 상태", "정상", "불량"),
    ],
)
def test_a_status_column_takes_bad_values_out_of_its_sensor(name: str, good: object, bad: object) -> None:
    status = np.array([good] * N, dtype=object)
    status[[5, 6]] = bad
    table = read({name: pd.Series(status).infer_objects()})
    assert table.roles[name] is Role.STATUS
    assert np.flatnonzero(np.isnan(table.frame["press"])).tolist() == [5, 6]
    assert said(table, "bad_status")
    assert not np.isnan(read({name: status}, roles={name: "context"}).frame["press"]).any()


def test_a_status_that_is_mostly_another_code_takes_nothing_out() -> None:
    table = read({"press_status": [0, 3, 7, 9] * (N // 4)})
    assert not np.isnan(table.frame["press"]).any()
    assert said(table, "status_unclear")


def test_states_of_a_valve_are_context_and_a_sensor_when_asked_for() -> None:
    states = ["OPEN", "CLOSE", "CLOSE"] * (N // 3)
    assert read({"valve": states}).roles["valve"] is Role.CONTEXT
    table = read({"valve": states}, roles={"valve": "sensor"})
    assert table.frame["valve"].tolist() == [1.0, 0.0, 0.0] * (N // 3)


def test_rows_in_a_maintenance_state_have_no_values_when_left_out() -> None:
    states = np.array(["PRD"] * N, dtype=object)
    states[10:20] = "PM "
    rules = CellRules(leave_out_rows=(("state", "pm"),))
    table = read({"state": states}, rules=rules)
    assert np.flatnonzero(np.isnan(table.frame["press"])).tolist() == list(range(10, 20))
    assert "10" in said(table, "left_out_rows")[0]
    with pytest.raises(InputError, match="No row of the frame has SDT"):
        read({"state": states}, rules=CellRules(leave_out_rows=(("state", "SDT"),)))


def test_names_that_differ_by_blanks_and_capital_letters_are_one() -> None:
    tools = ["ETCH01", "ETCH01 ", "etch01", "ETCH02"] * (N // 4)
    table = read({"tool": [*tools[:-1], "ETCH01"]})
    assert set(table.frame["tool"]) == {"ETCH01", "ETCH02"}
    assert "'etch01' = 'ETCH01'" in said(table, "one_spelling")[0]


def test_what_is_repaired_and_left_out_is_never_silent() -> None:
    columns = {
        "time": pd.date_range("2026-01-01", periods=N, freq="s"),
        "idx": np.arange(N),
        "memo": [f"row {row}" for row in range(N)],
        "flow": [f"{value:.2f} sccm" for value in NOISE],
        "elapsed": np.arange(N) * 1.0,
    }
    table = read(columns)
    spoken = " ".join(map(str, table.notes))
    for name, role in table.roles.items():
        changed = role is Role.SENSOR and str(columns.get(name, NOISE)[0]) != str(table.frame[name].iloc[0])
        if role is Role.IGNORED or changed:
            assert name in spoken
    assert all(note.level is not Level.OBSTACLE for note in findings_of(table.notes))


def test_what_is_said_alike_of_many_columns_is_said_once() -> None:
    cells = {f"s{at:02d}": [f"{at + row}.5 W" for row in range(8)] for at in range(40)}
    few = {name: cells[name] for name in list(cells)[:5]}
    assert len(table_from_frame(pd.DataFrame(few)).notes) == 5
    (note,) = table_from_frame(pd.DataFrame(cells)).notes
    assert str(note) == "Numbers in s00, s01, s02, s03, s04, ... (40) were read without their unit W: 320."
