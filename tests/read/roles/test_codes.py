"""Columns of numbers that are names, such as alarm codes, and whole numbers that measure something."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.api import detect, fit
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table

ROWS = 400
CODE_NAMES = (
    "AlarmCode alarm_code ALID ALCD CEID error_no ErrCode ErrorNo. EventID event_id_2 StatusWord status_word DI_Word "
    "STATUS_WORD_1 InterlockBits DoorBitmask result_code ReasonCode alarmcode 알람코드 에러번호 상태코드 이벤트ID"
)
STATE_NAMES = "Alarm status State RF_Mode pumpState warning_flags GasID previous_recipe_id HardBin error 운전모드"
MEASUREMENTS = (
    "rpm spindle_speed flow_sccm Flow_setpoint temp 온도 alarm_count error_rate event_count particle_count state_time "
    "mode_power position_error rf_phase_err dac_code ADC_Code_1 EncoderCode barrier valve_position phase alarm_limit "
    "state_of_charge good_die pulse_number refractive_index 알람횟수"
)


def read(name: str, values: object, **options: object) -> Table:
    rf, gas = 1.5 + 0.5 * np.sin(np.arange(ROWS)), 20 + np.cos(0.7 * np.arange(ROWS))
    return table_from_frame(pd.DataFrame({name: values, "rf": rf, "gas": gas}), **options)  # type: ignore[arg-type]


def said(table: Table) -> list[str]:
    return [str(note) for note in table.notes if "codes" in str(note)]


def stays(numbers: list[int], length: int) -> np.ndarray:
    """Each number for some rows, again and again, until the rows are full."""
    return np.resize(np.repeat(np.array(numbers, float), length), ROWS)


@given(
    name=st.sampled_from(CODE_NAMES.split()),
    codes=st.lists(st.integers(0, 70_000), min_size=1, max_size=20, unique=True),
    length=st.integers(1, 40),
    missing=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_a_column_that_is_called_a_code_is_context_and_this_is_said(
    name: str, codes: list[int], length: int, missing: bool
) -> None:
    values = stays(codes, length)
    if missing:
        values[::7] = np.nan
        values[1] = codes[0]
    table = read(name, values)
    assert table.roles[name] is Role.CONTEXT
    assert len(said(table)) == 1
    assert name in said(table)[0]


@given(
    name=st.sampled_from(STATE_NAMES.split()),
    codes=st.lists(st.integers(0, 5_000), min_size=3, max_size=12, unique=True),
    length=st.integers(9, 30),
)
@settings(max_examples=40, deadline=None)
def test_a_column_that_is_called_a_state_and_stays_at_few_whole_numbers_is_context(
    name: str, codes: list[int], length: int
) -> None:
    assert read(name, stays(codes, length)).roles[name] is Role.CONTEXT


@given(
    name=st.sampled_from(MEASUREMENTS.split()),
    levels=st.lists(st.integers(0, 5_000), min_size=2, max_size=12, unique=True),
    length=st.integers(1, 40),
)
@settings(max_examples=60, deadline=None)
def test_whole_numbers_that_measure_or_count_stay_sensors(name: str, levels: list[int], length: int) -> None:
    table = read(name, stays([*levels, *reversed(levels)], length))  # up and down: what only rises may be a clock
    assert table.roles[name] is Role.SENSOR
    assert not said(table)


@given(name=st.sampled_from(STATE_NAMES.split()), values=st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_name_alone_does_not_make_a_state_of_numbers_that_go_on_changing(name: str, values: int) -> None:
    numbers = np.random.default_rng(values).integers(0, 100, ROWS)
    assert read(name, numbers).roles[name] is Role.SENSOR


@pytest.mark.parametrize("name", STATE_NAMES.split())
def test_a_switch_stays_a_sensor_of_two_states(name: str) -> None:
    assert read(name, stays([0, 1], 20)).roles[name] is Role.SENSOR


@pytest.mark.parametrize("name", [*CODE_NAMES.split(), *STATE_NAMES.split()])
def test_fractions_are_no_codes(name: str) -> None:
    assert read(name, stays([0, 1, 2], 20) + 0.25).roles[name] is Role.SENSOR


def test_a_unit_behind_a_state_says_that_it_is_measured() -> None:
    assert read("Mode (rpm)", stays([0, 1200, 3000], 20)).roles["Mode (rpm)"] is Role.SENSOR


def test_codes_written_as_text_are_codes_as_well() -> None:
    assert read("AlarmCode", [f"{code:.0f}" for code in stays([0, 1037, 2210], 20)]).roles["AlarmCode"] is Role.CONTEXT


def test_codes_of_faults_that_are_many_are_left_out_as_answers_and_not_judged() -> None:
    table = read("fault_code", stays(list(range(1000, 1030)), 9))
    assert table.roles["fault_code"] is Role.IGNORED
    assert not any("taken as a sensor" in str(note) for note in table.notes)


@pytest.mark.parametrize("options", [{"roles": {"AlarmCode": "sensor"}}, {"features": ["rf", "AlarmCode"]}])
def test_who_wants_codes_judged_has_them_judged(options: dict[str, object]) -> None:
    table = read("AlarmCode", stays([0, 1037, 2210], 20), **options)
    assert table.roles["AlarmCode"] is Role.SENSOR
    assert not said(table)


def test_codes_go_into_the_context_of_events_and_change_no_score() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"pressure": rng.normal(5, 0.1, 6000), "temp": rng.normal(60, 0.2, 6000)})
    frame.loc[5000:5040, "pressure"] += 1.5
    codes = np.zeros(6000)
    codes[::900] = 2210
    codes[4990:5060] = 1037
    coded = frame.assign(AlarmCode=codes)
    plain = detect(frame, reference_rows=4000, detector="statistical")
    found = detect(coded, reference_rows=4000, detector="statistical")
    assert np.array_equal(plain.scores, found.scores, equal_nan=True)
    worst = max(found.events, key=lambda event: event.peak)
    assert worst.context["AlarmCode"] == "1037"
    later = fit(coded[:4000], detector="statistical").detect(coded[4000:].reset_index(drop=True))
    assert max(later.events, key=lambda event: event.peak).context["AlarmCode"] == "1037"
