"""Offsets from UTC: the clock of the data is kept, its zone is told, and dates that cannot be held are named."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from waferwatch.errors import InputError
from waferwatch.read.files import read_table
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table
from waferwatch.read.time_axis.places import place_of
from waferwatch.series.split import split

WRITTEN = ["2026-01-01 00:00:00", "2026-01-01 00:00:01", "2026-01-01 00:00:02"]


def tables(folder: Path, stamps: pd.Series, text: list[str]) -> dict[str, Table]:
    """The same times by every way in."""
    frame = pd.DataFrame({"time": stamps, "a": np.arange(len(stamps)) * 0.5})
    frame.to_parquet(folder / "a.parquet", index=False)
    frame.assign(time=text).to_csv(folder / "a.csv", index=False)
    frame.assign(time=[one.replace("-", "/", 2) for one in text]).to_csv(folder / "b.csv", index=False)
    arrow = frame.assign(time=frame["time"].convert_dtypes(dtype_backend="pyarrow"))
    found = {name: read_table(folder / name) for name in ("a.parquet", "a.csv", "b.csv")}
    return found | {"frame": table_from_frame(frame), "arrow": table_from_frame(arrow)}


@pytest.mark.parametrize(
    ("zone", "offset", "told"),
    [
        ("Asia/Seoul", "+09:00", "UTC+09:00"),
        ("America/St_Johns", "-03:30", "UTC-03:30"),
        ("UTC", "Z", "UTC"),
        ("UTC", "+00:00", "UTC"),
    ],
)
def test_the_clock_of_the_data_is_kept_and_its_zone_is_reported(
    tmp_path: Path, zone: str, offset: str, told: str
) -> None:
    stamps = pd.Series(pd.to_datetime(WRITTEN).tz_localize(zone))
    for name, table in tables(tmp_path, stamps, [one + offset for one in WRITTEN]).items():
        if name == "b.csv" and table.column(Role.TIME) is None:
            continue
        assert table.frame["time"].tolist() == pd.to_datetime(WRITTEN).tolist(), name
        assert table.zone == told, name
        assert f"The times in time are in the zone {told}." in map(str, table.notes), name


def test_without_an_offset_no_zone_is_made_up(tmp_path: Path) -> None:
    for table in tables(tmp_path, pd.Series(pd.to_datetime(WRITTEN)), WRITTEN).values():
        assert table.zone is None
        assert not table.notes


def test_offsets_that_change_become_those_of_the_first_row_with_a_note(tmp_path: Path) -> None:
    stamps = pd.Series(pd.date_range("2026-10-25 00:30", periods=6, freq="30min", tz="UTC").tz_convert("Europe/Berlin"))
    text = [one.isoformat(sep=" ") for one in stamps]
    for name, table in tables(tmp_path, stamps, text).items():
        assert table.frame["time"].tolist() == pd.date_range("2026-10-25 02:30", periods=6, freq="30min").tolist(), name
        assert table.zone == "UTC+02:00"
        assert "have different offsets from UTC; all were converted to UTC+02:00" in str(table.notes[0])


@pytest.mark.parametrize("null", ["9999-12-31", "0001-01-01", "1677-01-01", "2262-05-01"])
@pytest.mark.parametrize("clock", ["", " 00:00:00", " 00:00:00.5", "T00:00:00Z", "T00:00:00+09:00"])
def test_a_date_out_of_range_is_named_with_its_row_by_every_way_in(tmp_path: Path, null: str, clock: str) -> None:
    text = [f"2026-01-0{day}{clock}" for day in (1, 2)] + [null + clock]
    pd.DataFrame({"time": text, "a": [1.5, 2.5, 3.5]}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match="lies outside the years 1678 to 2261") as caught:
        read_table(tmp_path / "a.csv")
    assert str(caught.value).startswith(f"Row 4 of a.csv: '{null}")
    assert "leave the cell empty" in str(caught.value)


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Seoul"])
def test_a_typed_date_out_of_range_is_named_too(tmp_path: Path, year: int, zone: str | None) -> None:
    stamps = pd.Series(pd.to_datetime(["2026-01-01", f"{year:04d}-06-30"]).astype("datetime64[us]"))
    frame = pd.DataFrame({"time": stamps if zone is None else stamps.dt.tz_localize(zone), "a": [1.5, 2.5]})
    frame.to_parquet(tmp_path / "a.parquet", index=False)
    for look in (lambda: read_table(tmp_path / "a.parquet"), lambda: table_from_frame(frame)):
        with pytest.raises(InputError, match=r"Row 2 of .* lies outside the years"):
            look()


@pytest.mark.parametrize(
    "cells",
    [
        [date(2026, 1, 1), date(9999, 12, 31)],
        [datetime(2026, 1, 1), datetime(1, 1, 1)],
        pd.PeriodIndex(["2026-01-01", "9999-12-31"], freq="D"),
    ],
)
def test_dates_of_python_out_of_range_are_named_too(cells: object) -> None:
    with pytest.raises(InputError, match=r"Row 2 of the frame: .* lies outside the years"):
        table_from_frame(pd.DataFrame({"time": cells, "a": [1.5, 2.5]}))


@pytest.mark.parametrize("text", ["now", "today", "12:00", "03/04/2026", "3.4.2026", "2026", "Jan 2026", "20:15:00"])
def test_a_place_that_leaves_the_day_open_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"does not say for certain|is not a time") as caught:
        place_of(text, True, "reference_start")
    assert caught.value.field == "reference_start"
    assert "2026-01-31T08:30:00" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["2026-04-03", "2026-04-03T00:00", " 2026/04/03 00:00:00.0 ", "20260403", "20260403T000000"]
)
def test_a_place_with_the_year_first_is_on_the_clock_of_the_data(text: str) -> None:
    for zone in (None, "UTC", "UTC+09:00"):
        assert place_of(text, True, "start", zone) == np.datetime64("2026-04-03", "ns")


def test_a_place_with_an_offset_is_turned_to_the_clock_of_the_data() -> None:
    assert place_of("2026-04-03T00:00Z", True, "start", "UTC+09:00") == np.datetime64("2026-04-03T09:00", "ns")
    assert place_of("2026-04-03T00:00+09:00", True, "start", "UTC-03:30") == np.datetime64("2026-04-02T11:30", "ns")
    with pytest.raises(InputError, match="the times of the data have none"):
        place_of("2026-04-03T00:00Z", True, "start")


def clocks(*starts: str, rows: int = 60) -> list[str]:
    return [str(one) for start in starts for one in pd.date_range(start, periods=rows, freq="min")]


def test_an_hour_that_comes_twice_keeps_its_order_and_parts_the_series() -> None:
    """A valve that opens once opens once, though the clock shows each minute from 2 to 3 twice."""
    times = clocks("2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 02:00", "2026-10-25 03:00")
    valve = np.repeat([0.0, 0.0, 1.0, 1.0], 60)
    table = table_from_frame(pd.DataFrame({"time": times, "valve": valve}))
    found = split(table)
    assert [len(one.rows) for one in found.series] == [120, 120]
    assert np.concatenate([one.rows for one in found.series]).tolist() == list(range(240))
    assert "The clock goes back one hour at row 121" in " ".join(map(str, found.notes))


def test_interleaved_equipment_that_repeats_an_hour_keeps_its_order() -> None:
    times = np.repeat(clocks("2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 02:00"), 2)
    table = table_from_frame(pd.DataFrame({"time": times, "tool": ["A", "B"] * 180, "p": np.arange(360.0)}))
    for one in split(table).series:
        assert (np.diff(one.rows) > 0).all()
        assert (np.diff(one.time.astype(np.int64)) > 0).all()


@pytest.mark.parametrize("back", ["2026-10-25 01:30", "2026-10-24 02:00", "2026-10-25 02:50"])
def test_any_other_time_that_goes_back_is_sorted_as_before(back: str) -> None:
    times = clocks("2026-10-25 02:00", back)
    found = split(table_from_frame(pd.DataFrame({"time": times, "p": np.arange(120.0)})))
    assert "the rows were sorted by time" in " ".join(map(str, found.notes))
