"""Which column is what, from Korean and English names and from contents."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table

N = 6
NUMBERS = np.array([1.5, 2.5, 0.5, 3.5, 2.5, 1.5])
STAMPS = pd.date_range("2026-01-01", periods=N, freq="s")


def read(columns: dict[str, object], **options: object) -> Table:
    return table_from_frame(pd.DataFrame({**columns, "pressure": NUMBERS}), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["timestamp", "Time Stamp", "DATE_TIME", "시간", "일시", "측정 시간", "측정일시", "시각", "일자", "Time (s)", "ts"],
)
@pytest.mark.parametrize("values", [STAMPS, STAMPS.astype(str), np.arange(N) * 0.1])
def test_the_time_column_is_found_by_name(name: str, values: object) -> None:
    assert read({name: values}).column(Role.TIME) == name


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (
            Role.EQUIPMENT,
            "장비ID 장비 설비 설비명 호기 챔버 equipment Equipment_ID EQP EQP-ID tool tool.id Machine chamber module "
            "Entity furnace_id Tube Reactor scanner stepper_name implanter 퍼니스 튜브번호 노광기 "
            "Anlage Anlagen-Nr. Anlagennummer Maschine Kammer",
        ),
        (Role.LOT, "배치번호 배치 로트 lot LotID lot_no Batch Los Los-Nr. Losnummer"),
        (Role.WAFER, "웨이퍼 웨이퍼번호 wafer waferId Slot run_id Run RunID Scheibe Scheibennummer"),
        (Role.RECIPE, "레시피 recipe RECIPE_NAME ppid Rezept Rezeptname"),
        (Role.STEP, "스텝 단계 step Step_No STEP-ID StepNumber recipe_step Schritt Prozessschritt"),
    ],
)
@pytest.mark.parametrize("values", [list("aabbcc"), [1, 1, 2, 2, 3, 3], [1.0, 1.0, np.nan, 2.0, 3.0, 3.0]])
def test_categories_are_found_by_name_whatever_their_type(role: Role, names: str, values: list[object]) -> None:
    for name in [*names.split(), f" {names.split()[0]} [-]"]:
        assert read({name: values}).roles[name] is role


MEASUREMENTS = (
    "tool_temperature step_time batch_pressure wafer_bow chamber_pressure run_time_left lot_size_mean "
    "챔버압력 장비온도 time_constant label_voltage yaw index_offset Kammerdruck Anlagentemperatur Loss He_flow_loss"
)


@pytest.mark.parametrize("name", MEASUREMENTS.split())
def test_a_measurement_whose_name_holds_such_a_word_is_a_sensor(name: str) -> None:
    assert read({name: [1, 2, 3, 4, 5, 7]}).roles[name] is Role.SENSOR


@pytest.mark.parametrize("name", ["chamber", "step", "run", "lot", "웨이퍼"])
def test_fractions_are_no_names_of_things(name: str) -> None:
    assert read({name: NUMBERS}).roles[name] is Role.SENSOR
    assert read({name: NUMBERS.astype(str)}).roles[name] is Role.SENSOR


@pytest.mark.parametrize("name", ["label", "이상여부", "라벨", "is_anomaly", "Anomaly", "y", "fault"])
@pytest.mark.parametrize(
    "values",
    [
        [0, 1, 0, 0, 1, 0],
        [0.0, 1.0, 0.0, 0.0, 1.0, 0.0],
        [False, True, False, False, True, False],
        ["정상", "이상", "정상", "정상", "이상 ", "정상"],
        ["Normal", "abnormal", "normal", "normal", "Anomaly", "NORMAL"],
        ["N", "Y", "N", "N", "Y", "N"],
    ],
)
def test_the_label_is_found_and_becomes_truth_values(name: str, values: list[object]) -> None:
    table = read({name: values})
    assert table.column(Role.LABEL) == name
    assert table.frame[name].dtype == np.bool_
    assert table.frame[name].tolist() == [False, True, False, False, True, False]


def test_a_coordinate_called_y_is_a_sensor() -> None:
    assert read({"y": NUMBERS}).roles["y"] is Role.SENSOR


def test_a_second_label_is_left_out_and_reported() -> None:
    table = read({"label": [0, 0, 0, 1, 0, 0], "changepoint": [0, 0, 0, 1, 0, 0]})
    assert table.roles["changepoint"] is Role.IGNORED
    assert "changepoint looks like another label" in str(table.notes[0])


@pytest.mark.parametrize(
    ("values", "row"),
    [([0, 1, 2, 0, 1, 0], 3), (["정상", None, "이상", "정상", "정상", "정상"], 2), ([-1, 1, -1, 1, 1, -1], 1)],
)
def test_a_label_column_with_other_values_is_refused(values: list[object], row: int) -> None:
    with pytest.raises(InputError, match=f"Row {row} of the frame"):
        read({"label": values})
    with pytest.raises(InputError, match=f"Row {row} of the frame"):
        read({"result": values}, label="result")
    assert read({"label": values}, roles={"label": "ignored"}).column(Role.LABEL) is None


def test_row_counters_are_left_out_but_other_numbers_under_such_a_name_are_not() -> None:
    table = read({"No.": range(1, N + 1), "Unnamed: 0": range(N), "id": [3, 1, 4, 1, 5, 9]})
    assert table.roles["No."] is table.roles["Unnamed: 0"] is Role.IGNORED
    assert table.roles["id"] is Role.SENSOR


def test_the_columns_that_waferwatch_adds_are_no_sensors() -> None:
    table = read({"anomaly_score": NUMBERS, "is_anomaly": [True] + [False] * 5, "event_id": [1.0] + [np.nan] * 5})
    assert table.columns(Role.SENSOR) == ["pressure"]
    assert table.column(Role.LABEL) is None
    assert not table.notes


def test_other_text_is_context_unless_it_differs_in_every_row() -> None:
    table = read({"operator": list("aabbcc"), "memo": list("abcdef"), "open": [True, False] * 3, "note": ["x"] * N})
    assert table.columns(Role.CONTEXT) == ["operator", "open", "note"]
    assert table.roles["memo"] is Role.IGNORED


def test_a_column_without_values_is_left_out_and_reported() -> None:
    table = read({"spare": [np.nan] * N})
    assert table.roles["spare"] is Role.IGNORED
    assert "spare holds no value" in str(table.notes[0])


def test_a_date_under_any_name_is_the_time_and_a_second_one_is_left_out() -> None:
    table = read({"lot_start": ["2026-01-01 00:00:00"] * N, "measured": STAMPS.astype(str)})
    assert table.column(Role.TIME) == "measured"
    assert table.roles["lot_start"] is Role.IGNORED


def test_a_date_wins_over_a_number_called_time() -> None:
    table = read({"time": np.arange(N), "measured": STAMPS})
    assert table.column(Role.TIME) == "measured"
    assert table.roles["time"] is Role.IGNORED
    assert "time" in str(table.notes[0])


def test_a_number_called_time_that_goes_back_is_a_sensor() -> None:
    table = read({"time": NUMBERS, "measured": STAMPS})
    assert table.column(Role.TIME) == "measured"
    assert table.roles["time"] is Role.SENSOR


def test_what_the_user_says_wins() -> None:
    table = read(
        {"tool": list("aabbcc"), "time": range(N), "clock": range(N), "line": [1, 1, 1, 2, 2, 2], "flow": NUMBERS},
        features=["pressure"],
        time="clock",
        group="line",
        roles={"tool": "context"},
    )
    assert table.columns(Role.SENSOR) == ["pressure"]
    assert table.roles["flow"] is table.roles["time"] is Role.IGNORED
    assert table.column(Role.TIME) == "clock"
    assert table.groups == ("line",)
    assert table.roles["tool"] is table.roles["line"] is Role.CONTEXT


def test_features_keep_the_order_of_the_frame() -> None:
    table = read({"b": NUMBERS, "a": NUMBERS}, features=["pressure", "a", "b"])
    assert table.columns(Role.SENSOR) == ["b", "a", "pressure"]


def test_junk_in_a_column_that_is_no_feature_is_no_matter() -> None:
    junk = ["1", "2", "swapped", "4", "5", "6"]
    with pytest.raises(InputError, match="Row 3 of the frame: 'swapped' in the column flow"):
        read({"flow": junk})
    assert read({"flow": junk}, features=["pressure"]).roles["flow"] is Role.IGNORED
    assert read({"flow": junk}, roles={"flow": "ignored"}).columns(Role.SENSOR) == ["pressure"]


def test_truth_values_are_sensors_when_asked_for() -> None:
    for values in ([True, False] * 3, ["true", "False"] * 3, pd.array([True, None] * 3, dtype="boolean")):
        assert read({"valve": values}, features=["valve"]).frame["valve"].iloc[0] == 1.0


@pytest.mark.parametrize(
    "options",
    [
        {"features": ["pressure"], "time": "pressure"},
        {"features": ["pressure"], "roles": {"pressure": "context"}},
        {"time": "a", "label": "a"},
        {"features": ["pressure"], "group": ["pressure"]},
        {"roles": {"a": "time", "b": "time"}},
        {"features": []},
        {"features": ["a"]},
        {"features": ["when"]},
    ],
)
def test_wishes_that_cannot_be_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        read({"a": list("aabbcc"), "b": list("aabbcc"), "when": STAMPS}, **options)


@pytest.mark.parametrize("option", ["time", "label", "features", "group"])
def test_a_column_that_does_not_exist_is_refused_under_its_option(option: str) -> None:
    with pytest.raises(NotFoundError, match="Did you mean pressure") as caught:
        read({}, **{option: "Presure" if option in ("time", "label") else ["Presure"]})
    assert caught.value.field == option


class TestGroups:
    """A continuous table is parted by equipment only; runs below one another are parted by run as well."""

    def test_equipment_and_chamber_part_a_continuous_table(self) -> None:
        table = read(
            {
                "time": STAMPS,
                "tool": ["A"] * N,
                "chamber": list("121212"),
                "lot": ["L"] * N,
                "wafer": [1, 1, 1, 2, 2, 2],
            }
        )
        assert table.groups == ("tool", "chamber")

    def test_runs_with_steps_and_no_time_are_runs(self) -> None:
        columns = {"run_id": [1, 1, 1, 2, 2, 2], "step": [0, 1, 2] * 2}
        assert read(columns).groups == ("run_id",)
        assert read({"tool": list("AAABBB"), **columns}).groups == ("tool", "run_id")

    def test_a_time_that_begins_anew_in_every_run_makes_runs(self) -> None:
        assert read({"wafer": [1, 1, 1, 2, 2, 2], "time": [0.0, 0.5, 1.0] * 2}).groups == ("wafer",)

    @pytest.mark.parametrize("order", ["newest row first", "newest run first"])
    def test_a_file_that_begins_with_its_newest_rows_is_continuous(self, order: str) -> None:
        wafers = pd.DataFrame({"wafer": np.repeat([1, 2, 3], 4), "time": np.arange(12.0), "p": np.arange(12.0) % 5})
        rows = (
            wafers[::-1] if order == "newest row first" else wafers.sort_values("wafer", ascending=False, kind="stable")
        )
        assert table_from_frame(rows).groups == ()

    def test_a_time_that_begins_anew_in_every_run_and_runs_backwards_makes_runs(self) -> None:
        assert read({"wafer": [1, 1, 1, 2, 2, 2], "time": [1.0, 0.5, 0.0] * 2}).groups == ("wafer",)

    def test_wafer_numbers_that_come_again_in_the_next_lot_are_kept_apart_by_lot(self) -> None:
        columns = {"lot": list("AAAABBBB"), "wafer": [1, 1, 2, 2] * 2, "step": [1, 2] * 4, "p": np.arange(8.0)}
        assert table_from_frame(pd.DataFrame(columns)).groups == ("lot", "wafer")

    def test_wafers_in_a_table_without_time_and_steps_are_no_runs(self) -> None:
        assert read({"wafer": [1, 1, 1, 2, 2, 2]}).groups == ()

    def test_one_row_for_each_wafer_is_no_run(self) -> None:
        assert read({"wafer": range(N), "step": range(N)}).groups == ()

    def test_interleaved_wafers_are_no_runs(self) -> None:
        assert read({"run_id": [1, 2, 1, 2, 1, 2], "step": [1, 1, 2, 2, 3, 3]}).groups == ()

    def test_a_count_that_begins_anew_is_the_step_of_runs(self) -> None:
        table = read({"run": [1, 1, 1, 2, 2, 2], "index": [0, 1, 2] * 2})
        assert table.roles["index"] is Role.STEP
        assert table.groups == ("run",)


@pytest.mark.parametrize("lots", [["12L0", "12L1"], ["26B7", "26B8"], ["101A", "102A"], ["40kV", "41kV"]])
def test_lots_of_digits_and_letters_are_no_numbers_with_a_unit(lots: list[str]) -> None:
    table = read({"LOTID": [lots[0]] * 4 + [lots[1]] * 2})
    assert table.roles["LOTID"] is Role.LOT
    assert table.roles["pressure"] is Role.SENSOR


def test_tools_and_steps_of_a_digit_and_a_letter_are_no_numbers_with_a_unit() -> None:
    table = read({"Chamber": ["1A", "2B"] * 3, "Step": ["1A", "1A", "2A", "2A", "3A", "3A"]})
    assert table.roles["Chamber"] is Role.EQUIPMENT
    assert table.roles["Step"] is Role.STEP
    assert read({"chamber": [f"{at} mTorr" for at in (5, 7, 5, 8, 6, 5)]}).roles["chamber"] is Role.SENSOR


@pytest.mark.parametrize(("name", "role"), [("LotID", Role.LOT), ("Lot No", Role.LOT), ("wafer", Role.WAFER)])
@pytest.mark.parametrize("kind", [float, str])
def test_numbers_with_a_point_that_stay_the_same_for_many_rows_name_lots(name: str, role: Role, kind: type) -> None:
    values = np.repeat([4711.1, 4711.2, 4711.3], 8)
    frame = pd.DataFrame({name: values.astype(kind), "pressure": np.arange(24) % 7 * 0.3})
    assert table_from_frame(frame).roles[name] is role


def test_the_parts_of_nested_names_that_say_where_they_lie_are_no_part_of_the_thing() -> None:
    frame = pd.DataFrame(
        {
            "ctx.tool": ["ETX1"] * 24,
            "ctx.wafer": np.repeat([1, 2, 3], 8),
            "header.context.step": np.tile([1, 1, 2, 2], 6),
            "meta.lot": np.repeat([7, 8], 12),
            "process.recipe": "A",
            "values.pressure": np.arange(24) % 7 * 0.3,
        }
    )
    roles = table_from_frame(frame).roles
    assert list(roles.values()) == [Role.EQUIPMENT, Role.WAFER, Role.STEP, Role.LOT, Role.RECIPE, Role.SENSOR]
