"""The quality report: the same numbers as slow loops tell, findings where a fault was put, silence where none is."""

from __future__ import annotations

import math
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.calls import calls_of
from waferwatch.models.ensemble.preparation.alignment import FEWEST_POINTS
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.read.virtual_fab.generate import generate
from waferwatch.series.quality.findings import Severity
from waferwatch.series.quality.report import Quality, examine
from waferwatch.series.quality.timing import lay_out
from waferwatch.series.quality.timing_findings import FEWEST_JUDGED
from waferwatch.series.split import split

SENSOR = some.sampled_from([0.0, 1.0, 2.0, 2.5, -7.0, 400.0, math.nan])


@some.composite
def tables(draw: some.DrawFn) -> Table:
    """Small tables with every trouble: equipment mixed up, times twice, backwards and missing, values missing."""
    rows = draw(some.integers(2, 30))
    column = lambda of: draw(some.lists(of, min_size=rows, max_size=rows))  # noqa: E731
    frame = pd.DataFrame(
        {
            "time": np.asarray(column(some.one_of(some.integers(0, 40), some.just(None))), dtype=float),
            "tool": column(some.sampled_from(["A", "B"])),
            "step": column(some.sampled_from(["s", "t"])),
            "x": column(SENSOR),
            "y": column(SENSOR),
        }
    )
    frame.loc[0, ["time", "x", "y"]] = [0.0, 1.0, 1.0]
    roles = {"time": "time", "tool": "equipment", "step": "step", "x": "sensor", "y": "sensor"}
    return table_from_frame(frame, roles=roles)


def series_of(table: Table) -> list[list[int]]:
    """Rows of each series, as the detectors get them."""
    return [one.rows.tolist() for one in split(table).series]


def naive_runs(table: Table, name: str) -> list[tuple[float, int, int]]:
    """Value, length and first row of each run of equal values."""
    values, runs = table.frame[name].tolist(), []
    for rows in series_of(table):
        at = 0
        for value, same in groupby(values[row] for row in rows):
            length = len(list(same))
            if not math.isnan(value):
                runs.append((value, length, rows[at]))
            at += length
    return runs


def naive_outliers(table: Table, name: str) -> int:
    frame = table.frame[table.frame["time"].notna()]
    count = 0
    for _, group in frame.groupby(["tool", "step"]):
        values = sorted(value for value in group[name] if not math.isnan(value))
        if not values:
            continue
        low, centre, high = (values[math.floor(share * (len(values) - 1) + 0.5)] for share in (0.05, 0.5, 0.95))
        mean = sum(abs(value - centre) for value in values) / len(values)
        spread = (high - low) / 3.29 if high > low else 1.2533 * mean
        count += sum(1 for value in values if spread > 0 and abs(value - centre) / spread > 6)
    return count


@given(tables())
@settings(max_examples=60)
def test_rows_lie_in_the_order_in_which_detectors_get_them(table: Table) -> None:
    layout = lay_out(table)
    series = [part.tolist() for part in np.split(layout.rows, np.flatnonzero(layout.starts)[1:])]
    assert series == series_of(table)


@given(tables())
@settings(max_examples=60)
def test_sensors_are_measured_as_slow_loops_measure_them(table: Table) -> None:
    rows = [row for one in series_of(table) for row in one]
    for sensor in examine(table).sensors:
        values = [table.frame[sensor.name][row] for row in rows]
        present = [value for value in values if not math.isnan(value)]
        assert sensor.rows == len(rows)
        assert sensor.missing == len(values) - len(present)
        if not present:
            assert sensor.low is sensor.median is None
            continue
        runs = naive_runs(table, sensor.name)
        assert (sensor.low, sensor.high) == (min(present), max(present))
        assert sensor.median == np.median(present)
        assert sensor.distinct == len(set(present))
        assert sensor.usual_run == np.median([length for _, length, _ in runs])
        assert sensor.longest_run is not None
        assert sensor.longest_run.rows == max(length for _, length, _ in runs)
        assert (sensor.longest_run.rows, sensor.longest_run.row) in {(length, row) for _, length, row in runs}
        assert sensor.constant == (len(set(present)) == 1)


