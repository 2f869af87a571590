"""Times in the forms that tools and spreadsheets write them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from waferwatch.errors import InputError
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role
from waferwatch.read.time_axis.times import Times, read_times

WANTED = pd.Timestamp("2026-01-02 10:11:12")


def times_of(*cells: object) -> Times:
    return read_times(pd.Series(list(cells)), "time", "log.csv", 2)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02 10:11:12",
        "2026-01-02T10:11:12",
        " 2026-01-02 10:11:12.000 ",
        "2026-01-02T10:11:12Z",
        "2026-01-02T10:11:12+09:00",
        "2026-01-02 10:11:12+0900",
        "2026/01/02 10:11:12",
        "2026/1/2 10:11:12.000",
        "2026.01.02 10:11:12",
        "20260102101112",
        "20260102 101112",
        "20260102T101112",
        "2026-01-02 오전 10:11:12",
        "2026. 1. 2. 오전 10:11:12",
        "2026년 1월 2일 10시 11분 12초",
        "02.01.2026 10:11:12",
        "01/02/2026 10:11:12",
        "01/02/2026 10:11:12 AM",
        "02-Jan-2026 10:11:12",
    ],
)
def test_a_time_is_read_however_it_is_written(text: str) -> None:
    times = times_of(text, text, None)
    assert times.values.dtype == "datetime64[ns]"
    assert times.values.tolist() == [WANTED, WANTED, pd.NaT]


def test_an_afternoon_is_read() -> None:
    assert times_of("2026-01-02 오후 1:00:00").values[0] == pd.Timestamp("2026-01-02 13:00:00")


def test_parts_of_a_second_are_kept() -> None:
    times = times_of("2026-01-02 10:11:12.123456789", "2026-01-02 10:11:13")
    assert times.values[0] == pd.Timestamp("2026-01-02 10:11:12.123456789")


def test_a_day_that_can_only_come_first_is_taken_as_day() -> None:
    times = times_of("05/01/2026 00:00:00", "31/01/2026 00:00:00")
    assert times.values[0] == pd.Timestamp("2026-01-05")
    assert not times.notes


def test_taking_the_month_first_is_reported() -> None:
    assert "month-first" in str(times_of("01/02/2026 10:11:12").notes[0])


def test_numbers_stay_numbers_but_compact_dates_are_dates() -> None:
    assert times_of(176, 177).values.tolist() == [176.0, 177.0]
    assert times_of(20260102101112).values[0] == WANTED
    assert times_of(20260102, 20260103).values[0] == pd.Timestamp("2026-01-02")
    assert times_of(20260102, 20260199).values.tolist() == [20260102.0, 20260199.0]
    assert np.isnan(times_of(1.0, np.inf).values[1])


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.date_range("2026-01-02 10:11:12", periods=2, tz="Asia/Seoul")),
        pd.Series(pd.date_range("2026-01-02 10:11:12", periods=2)).astype("datetime64[s]"),
        pd.Series(pd.date_range("2026-01-02 10:11:12", periods=2)).astype("category"),
        pd.Series(pd.date_range("2026-01-02 10:11:12", periods=2).astype(object)),
        pd.Series(pd.period_range("2026-01-02 10:11:12", periods=2, freq="s")),
        pd.Series(pd.date_range("2026-01-02 10:11:12", periods=2)).astype("timestamp[us][pyarrow]"),
    ],
)
def test_times_from_python_become_naive_nanoseconds(column: pd.Series) -> None:
    times = read_times(column, "time", "the frame", 1)
    assert times.values.dtype == "datetime64[ns]"
    assert times.values[0] == WANTED


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("2026-01-02", "yesterday", "2026-01-04"), "Row 3 of log.csv: 'yesterday' in the time column time"),
        (("monday", "tuesday"), "Row 2"),
        (("2026-01-02", "2026-13-02"), "Row 3"),
        (("2026-01-02", "0001-01-01"), "Row 3"),
        (("2026-01-02", "9999-12-31"), "Row 3"),
        (("2026-01-02T00:00:00Z", "2026-01-02T00:00:01"), "Row 3 of log.csv: the time '2026-01-02T00:00:01'"),
    ],
)
def test_what_is_no_time_is_refused_with_its_row(cells: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        times_of(*cells)


def test_times_of_day_are_seconds_and_run_on_over_midnight() -> None:
    frame = pd.DataFrame({"time": ["23:59:59.5", "00:00:00.5", "00:00:01.5"], "p": [1.0, 2.0, 3.0]})
    assert table_from_frame(frame).frame["time"].diff().dropna().tolist() == [1.0, 1.0]


def test_times_of_day_are_joined_with_the_date_next_to_them() -> None:
    frame = pd.DataFrame({"date": ["2026-01-02"] * 2, "time": ["10:11:12", "10:11"], "p": [1.0, 2.0]})
    table = table_from_frame(frame)
    assert table.frame["time"].tolist() == [WANTED, pd.Timestamp("2026-01-02 10:11:00")]
    assert table.frame["date"].tolist() == ["2026-01-02"] * 2


@pytest.mark.parametrize(
    ("name", "factor"), [("Elapsed Time (s)", 1.0), ("TraceTime_ms", 1e3), ("경과시간(분)", 1 / 60)]
)
@pytest.mark.parametrize("order", ["by chamber", "interleaved"])
def test_the_start_of_a_run_and_the_time_since_then_make_one_clock(name: str, factor: float, order: str) -> None:
    rows, runs = 12, 6
    starts = pd.Timestamp("2026-04-01 08:00:00") + pd.to_timedelta(np.arange(runs) * 90, unit="s")
    frame = pd.concat(
        pd.DataFrame(
            {
                "Start Time": start.strftime("%Y-%m-%d %H:%M:%S"),
                "Chamber": chamber,
                "Wafer": run,
                name: np.arange(rows) * 0.5 * factor,
                "pressure": np.arange(rows) % 5 * 0.3,
            }
        )
        for chamber in ("PM1", "PM2")
        for run, start in enumerate(starts)
    )
    if order == "interleaved":
        frame = frame.sort_values(["Start Time", name], kind="stable")
    table = table_from_frame(frame)
    assert table.column(Role.TIME) == "Start Time"
    passed = pd.to_timedelta(np.round(frame[name].to_numpy() / factor, 6), unit="s")
    expected = pd.to_datetime(frame["Start Time"].to_numpy()) + passed
    assert (table.frame["Start Time"] - expected).abs().max() < pd.Timedelta("1ms")
    assert any(str(note) == f"The time was put together from Start Time and {name}." for note in table.notes)
    assert not any("Left out" in str(note) for note in table.notes)


def test_a_time_that_runs_on_beside_a_clock_is_another_clock() -> None:
    stamps = pd.date_range("2026-04-01", periods=40, freq="s")
    columns = {"Time": stamps, "Elapsed (s)": np.arange(40.0), "p": np.arange(40) % 7 * 0.3}
    table = table_from_frame(pd.DataFrame(columns))
    assert table.frame["Time"].tolist() == stamps.tolist()
    assert any("another column is the clock: Elapsed (s)" in str(note) for note in table.notes)
