"""Written times: whatever the form, the same moment is read, for one form after another and for random moments."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.errors import InputError
from waferwatch.read.cells.rules import CellRules
from waferwatch.read.clock.dates import DateOrder
from waferwatch.read.findings import Level, findings_of
from waferwatch.read.time_axis.times import Times, looks_like_time, read_times

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _half(moment: datetime, words: tuple[str, str]) -> str:
    return words[moment.hour >= 12]


def _hour(moment: datetime) -> int:
    return moment.hour % 12 or 12


FORMS = {
    "iso": lambda m: m.strftime("%Y-%m-%d %H:%M:%S.%f"),
    "iso with T": lambda m: m.strftime("%Y-%m-%dT%H:%M:%S.%f"),
    "comma before the fraction": lambda m: m.strftime("%Y-%m-%d %H:%M:%S,%f"),
    "colon before the fraction": lambda m: m.strftime("%Y-%m-%d %H:%M:%S:%f"),
    "underscore": lambda m: m.strftime("%Y/%m/%d_%H:%M:%S.%f"),
    "dots, day first": lambda m: m.strftime("%d.%m.%Y %H:%M:%S,%f"),
    "dots in the time too": lambda m: m.strftime("%Y-%m-%d-%H.%M.%S.%f"),
    "no colons": lambda m: m.strftime("%Y-%m-%d-%H-%M-%S.%f"),
    "no colons, underscores": lambda m: m.strftime("%Y_%m_%d_%H_%M_%S_%f"),
    "month by name": lambda m: f"{m.day:02}-{MONTHS[m.month - 1]}-{m.year} {m:%H:%M:%S.%f}",
    "month by name first": lambda m: (
        f"{MONTHS[m.month - 1]} {m.day}, {m.year} {_hour(m)}:{m:%M:%S.%f} {_half(m, ('AM', 'PM'))}"
    ),
    "web server": lambda m: f"{m.day:02}/{MONTHS[m.month - 1]}/{m.year}:{m:%H:%M:%S.%f}",
    "weekday first": lambda m: f"{DAYS[m.weekday()]}, {m.day} {MONTHS[m.month - 1]} {m.year} {m:%H:%M:%S.%f}",
    "Korean": lambda m: f"{m.year}년 {m.month}월 {m.day}일 {_half(m, ('오전', '오후'))} {_hour(m)}:{m:%M:%S.%f}",
    "Korean spreadsheet": lambda m: (
        f"{m.year}. {m.month}. {m.day}. {_half(m, ('오전', '오후'))} {_hour(m)}:{m:%M:%S.%f}"
    ),
    "Japanese": lambda m: f"{m.year}年{m.month}月{m.day}日 {m.hour}時{m:%M}分{m:%S.%f}秒",
    "Chinese": lambda m: f"{m.year}年{m.month}月{m.day}日 {_half(m, ('上午', '下午'))} {_hour(m)}:{m:%M:%S.%f}",
    "no signs": lambda m: m.strftime("%Y%m%d%H%M%S%f"),
    "few signs": lambda m: m.strftime("%Y%m%d_%H%M%S.%f"),
    "day of the year": lambda m: m.strftime("%Y-%j %H:%M:%S.%f"),
    "time first": lambda m: m.strftime("%H:%M:%S.%f %Y/%m/%d"),
    "statistics program": lambda m: f"{m.day:02}{MONTHS[m.month - 1].upper()}{m.year}:{m:%H:%M:%S.%f}",
    "zone word": lambda m: m.strftime("%Y-%m-%d %H:%M:%S.%f KST"),
    "offset": lambda m: m.strftime("%Y-%m-%d %H:%M:%S.%f +0900"),
    "browser": lambda m: (
        f"{DAYS[m.weekday()]} {MONTHS[m.month - 1]} {m.day:02} {m.year} {m:%H:%M:%S.%f} GMT+0900 (KST)"
    ),
}


def times_of(cells: list[str | None], rules: CellRules | None = None) -> Times:
    return read_times(pd.Series(cells, dtype="str"), "time", "log.csv", 2, rules or CellRules())


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=15)
@given(start=st.datetimes(datetime(1990, 1, 1), datetime(2039, 1, 1)), step=st.integers(1, 10**9))
def test_a_moment_is_read_from_every_form(form: str, start: datetime, step: int) -> None:
    moments = [start + timedelta(microseconds=step * row) for row in range(4)]
    found = times_of([FORMS[form](moment) for moment in moments] + [None])
    assert found.values.dtype == "datetime64[ns]"
    assert found.values.tolist()[:-1] == moments
    assert pd.isna(found.values.iloc[-1])


@settings(max_examples=40)
@given(
    start=st.datetimes(datetime(2001, 1, 1), datetime(2026, 1, 1)),
    form=st.sampled_from(["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d-%m-%y %H:%M", "%m-%d-%y %H:%M"]),
    minutes=st.integers(1, 120),
)
def test_an_even_run_over_midnight_shows_whether_day_or_month_comes_first(
    start: datetime, form: str, minutes: int
) -> None:
    start = start.replace(second=0, microsecond=0)
    moments = [start + timedelta(minutes=minutes * row) for row in range(3 * 24 * 60 // minutes)]
    found = times_of([moment.strftime(form) for moment in moments])
    if not any(note.level is Level.OBSTACLE for note in findings_of(found.notes)):
        assert found.values.tolist() == moments


def test_dates_that_can_be_read_in_two_ways_are_asked_for_not_guessed() -> None:
    cells = ["01/02/2026", "02/02/2026", "03/02/2026", "04/02/2026"]
    (note,) = findings_of(times_of(cells).notes)
    assert note.level is Level.OBSTACLE
    assert note.option == "--month-first | --day-first"
    assert times_of(cells, CellRules(date_order=DateOrder.DAY_FIRST)).values[1] == pd.Timestamp("2026-02-02")
    assert times_of(cells, CellRules(date_order=DateOrder.MONTH_FIRST)).values[2] == pd.Timestamp("2026-03-02")


def test_midnight_may_be_hour_24_of_the_day_before() -> None:
    found = times_of(["2026-02-28 23:00:00", "2026-02-28 24:00:00", "2026-03-01 01:00:00"])
    assert found.values.diff().dropna().nunique() == 1


def test_midnight_may_be_written_as_the_date_alone() -> None:
    cells = [f"13/{month:02}/2026 {hour}" for month in (1, 2) for hour in ("22:00:00", "23:00:00")]
    found = times_of([*cells * 5, "14/02/2026"])
    assert found.values.iloc[-1] == pd.Timestamp("2026-02-14")


def test_times_of_day_in_halves_and_with_dots_are_read() -> None:
    assert times_of(["오전 11:58:00", "오후 12:01:00"]).values.tolist() == [43_080.0, 43_260.0]
    assert times_of(["18.00.00", "19.00.30"]).values.tolist() == [64_800.0, 68_430.0]
    assert times_of(["1 day, 00:00:10", "0:00:05"]).values.tolist() == [86_410.0, 5.0]


def test_one_bad_time_among_many_is_left_empty_and_reported() -> None:
    cells: list[str | None] = [f"2026-01-02 10:{minute:02}:00" for minute in range(60)]
    cells[7] = "power failure"
    found = times_of(cells)
    assert found.values.isna().tolist() == [row == 7 for row in range(60)]
    (note,) = findings_of(found.notes)
    assert note.lines == (9,)
    with pytest.raises(InputError, match=r"Row 9 of log\.csv"):
        times_of(cells, CellRules(bad_cells=0.0))


def test_a_zone_that_stands_for_several_leaves_the_clock_as_written() -> None:
    found = times_of(["2026-01-02 10:11:12 CST"] * 3)
    assert found.values[0] == pd.Timestamp("2026-01-02 10:11:12")
    assert found.zone is None
    assert "CST" in str(found.notes[0])


@pytest.mark.parametrize("cells", [["1.2.3", "1.2.4"], ["12.50", "13.25"], ["5", "7"], ["R1", "R2"], ["10.0.0.1"] * 2])
def test_numbers_of_versions_and_measurements_are_no_times(cells: list[str]) -> None:
    assert not looks_like_time(pd.Series(cells, dtype="str"))


@settings(max_examples=60)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=20))
def test_any_text_is_read_or_refused_with_a_sentence(cells: list[str]) -> None:
    try:
        found = times_of(list(cells))
    except InputError:
        return
    assert len(found.values) == len(cells)


UNITS = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1}


@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=20)
@given(start=st.datetimes(datetime(2001, 1, 1), datetime(2038, 1, 1)))
def test_numbers_since_1970_are_dates(unit: str, start: datetime) -> None:
    moments = pd.date_range(start.replace(microsecond=0), periods=5, freq="s")
    numbers = (moments.astype("datetime64[ns]").astype(np.int64) // int(UNITS[unit])).to_series(index=range(5))
    assert read_times(numbers, "t", "log.csv", 2).values.tolist() == moments.tolist()


def test_days_of_a_spreadsheet_and_seconds_of_labview_are_dates() -> None:
    moments = pd.date_range("2026-03-02 08:00:00", periods=50, freq="s")
    days = pd.Series((moments - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1))
    assert read_times(days, "t", "log.csv", 2).values.tolist() == moments.tolist()
    seconds = pd.Series((moments - pd.Timestamp("1904-01-01")) / pd.Timedelta(seconds=1))
    assert read_times(seconds, "t", "log.csv", 2).values.tolist() == moments.tolist()