@given(tables())
@settings(max_examples=60)
def test_time_is_measured_as_slow_loops_measure_it(table: Table) -> None:
    timing = examine(table).timing
    back = again = repeated = 0
    first_back: int | None = None
    steps = []
    for tool in ("A", "B"):
        own = [row for row in range(len(table.frame)) if table.frame["tool"][row] == tool]
        own = [row for row in own if not math.isnan(table.frame["time"][row])]
        times = table.frame["time"]
        for above, row in pairwise(own):
            if times[row] < times[above]:
                back += 1
                first_back = row if first_back is None else min(first_back, row)
        own.sort(key=lambda row: times[row])
        for above, row in pairwise(own):
            steps.append(times[row] - times[above])
            if times[row] == times[above]:
                again += 1
                repeated += all(str(table.frame[name][row]) == str(table.frame[name][above]) for name in "xy")
    assert (timing.back.count, timing.back.row) == (back, first_back)
    assert (timing.again.count, timing.repeated.count) == (again, repeated)
    assert timing.without_time.count == table.frame["time"].isna().sum()
    assert timing.period == (np.median([step for step in steps if step > 0]) if any(steps) else None)
    assert sum(one.rows for one in timing.equipment) == table.frame["time"].notna().sum()
    assert timing.series == len(series_of(table))


@given(some.lists(some.sampled_from([10.0, 10.5, 11.0, 90.0]), min_size=120, max_size=300), some.integers(0, 3))
@settings(max_examples=30)
def test_far_values_are_counted_as_a_slow_loop_counts_them(values: list[float], tools: int) -> None:
    rows = len(values)
    frame = pd.DataFrame({"time": np.arange(rows, dtype=float), "x": values})
    frame["tool"] = [f"T{row % max(1, tools)}" for row in range(rows)]
    frame["step"] = "one"
    table = table_from_frame(frame, roles={"tool": "equipment", "step": "step", "x": "sensor"})
    assert examine(table).sensors[0].outliers == naive_outliers(table, "x")


def examined(frame: pd.DataFrame, **options: Any) -> Quality:
    return examine(table_from_frame(frame, **options))


def noisy(rows: int = 2000, **columns: Any) -> pd.DataFrame:
    """Three sensors of plain noise in one-second steps; ``columns`` come on top."""
    generator = np.random.default_rng(5)
    start = np.datetime64("2026-03-01T00:00:00", "ns")
    frame = pd.DataFrame({"time": start + np.arange(rows).astype("timedelta64[s]")})
    for name in "abc":
        frame[name] = generator.normal(20, 1, rows)
    for name, values in columns.items():
        frame[name] = values
    return frame


def kinds(quality: Quality) -> list[str]:
    return [finding.kind for finding in quality.findings]


def only(quality: Quality, kind: str) -> Any:
    found = [finding for finding in quality.findings if finding.kind == kind]
    assert len(found) == 1, kinds(quality)
    return found[0]


def test_plain_data_give_no_finding() -> None:
    assert examined(noisy()).findings == ()


def test_a_stuck_sensor_is_found_with_its_place() -> None:
    frame = noisy()
    frame.loc[700:759, "b"] = frame["b"][700]
    found = only(examined(frame), "stuck")
    assert (found.columns, found.row, found.severity) == (("b",), 700, Severity.WARNING)
    assert "b stands still for 60 rows from row 701 on (usually 1.0)" in str(found.sentence)


