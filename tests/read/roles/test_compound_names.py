"""Roles found in compound column names, by their parts and by the values of the column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from waferwatch.read.files import read_table
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table

N = 12
SENSOR = np.linspace(1.5, 2.25, N)
TOOLS = ["ETCH01-PM1", "ETCH01-PM2", "ETCH01-PM3"] * 4
NUMBERS = [1, 2, 3] * 4
STATES = ["On", "Off", "On"] * 4
MEASUREMENTS = (
    "chamber_pressure step_time wafer_temp label_speed 챔버압력 설비온도 lot_flow slot12 step2 "
    "time_in_step wafer_count chamberPressure1 max_slot current_chamber 웨이퍼온도 불량전류 "
    "fault_voltage good_die bypass_flow"
)
LABELS = (
    "불량라벨 불량 불량유무 이상라벨 고장여부 결함여부 is_defect defect NG isNG OK/NG Pass/Fail PassFail fail_flag "
    "is_faulty anomaly_flag AnomalyLabel_2 cellLabel 양불판정 bad"
)


def read(name: str, values: object, **options: object) -> Table:
    return table_from_frame(pd.DataFrame({name: values, "rf": SENSOR}), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (
            Role.EQUIPMENT,
            "설비호기 장비번호 ChamberID_1 TOOL_ID EqpId EQPName processChamber process_tool 공정챔버번호 toolno",
        ),
        (Role.LOT, "로트번호 lot_no LotID processLot batch-number-2 LOTID"),
        (Role.WAFER, "웨이퍼번호 WaferId slotNo main_wafer 공정웨이퍼"),
        (Role.RECIPE, "공정레시피명 processRecipeName RecipeID currentRecipe"),
        (Role.STEP, "공정스텝 currentStep processStepNo 현재단계"),
    ],
)
@pytest.mark.parametrize("values", [TOOLS, NUMBERS])
def test_a_thing_is_found_by_the_parts_of_its_name(role: Role, names: str, values: list[object]) -> None:
    for name in names.split():
        assert read(name, values).roles[name] is role, name


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (Role.EQUIPMENT, "식각설비"),
        (Role.EQUIPMENT, "etch_chamber"),
        (Role.LOT, "originLot"),
        (Role.WAFER, "dummy_wafer"),
    ],
)
def test_behind_an_unknown_word_the_values_decide(role: Role, name: str) -> None:
    assert read(name, TOOLS).roles[name] is role
    assert read(name, NUMBERS).roles[name] is Role.SENSOR
    assert read(name, STATES).roles[name] is Role.CONTEXT


@pytest.mark.parametrize("name", ["보호기", "previous_tool", "next_chamber", "챔버상태", "tool_operator", "lotOwner"])
def test_states_and_other_things_are_context(name: str) -> None:
    assert read(name, STATES).roles[name] is Role.CONTEXT


@pytest.mark.parametrize("name", MEASUREMENTS.split())
@pytest.mark.parametrize("values", [SENSOR, NUMBERS, [0, 1, 1] * 4])
def test_a_measurement_stays_a_sensor_without_a_word(name: str, values: object) -> None:
    table = read(name, values)
    assert table.roles[name] is Role.SENSOR
    assert not table.notes


def test_fractions_are_no_things_whatever_the_parts_of_the_name_say() -> None:
    for name in ("설비호기", "ChamberID_1", "processStepNo"):
        assert read(name, SENSOR).roles[name] is Role.SENSOR


@pytest.mark.parametrize("name", LABELS.split())
@pytest.mark.parametrize("values", [[0] * 9 + [1] * 3, [False] * 9 + [True] * 3, ["OK"] * 9 + ["NG"] * 3])
def test_a_compound_label_is_the_label(name: str, values: list[object]) -> None:
    table = read(name, values)
    assert table.column(Role.LABEL) == name
    assert table.frame[name].tolist() == [False] * 9 + [True] * 3


@pytest.mark.parametrize(("common", "rare"), [(-1, 1), (1, -1), (-1.0, 1.0), ("-1", "1")])
@pytest.mark.parametrize("name", ["Pass/Fail", "label", "result"])
def test_of_minus_one_and_one_the_rarer_is_abnormal_and_a_note_says_so(name: str, common: object, rare: object) -> None:
    for options in ({}, {"label": name}):
        table = read(name, [common] * 9 + [rare] * 3, **options)
        assert table.labels().tolist() == [False] * 9 + [True] * 3
        assert f"{name} holds -1 and 1" in str(table.notes[0])


@pytest.mark.parametrize("values", [[0, 1, 2] * 4, [-1, 1] * 6, ["A", "B"] * 6, [0.0, np.nan, 1.0] * 4])
@pytest.mark.parametrize("name", ["불량라벨", "Pass/Fail", "defect_code", "불량등급", "failure"])
def test_what_looks_like_a_label_but_is_none_is_left_out_and_named(name: str, values: list[object]) -> None:
    table = read(name, values)
    assert table.roles[name] is Role.IGNORED
    assert str(table.notes[0]).startswith(f"{name} looks like a label")
    assert "Give it another role" in str(table.notes[0])


def test_measurements_called_like_a_label_are_sensors_with_a_note() -> None:
    for name in ("불량률", "defect_size_index", "anomaly_score_2"):
        table = read(name, SENSOR)
        assert table.roles[name] is Role.SENSOR
        assert f"{name} is called like a label but holds measurements" in str(table.notes[0])


@pytest.mark.parametrize("name", ["OK", "is_normal", "정상여부", "Pass", "양호"])
def test_one_in_a_column_of_good_rows_is_not_taken_for_abnormal(name: str) -> None:
    table = read(name, [1] * 9 + [0] * 3)
    assert table.roles[name] is Role.IGNORED
    assert "seems to mark good rows" in str(table.notes[0])
    assert read(name, ["OK"] * 9 + ["NG"] * 3).column(Role.LABEL) == name
    assert read(name, [1] * 9 + [0] * 3, label=name).labels().tolist() == [True] * 9 + [False] * 3


def test_pass_fail_of_mostly_ones_is_not_taken_for_mostly_abnormal() -> None:
    assert read("pass_fail", [1] * 9 + [0] * 3).roles["pass_fail"] is Role.IGNORED


def test_words_for_good_and_bad_are_a_label_in_a_column_called_class() -> None:
    assert read("Class", ["Typical"] * 9 + ["Anomalous"] * 3).labels().tolist() == [False] * 9 + [True] * 3
    assert read("Class", ["A", "B", "C"] * 4).roles["Class"] is Role.CONTEXT


def test_the_roles_of_a_korean_etch_file_are_found(tmp_path) -> None:  # type: ignore[no-untyped-def]
    lines = ["측정시각,설비호기,로트번호,웨이퍼번호,레시피,스텝,챔버압력(mTorr),불량라벨"]
    lines += [
        f"2026-11-02 06:00:{second:02d},ETCH01-PM{1 + second % 3},L26B001,W01,POLY_ME_A,1_안정화,{19 + second / 7},0"
        for second in range(30)
    ]
    path = tmp_path / "etch.csv"
    path.write_text("\n".join(lines), encoding="cp949")
    table = read_table(path)
    assert list(table.roles.values()) == ["time", "equipment", "lot", "wafer", "recipe", "step", "sensor", "label"]


def test_the_kind_of_the_faults_is_no_context() -> None:
    kinds = ["", "drift", "spike"] * 4
    for name in ("fault_kind", "결함종류"):
        table = table_from_frame(pd.DataFrame({"anomaly": [0, 1, 1] * 4, name: kinds, "rf": SENSOR}))
        assert table.column(Role.LABEL) == "anomaly"
        assert table.roles[name] is Role.IGNORED
        assert name in str(table.notes[0])
