"""The clock is found by what columns hold; their names decide only between two that hold the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table

N = 240
RNG = np.random.default_rng(0)
NOISE = np.round(12 + RNG.normal(size=N), 2)
STAMPS = pd.date_range("2026-03-02 08:00:00", periods=N, freq="s")


def read(columns: dict[str, object], **options: object) -> Table:
    return table_from_frame(pd.DataFrame({**columns, "press": NOISE, "power": NOISE[::-1] * 40}), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["LOCAL_DATE", "stamp", "when was it", "C1", "측정 시점"])
def test_dates_are_the_clock_under_any_name(name: str) -> None:
    assert read({name: STAMPS.strftime("%d-%b-%Y %H:%M:%S")}).column(Role.TIME) == name


@pytest.mark.parametrize("name", ["unixtime", "epoch_ms", "C1", "Timestamp_ms"])
def test_rising_numbers_of_the_size_of_an_epoch_are_dates_under_any_name(name: str) -> None:
    table = read({name: STAMPS.astype("datetime64[ms]").astype(np.int64)})
    assert table.frame[table.column(Role.TIME)].tolist() == STAMPS.tolist()


@pytest.mark.parametrize("name", ["# t (s)", "X_Value", "Seconds", "Elapsed time [s]", "minute", "경과 시간", "C1"])
def test_numbers_that_rise_by_even_steps_are_the_clock(name: str) -> None:
    assert read({name: np.arange(N) * 0.5}).column(Role.TIME) == name


@pytest.mark.parametrize("name", ["ts", "Time", "t", "timestamp", "시간"])
def test_numbers_that_go_back_are_no_clock_whatever_their_name(name: str) -> None:
    table = read({name: 296 + np.sin(np.arange(N))})
    assert table.column(Role.TIME) is None
    assert name in table.columns(Role.SENSOR)


def test_a_number_called_time_that_goes_back_is_reported() -> None:
    assert any("do not run like a clock" in str(note) for note in read({"Time": 296 + np.sin(np.arange(N))}).notes)


def test_uneven_numbers_under_another_name_stay_a_sensor() -> None:
    usage = np.cumsum(RNG.uniform(0, 5, N))
    table = read({"pad usage": usage})
    assert table.column(Role.TIME) is None
    assert "pad usage" in table.columns(Role.SENSOR)


def test_time_that_begins_anew_in_every_run_is_the_clock() -> None:
    table = read({"run": np.repeat(["R1", "R2", "R3"], 80), "t": np.tile(np.arange(80), 3)})
    assert table.column(Role.TIME) == "t"
    assert table.groups == ("run",)


def test_time_that_begins_anew_without_a_column_of_runs_runs_on() -> None:
    """Sorting rows by such a time would mix the runs."""
    table = read({"t": np.tile(np.arange(80), 3)})
    assert table.frame["t"].diff().dropna().unique().tolist() == [1.0]
    assert any("begins anew (2 x)" in str(note) for note in table.notes)


def test_month_day_and_hour_without_a_year_are_one_clock() -> None:
    stamps = pd.date_range("2025-02-20", periods=N, freq="h")
    columns = {"Month": stamps.month, "Day": stamps.day, "Hour": stamps.hour}
    table = read({name: np.asarray(part) for name, part in columns.items()})
    steps = table.frame[table.column(Role.TIME)].diff().dropna()
    assert (steps == 3600.0).mean() > 0.99
    assert (steps > 0).all()
    assert table.columns(Role.SENSOR) == ["press", "power"]


def test_a_ramp_that_begins_anew_next_to_a_clock_stays_a_sensor() -> None:
    table = read({"time": STAMPS, "position": np.tile(np.arange(80.0), 3)})
    assert "position" in table.columns(Role.SENSOR)


def test_the_clocks_of_tools_whose_rows_alternate_are_one_clock() -> None:
    seconds = np.stack([np.arange(N // 2) + 5000.0, np.arange(N // 2)], axis=1).ravel()
    assert read({"tool": ["A", "B"] * (N // 2), "time": seconds}).column(Role.TIME) == "time"


def test_rows_in_any_order_keep_their_clock() -> None:
    assert read({"time": RNG.permutation(N) * 0.1}).column(Role.TIME) == "time"


def test_a_second_clock_is_no_sensor_and_is_reported() -> None:
    table = read({"time": STAMPS, "elapsed_s": np.arange(N) * 1.0})
    assert table.roles["elapsed_s"] is Role.IGNORED
    assert any("elapsed_s" in str(note) for note in table.notes)


PARTS = {
    "Year": STAMPS.year, "Month": STAMPS.month, "Day": STAMPS.day,
    "Hour": STAMPS.hour, "Min": STAMPS.minute, "Sec": STAMPS.second,
}  # fmt: skip


def test_six_columns_are_one_clock() -> None:
    table = read({name: np.asarray(part) for name, part in PARTS.items()})
    assert table.frame[table.column(Role.TIME)].tolist() == STAMPS.tolist()
    assert table.columns(Role.SENSOR) == ["press", "power"]


def test_year_day_of_the_year_and_hour_with_minutes_are_one_clock() -> None:
    stamps = pd.date_range(STAMPS[0], periods=N, freq="10min")
    columns = {"Year": stamps.year, "DOY": stamps.dayofyear, "HHMM": stamps.hour * 100 + stamps.minute}
    table = read({name: np.asarray(part) for name, part in columns.items()})
    assert table.frame[table.column(Role.TIME)].tolist() == stamps.tolist()


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("%d/%m/%Y", "%H.%M.%S"),
        ("%Y-%m-%d", "%I:%M:%S %p"),
        ("%d.%m.%y", "%H:%M:%S"),
        ("%m/%d/%Y", "%H:%M:%S.%f"),
        ("%d-%b-%Y", "%H:%M:%S"),
    ],
)
@pytest.mark.parametrize("names", [("Date", "Time"), ("날짜", "시간"), ("D", "T")])
def test_date_and_time_of_day_in_two_columns_are_one_clock(date: str, time: str, names: tuple[str, str]) -> None:
    stamps = pd.date_range(STAMPS[0], periods=N, freq="20min")
    table = read({names[0]: stamps.strftime(date), names[1]: stamps.strftime(time)})
    assert table.column(Role.TIME) == names[1]
    assert table.frame[names[1]].tolist() == stamps.tolist()


def test_a_date_and_an_hour_in_two_columns_are_one_clock() -> None:
    stamps = pd.date_range("2026-03-02", periods=N, freq="h")
    table = read({"date": stamps.strftime("%Y-%m-%d"), "hour": np.asarray(stamps.hour)})
    assert table.frame[table.column(Role.TIME)].tolist() == stamps.tolist()


@pytest.mark.parametrize(
    "of_day",
    [
        [int(moment.strftime("%H%M%S")) for moment in STAMPS],
        [28_800 + row for row in range(N)],
        [(28_800 + row) / 86_400 for row in range(N)],
    ],
)
@pytest.mark.parametrize("date", [["2026-03-02"] * N, [20260302] * N, [46083] * N])
def test_a_date_and_numbers_of_the_day_are_one_clock(date: list[object], of_day: list[float]) -> None:
    assert read({"Date": date, "Time": of_day}).frame["Time"].tolist() == STAMPS.tolist()


def test_halves_of_the_day_and_milliseconds_may_have_columns_of_their_own() -> None:
    stamps = pd.date_range("2026-03-02 11:59:30", periods=N, freq="500ms")
    columns = {
        "date": stamps.strftime("%Y-%m-%d"),
        "half": np.where(stamps.hour < 12, "오전", "오후"),
        "time": stamps.strftime("%I:%M:%S"),
        "ms": np.asarray(stamps.microsecond // 1000),
    }
    table = read(columns)
    assert table.frame["time"].tolist() == stamps.tolist()
    assert table.columns(Role.SENSOR) == ["press", "power"]


def test_what_was_found_is_found_again_when_the_roles_are_given() -> None:
    """A saved model reads later files with the roles that it has learnt."""
    columns = {name: np.asarray(part) for name, part in PARTS.items()}
    first = read(columns)
    roles = {name: role.value for name, role in first.roles.items() if role is not Role.SENSOR}
    again = read(columns, features=first.columns(Role.SENSOR), roles=roles)
    pd.testing.assert_frame_equal(first.frame, again.frame)