def test_slow_coarse_and_resting_sensors_are_not_called_stuck() -> None:
    generator = np.random.default_rng(1)
    rows = 20_000
    slow = np.round(np.cumsum(generator.normal(0, 0.02, rows)), 1)
    held = np.repeat(generator.normal(0, 1, rows // 50), 50)
    resting = np.where(np.arange(rows) % 4000 < 400, 0.0, generator.normal(50, 1, rows))
    state = np.where(np.arange(rows) < 9000, 1.0, 2.0)
    assert "stuck" not in kinds(examined(noisy(rows, slow=slow, held=held, resting=resting, state=state)))


def test_a_slow_sensor_that_stands_still_far_longer_than_usual_is_stuck() -> None:
    held = np.repeat(np.random.default_rng(1).normal(0, 1, 400), 5)
    held[600:900] = held[600]
    found = only(examined(noisy(held=held)), "stuck")
    assert (found.columns, found.row) == (("held",), 600)


def test_a_sensor_that_often_pauses_is_stuck_only_when_it_pauses_far_longer() -> None:
    generator = np.random.default_rng(2)
    lengths = np.where(np.arange(1200) % 20 == 0, 15, 1)
    lengths[600] = 40
    assert "stuck" not in kinds(
        examined(noisy(lengths.sum(), pausing=np.repeat(generator.normal(0, 1, 1200), lengths)))
    )
    lengths[600] = 60
    assert "stuck" in kinds(examined(noisy(lengths.sum(), pausing=np.repeat(generator.normal(0, 1, 1200), lengths))))


def test_a_sensor_of_few_levels_may_stay_at_one_as_long_as_it_likes() -> None:
    levels = np.arange(2000) % 5
    levels[1000:1400] = 7
    assert "stuck" not in kinds(examined(noisy(levels=levels)))


def test_sensors_that_stand_still_together_make_one_finding() -> None:
    frame = noisy()
    for name in "abc":
        frame.loc[1000:1200, name] = frame[name][1000]
    quality = examined(frame)
    assert "stuck" not in kinds(quality)
    assert only(quality, "standstill").row == 1000


def test_the_clean_virtual_fab_has_no_stuck_sensor_and_the_faulty_one_has_those_that_were_made() -> None:
    clean, faulty = (generate(20_000, 3, 20, faults=faults) for faults in (False, True))
    assert [finding.kind for finding in examined(clean).findings if finding.severity > Severity.NOTE] == []
    made = faulty[faulty["fault_kind"] == "stuck_sensor"]
    stuck = [one for sensor in examined(faulty).sensors for one in sensor.stuck]
    assert sum(one.rows for one in stuck) >= 0.9 * len(made)
    assert {one.group for one in stuck} == set(made["equipment"])
    assert all(faulty["fault_kind"][one.row] == "stuck_sensor" for one in stuck)


def test_missing_constant_empty_counting_and_copied_sensors_are_found() -> None:
    frame = noisy(one=3.0, count=np.arange(2000.0), levels=np.arange(2000) % 3)
    frame["copy"] = frame["a"]
    frame.loc[300:899, "b"] = np.nan
    quality = examined(frame, roles={"count": "sensor"})
    assert [(finding.kind, finding.columns[0]) for finding in quality.findings if finding.columns] == [
        ("constant", "one"),
        ("missing", "b"),
        ("rising", "count"),
        ("few_values", "levels"),
        ("twin", "copy"),
    ]
    missing = only(quality, "missing")
    assert missing.row == 300
    assert "30" in f"{missing.sentence.values['share']:.0%}"
    assert "600 rows, begins in row 301" in str(missing.sentence)


def test_a_sensor_that_is_read_more_slowly_is_not_called_missing() -> None:
    frame = noisy()
    frame.loc[frame.index % 10 != 0, "c"] = np.nan
    quality = examined(frame)
    assert "missing" not in kinds(quality)
    assert only(quality, "slow").sentence.values["every"] == 10


def test_the_same_fault_of_many_sensors_is_one_finding() -> None:
    frame = noisy(**{f"dead{number}": float(number) for number in range(40)})
    found = only(examined(frame), "constant")
    assert len(found.columns) == 40
    assert str(found.sentence).startswith("Sensors with the same value in every row: 40 (")


def test_a_single_spike_is_reported_and_another_state_is_not() -> None:
    frame = noisy()
    frame.loc[1500, "a"] = 900.0
    frame.loc[200:399, "b"] = 900.0
    found = only(examined(frame), "outliers")
    assert (found.columns, found.row) == (("a",), 1500)


@pytest.mark.parametrize(("deviations", "far"), [(5.5, 0), (6.6, 1)])
def test_a_value_is_far_beyond_six_deviations(deviations: float, far: int) -> None:
    frame = noisy()
    frame.loc[1500, "a"] = frame["a"].median() + deviations * 1.0  # the noise has a deviation of 1
    assert examined(frame[["time", "a"]]).sensors[0].outliers == far


def test_far_is_reported_by_the_level_of_the_recipe_step() -> None:
    frame = noisy(step=np.where(np.arange(2000) % 200 < 100, "etch", "idle"))
    frame["a"] += np.where(frame["step"] == "etch", 100, 0)
    assert examined(frame).sensors[0].outliers == 0
    frame.loc[150, "a"] = 120.0
    found = only(examined(frame), "outliers")
    assert (found.columns, found.row) == (("a",), 150)


def test_rows_twice_are_so_where_their_values_are_missing_too() -> None:
    frame = noisy()
    frame.loc[400:420, "b"] = np.nan
    frame = pd.concat([frame[:410], frame[405:]], ignore_index=True)
    assert examined(frame).timing.repeated.count == 5


def test_time_that_goes_back_matters_more_where_nothing_tells_equipment_apart() -> None:
    frame = noisy()
    mixed = pd.concat([frame, frame], ignore_index=True).sort_values("a", ignore_index=True)
    found = only(examined(mixed), "time_back")
    assert (found.severity, "equipment" in str(found.remedy)) == (Severity.WARNING, True)
    found = only(examined(mixed.assign(tool="A")), "time_back")
    assert (found.severity, "clock" in str(found.remedy)) == (Severity.NOTE, True)


def test_gaps_double_rows_and_time_that_goes_back_are_found_with_their_places() -> None:
    frame = noisy()
    frame.loc[1200:, "time"] += pd.Timedelta(hours=2)
    frame.loc[50, ["time", "a", "b", "c"]] = frame.loc[49, ["time", "a", "b", "c"]]
    frame.loc[80, "time"] = frame.loc[79, "time"]
    frame.loc[500, "time"] = frame.loc[400, "time"] + pd.Timedelta(milliseconds=300)
    quality = examined(frame)
    assert only(quality, "gaps").row == 1200
    assert quality.timing.gaps[0].length == 7201
    assert only(quality, "repeated").row == 50
    assert only(quality, "same_time").sentence.values["count"] == 1
    assert only(quality, "time_back").row == 500


def test_equipment_mixed_up_without_a_column_that_tells_them_apart_is_serious() -> None:
    frame = noisy().loc[lambda whole: whole.index.repeat(2)].reset_index(drop=True)
    frame["a"] += np.arange(len(frame)) % 2
    found = only(examined(frame), "same_time")
    assert found.severity is Severity.SERIOUS
    assert "equipment" in str(found.remedy)


def test_short_series_and_short_equipment_are_reported() -> None:
    frame = noisy(tool=["A"] * 1900 + ["B"] * 100)
    quality = examined(frame)
    assert "1 (B)" in str(only(quality, "short_reference").sentence)
    assert only(examined(noisy(40)), "short_reference").severity is Severity.SERIOUS
    broken = noisy(lot=np.arange(2000) // 5)
    broken = broken.drop(columns="time").assign(run=np.arange(2000) // 5, step=np.arange(2000) % 5)
    found = only(examined(broken), "short_series")
    assert found.severity is Severity.SERIOUS
    assert "run" in str(found.remedy)


def test_the_shortest_series_that_is_judged_is_the_detector_s() -> None:
    assert FEWEST_JUDGED == FEWEST_POINTS


def test_labels_that_say_nothing_are_reported() -> None:
    assert only(examined(noisy(label=0)), "labels").severity is Severity.NOTE
    assert only(examined(noisy(label=[1] * 1500 + [0] * 500)), "labels").severity is Severity.WARNING


def test_a_table_without_time_or_with_rows_without_time_is_examined() -> None:
    assert "no_time" in kinds(examined(noisy().drop(columns="time")))
    frame = noisy()
    frame.loc[100:129, "time"] = pd.NaT
    quality = examined(frame)
    assert (quality.timing.without_time.count, only(quality, "without_time").row) == (30, 100)
    assert all(sensor.rows == 1970 for sensor in quality.sensors)


def test_nothing_is_changed_and_what_matters_most_comes_first() -> None:
    frame = noisy(one=3.0, copy=1.0)
    frame.loc[300:1800, "b"] = np.nan
    table = table_from_frame(frame)
    before = table.frame.copy(deep=True)
    severities = [finding.severity for finding in examine(table).findings]
    assert severities == sorted(severities, reverse=True)
    assert severities[0] is Severity.SERIOUS
    pd.testing.assert_frame_equal(table.frame, before)


@pytest.mark.parametrize("rows", [1, 2])
def test_a_table_of_a_row_or_two_is_examined(rows: int) -> None:
    assert "short_reference" in kinds(examined(pd.DataFrame({"x": [1.5, 2.5][:rows]})))


def test_rows_are_examined_as_columns_and_not_one_by_one() -> None:
    few, many = (table_from_frame(generate(rows, 4, 1)) for rows in (10_000, 100_000))
    assert calls_of(lambda: examine(many)) < 5 * calls_of(lambda: examine(few))


@pytest.mark.parametrize(("wafers", "enough"), [(60, True), (20, False)])
def test_a_row_for_each_wafer_asks_for_wafers_not_for_hundreds_of_rows(wafers: int, enough: bool) -> None:
    frame = pd.DataFrame({"wafer": np.arange(wafers), "thickness": np.random.default_rng(0).normal(size=wafers)})
    assert ("short_reference" not in kinds(examined(frame))) is enough


def test_a_wait_between_wafers_is_no_gap_and_a_hole_within_one_is() -> None:
    frame = noisy(1600, wafer=np.repeat(np.arange(20), 80))
    frame["time"] += pd.to_timedelta(np.repeat(np.arange(20), 80) * 600, "s")
    timing = examined(frame).timing
    assert (timing.gap_count, timing.series) == (0, 20)
    frame.loc[840:879, "time"] += pd.Timedelta(minutes=5)
    quality = examined(frame)
    assert only(quality, "gaps").row == 840
    assert quality.timing.gap_count == 1


def local(start: str, zone: str = "Europe/Berlin", rows: int = 240) -> pd.DataFrame:
    """Rows a minute apart, by a local clock."""
    clock = pd.date_range(start, periods=rows, freq="min", tz="UTC").tz_convert(zone).tz_localize(None)
    return noisy(rows).assign(time=clock)


def test_an_hour_that_comes_twice_is_said_once_and_is_neither_rows_at_one_time_nor_time_that_goes_back() -> None:
    quality = examined(local("2025-10-25 23:30"))
    assert only(quality, "hour_twice").row == 90
    assert not {"same_time", "time_back", "gaps"} & set(kinds(quality))


@pytest.mark.parametrize(
    ("start", "zone", "row"),
    [("2026-03-28 23:30", "Europe/Berlin", 90), ("2026-03-08 09:00", "America/Los_Angeles", 60)],
)
def test_an_hour_that_is_left_out_in_spring_is_said_and_is_no_gap(start: str, zone: str, row: int) -> None:
    frame = local(start, zone)
    quality = examined(frame)
    assert only(quality, "hour_left_out").row == row
    assert quality.timing.gap_count == 0
    assert [note for note in split(table_from_frame(frame)).notes if "summer time" in str(note)]


@pytest.mark.parametrize("start", ["2026-03-29 23:30", "2026-03-28 10:00"])
def test_an_hour_without_rows_on_another_day_or_at_another_time_is_a_gap(start: str) -> None:
    frame = local(start, "UTC")
    frame.loc[90:, "time"] += pd.Timedelta(hours=1)
    quality = examined(frame)
    assert "hour_left_out" not in kinds(quality)
    assert quality.timing.gap_count == 1


def test_an_hour_that_is_left_out_every_sunday_is_a_gap_of_each() -> None:
    frame = noisy(4 * 1440)
    days = [pd.date_range(f"2026-03-{day} 00:30", periods=1440, freq="min") for day in ("08", "15", "22", "29")]
    frame["time"] = np.concatenate(days)
    frame.loc[frame["time"].dt.hour >= 2, "time"] += pd.Timedelta(hours=1)
    quality = examined(frame)
    assert "hour_left_out" not in kinds(quality)
    assert quality.timing.gap_count == 7


@pytest.mark.parametrize("factor", [1000.0, 0.001, 133.322])
def test_a_unit_that_changes_midway_is_said_with_its_place_and_remedy(factor: float) -> None:
    frame = pd.concat([noisy(tool="A"), noisy(tool="B")], ignore_index=True)
    frame.loc[3200:, "b"] *= factor
    found = only(examined(frame), "unit_change")
    assert (found.columns, found.row) == (("b",), 3200)
    assert " B " in str(found.sentence)
    assert f"{1 / factor:.6g}" in str(found.remedy)


def test_a_unit_that_changes_within_recipes_is_found_at_its_row() -> None:
    frame = noisy()
    frame["a"] += np.tile(np.repeat([0.0, 180.0, 480.0, 30.0], 25), 20)
    frame.loc[1111:, "a"] /= 1000
    assert only(examined(frame), "unit_change").row == 1111


@pytest.mark.parametrize("level", [20.0, 200.0, 20_000.0])
def test_a_set_point_or_a_gain_that_changes_is_no_change_of_unit(level: float) -> None:
    frame = noisy()
    frame.loc[1000:, "a"] += level - 20.0
    frame.loc[1000:, "b"] = 20.0 + 1000 * (frame["b"] - 20.0)
    frame.loc[1000:, "c"] *= level / 20
    assert ("unit_change" in kinds(examined(frame))) is (level == 20_000.0)
    assert "unit_change" not in kinds(examined(frame[["time", "a", "b"]]))
