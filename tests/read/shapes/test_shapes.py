"""Tables in other shapes than a row for each time are turned, and those that only look like them are not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from waferwatch.errors import InputError
from waferwatch.read.files import read_original, read_table
from waferwatch.read.findings import ObstaclesError, findings_of
from waferwatch.read.form import Form
from waferwatch.read.shapes.time_line import Readings, one_time_line
from waferwatch.read.table import Role, Table

ROWS = 60
TIMES = [f"2026-03-02 08:00:{at:02d}" for at in range(ROWS)]
SENSORS = {"Press": 12.25, "Power": 500.5, "Temp": 61.75}


def value(sensor: str, at: int) -> float:
    return SENSORS[sensor] + (at * 7 % 5) / 4


def read(folder: Path, text: str, form: Form | None = None) -> Table:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path, form=form)


def assert_wide(table: Table) -> None:
    assert table.columns(Role.SENSOR) == list(SENSORS)
    for sensor in SENSORS:
        assert table.frame[sensor].tolist() == [value(sensor, at) for at in range(ROWS)]
    clock = table.column(Role.TIME)
    assert clock is not None
    assert table.frame[clock].tolist() == list(pd.to_datetime(TIMES))


def codes(table: Table) -> set[str]:
    return {finding.code for finding in findings_of(table.notes)}


LONG = "time,tag,value\n" + "".join(
    f"{TIMES[at]},{sensor},{value(sensor, at)}\n" for at in range(ROWS) for sensor in SENSORS
)


def test_a_long_table_gets_a_column_for_each_sensor(tmp_path: Path) -> None:
    table = read(tmp_path, LONG)
    assert_wide(table)
    finding = next(one for one in findings_of(table.notes) if one.code == "long_table")
    assert finding.option == "--shape wide"
    assert len(read_original(tmp_path / "data.csv")) == len(table.frame)


def test_a_long_table_of_blocks_without_usual_names_is_known_by_what_it_holds(tmp_path: Path) -> None:
    lines = [f"{sensor};{TIMES[at]};{value(sensor, at)}" for sensor in SENSORS for at in range(ROWS)]
    assert_wide(read(tmp_path, "\n".join(["what;when;how much", *lines]) + "\n"))


def test_a_long_table_of_two_tools_keeps_them_apart(tmp_path: Path) -> None:
    lines = [
        f"{TIMES[at]},{tool},{sensor},{value(sensor, at)}"
        for tool in ("E1", "E2")
        for at in range(ROWS)
        for sensor in SENSORS
    ]
    table = read(tmp_path, "\n".join(["time,equipment,tag,value", *lines]) + "\n")
    assert table.columns(Role.SENSOR) == list(SENSORS)
    assert len(table.frame) == 2 * ROWS
    assert table.groups == ("equipment",)


def test_one_sensor_of_several_tools_is_no_long_table(tmp_path: Path) -> None:
    lines = [f"{TIMES[at]},E{tool},{value('Press', at)}" for at in range(ROWS) for tool in (1, 2)]
    table = read(tmp_path, "\n".join(["time,equipment,value", *lines]) + "\n")
    assert table.columns(Role.SENSOR) == ["value"]
    assert len(table.frame) == 2 * ROWS


def test_a_wish_for_the_wide_shape_keeps_the_rows(tmp_path: Path) -> None:
    assert len(read(tmp_path, LONG, Form(shape="wide")).frame) == len(SENSORS) * ROWS


def test_a_shape_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run-per-row"):
        read(tmp_path, "time,p\n0,1.5\n1,2.5\n", Form(shape="run-per-row"))
    with pytest.raises(InputError, match="Choose one of: wide, long"):
        Form(shape="sideways")


def test_a_clock_for_each_sensor_becomes_one(tmp_path: Path) -> None:
    lines = [",".join(f"{TIMES[at]},{value(sensor, at)}" for sensor in SENSORS) for at in range(ROWS)]
    assert_wide(read(tmp_path, "\n".join(["Time,Press,Time,Power,Time,Temp", *lines]) + "\n"))


def test_counters_that_rise_are_no_clocks_of_sensors(tmp_path: Path) -> None:
    lines = [f"{at}.5,{value('Press', at)},{100 + 3 * at},{value('Power', at)}" for at in range(ROWS)]
    table = read(tmp_path, "\n".join(["time,Press,rf hours,Power", *lines]) + "\n")
    assert "clock_per_sensor" not in codes(table)
    assert len(table.frame) == ROWS


PROFILE = np.concatenate([np.linspace(0, 50, 8), np.full(24, 50.0), np.linspace(50, 0, 8)])


def runs(names: list[str], first: list[str]) -> str:
    noise = np.random.default_rng(0).normal(0, 0.3, (30, len(PROFILE)))
    lines = [",".join([f"W{at}", *map("{:.2f}".format, PROFILE + noise[at])]) for at in range(30)]
    return "\n".join([",".join([*first, *names]), *lines]) + "\n"


def test_a_run_in_each_row_becomes_runs_below_one_another(tmp_path: Path) -> None:
    table = read(tmp_path, runs([f"p{at}" for at in range(len(PROFILE))], ["wafer"]))
    assert table.columns(Role.SENSOR) == ["p"]
    assert len(table.frame) == 30 * len(PROFILE)
    assert "run" in table.groups
    assert "run_per_row" in codes(table)


def test_many_numbered_sensors_are_no_run(tmp_path: Path) -> None:
    levels = np.random.default_rng(1).uniform(0, 500, 40)
    cells = levels + np.random.default_rng(2).normal(0, 1, (30, 40))
    text = io.StringIO()
    pd.DataFrame(cells, columns=[f"sensor{at}" for at in range(40)]).to_csv(text, index=False)
    table = read(tmp_path, text.getvalue())
    assert len(table.columns(Role.SENSOR)) == 40
    assert len(table.frame) == 30


@pytest.mark.parametrize("head", ["time", "", "sensor"])
def test_a_table_on_its_side_is_turned(tmp_path: Path, head: str) -> None:
    lines = [f"{sensor}," + ",".join(str(value(sensor, at)) for at in range(ROWS)) for sensor in SENSORS]
    table = read(tmp_path, "\n".join([f"{head}," + ",".join(TIMES), *lines]) + "\n")
    assert_wide(table)
    assert "transposed" in codes(table)


def test_a_short_table_of_many_alike_columns_is_left_as_it_is(tmp_path: Path) -> None:
    names = ",".join(f"s{at}" for at in range(100))
    cells = np.random.default_rng(3).normal(5, 1, (4, 100)).round(3)
    text = "\n".join([names, *(",".join(map(str, row)) for row in cells)]) + "\n"
    table = read(tmp_path, text)
    assert len(table.frame) == 4


def test_the_time_line_is_that_of_the_most_readings_and_old_readings_say_nothing() -> None:
    fast = Readings("fast", np.arange(10.0), np.arange(10))
    slow = Readings("slow", np.array([0.0, 2.0, 4.0, 12.0]), np.arange(100, 104))
    line = one_time_line([slow, fast])
    assert line.sensor == "fast"
    assert line.times.tolist() == [*range(10), 12.0]
    assert line.positions["slow"].tolist() == [100, 100, 101, 101, 102, 102, 102, 102, 102, -1, 103]
    assert line.positions["fast"].tolist() == [*range(10), -1]
    assert line.unused == 0


def test_all_obstacles_are_reported_at_once(tmp_path: Path) -> None:
    times = [f"{at % 9}9/{at % 7}8/2026" if at else TIMES[0] for at in range(ROWS)]  # days that no calendar has
    lines = [f"{times[at]},{value('Press', at)},{at}" + (",7" if at % 3 == 1 else "") for at in range(ROWS)]
    with pytest.raises(InputError) as caught:
        read(tmp_path, "\n".join(["time,p,q", *lines]) + "\n", None)
    assert isinstance(caught.value, ObstaclesError)
    assert caught.value.findings[0].code == "ragged"
    assert len(caught.value.findings) > 1
    assert caught.value.findings[0].to_dict()["option"] == "--header-line N"


def test_readings_of_a_long_table_that_are_called_bad_count_as_no_value(tmp_path: Path) -> None:
    bad = {("Press", 7), ("Temp", 20)}
    lines = []
    for at in range(ROWS):
        for sensor in SENSORS:
            reading = "0,Bad" if (sensor, at) in bad else f"{value(sensor, at)},Good"
            lines.append(f"{sensor},{TIMES[at]},{reading}")
    table = read(tmp_path, "Tag,Timestamp,Value,Quality\n" + "\n".join(lines))
    missing = {(name, at) for name in SENSORS for at in np.flatnonzero(table.frame[name].isna()).tolist()}
    assert missing == bad
    finding = next(one for one in findings_of(table.notes) if one.code == "bad_status")
    assert (finding.count, finding.values["column"]) == (2, "Quality")
    assert "long_left_out" not in codes(table)


def test_codes_of_a_long_table_whose_meaning_is_not_clear_are_named(tmp_path: Path) -> None:
    lines = [f"{s},{TIMES[at]},{value(s, at)},{at % 3 + 5}" for at in range(ROWS) for s in SENSORS]
    table = read(tmp_path, "Tag,Timestamp,Value,Status\n" + "\n".join(lines))
    assert "long_left_out" in codes(table)
    assert table.columns(Role.SENSOR) == list(SENSORS)
