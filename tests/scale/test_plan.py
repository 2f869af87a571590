"""A plan finds the same units however the rows are written, and stays small."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.scale.made import planned, rows_of, run, write_fleet
from waferwatch.errors import InputError
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.scale import results
from waferwatch.scale.driver import run_plan
from waferwatch.scale.plans.contents import FileColumns, contents_of
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit
from waferwatch.scale.storage import Storage
from waferwatch.scale.task import DONE, TaskOutcome


def by_day(folder: Path, frames: list[pd.DataFrame]) -> ImportOptions:
    write_fleet(folder, frames)
    return ImportOptions()


def one_file_with_a_zone(folder: Path, frames: list[pd.DataFrame]) -> ImportOptions:
    """All rows in one file, out of order, by a clock with a zone; row groups hold several equipment."""
    folder.mkdir()
    every = pd.concat(frames).sample(frac=1.0, random_state=0)
    every["time"] = every["time"].dt.tz_localize("Asia/Seoul")
    every.to_parquet(folder / "all.parquet", index=False, row_group_size=1000)
    return ImportOptions()


def csv_with_a_clock_of_two_columns(folder: Path, frames: list[pd.DataFrame]) -> ImportOptions:
    folder.mkdir()
    for frame in frames:
        day, clock = frame["time"].dt.strftime("%d.%m.%Y"), frame["time"].dt.strftime("%H:%M:%S")
        text = frame.drop(columns="time").assign(day=day, clock=clock)
        text.to_csv(folder / f"{frame['equipment'].iloc[0]}.csv", index=False, sep=";", encoding="cp949")
    return ImportOptions(time=("day", "clock"), date_order="day-first", delimiter="semicolon", encoding="cp949")


def hours_in_folders(folder: Path, frames: list[pd.DataFrame]) -> ImportOptions:
    """Files that end in the middle of a day."""
    for frame in frames:
        for number, rows in frame.groupby(np.arange(len(frame)) // 1000):
            place = folder / f"equipment={frame['equipment'].iloc[0]}"
            place.mkdir(parents=True, exist_ok=True)
            rows.drop(columns="equipment").to_parquet(place / f"{number:02d}.parquet", index=False)
    return ImportOptions()


def test_a_reference_period_without_rows_is_refused(tmp_path: Path) -> None:
    write_fleet(tmp_path / "in", [rows_of("E-01", 2)])
    with pytest.raises(InputError, match=r"No row of .* lies in the reference period\. Give a period of the days from"):
        planned(tmp_path / "in", tmp_path / "out", reference="2036-01-01..2036-01-14")


LAYOUTS = (by_day, one_file_with_a_zone, csv_with_a_clock_of_two_columns, hours_in_folders)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_the_same_rows_give_the_same_units_and_scores(
    layout: Callable[[Path, list[pd.DataFrame]], ImportOptions], tmp_path: Path
) -> None:
    frames = [rows_of("E-01", 2), rows_of("E-02", 2, seed=1)]
    options = layout(tmp_path / "in", frames)
    plan = planned(tmp_path / "in", tmp_path / "out", options=options)
    found = [(one.equipment, one.begin, one.rows, one.first_row) for one in plan.units()]
    expected = []
    for frame in frames:
        first = 0
        for day, rows in frame.groupby(frame["time"].dt.floor("D")):
            expected.append(((frame["equipment"].iloc[0],), day.as_unit("ns").value, len(rows), first))
            first += len(rows)
    assert found == expected
    assert run(plan).exit_code == 0
    scores = results.read_table_of(plan.results, "scores").sort_values(["equipment", "row"], ignore_index=True)
    assert scores["time"].tolist() == pd.concat(frames)["time"].tolist()
    for frame in frames:
        model = results.get_model(plan.results, frame["equipment"].iloc[0])
        mine = scores[scores["equipment"] == frame["equipment"].iloc[0]]
        np.testing.assert_allclose(mine["score"], model.detect(frame).scores, atol=1e-4)


def test_rows_that_are_left_out_are_left_out_of_every_unit_that_has_some(tmp_path: Path) -> None:
    frame = rows_of("E1", 2)
    frame["state"] = np.where(np.arange(len(frame)) % 1440 < 100, "PM", "RUN")
    frame.loc[frame["time"] >= "2026-01-06", "state"] = "RUN"
    write_fleet(tmp_path / "in", [frame])
    options = ImportOptions(leave_out_rows=(("state", "PM"),), roles={"state": "context"})
    plan = planned(tmp_path / "in", tmp_path / "out", options=options)
    record = run(plan)
    assert record.exit_code == 0, record.failures
    scores = results.read_table_of(plan.results, "scores").sort_values("row", ignore_index=True)
    assert scores["score"][:100].isna().all()
    assert scores["score"][1500:].notna().all()


def test_the_footer_of_a_file_says_enough_where_it_holds_one_day_of_one_equipment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fleet(tmp_path, [rows_of("E 1", 1).iloc[:500]])
    monkeypatch.setattr("waferwatch.scale.plans.contents._count", lambda *_: pytest.fail("rows were read"))
    found = contents_of(
        Storage(str(tmp_path)),
        "equipment=E 1/day=2026-01-05/part-0.parquet",
        FileColumns("time", ("equipment",), "day"),
    )
    assert found == {(("E 1",), pd.Timestamp("2026-01-05").as_unit("ns").value): 500}


class _Nothing:
    """Says of each task that it is done."""

    name, workers = "nothing", 1

    def run(self, tasks):  # type: ignore[no-untyped-def]
        for task in tasks:
            yield TaskOutcome(task.key, task.stage, DONE, summary={"rows": 1, "sensors": "x", "model": task.key})

    def close(self) -> None:
        pass


def test_the_memory_of_the_driver_does_not_grow_with_the_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waferwatch.scale.driver.put_fleet", lambda _plan: None)
    write_fleet(tmp_path / "in", [rows_of("E1", 1)])
    small = planned(tmp_path / "in", tmp_path / "out")
    peaks = []
    for chambers in (20, 200):
        units = (
            WorkUnit((f"E{chamber:04d}",), day * 86_400 * 10**9, 1440, day * 1440, 0, 1, ("a.parquet",), (1,))
            for chamber in range(chambers)
            for day in range(30)
        )
        small.save(units)
        plan = ScalePlan.load(str(tmp_path / "out"))
        tracemalloc.start()
        run_plan(plan, _Nothing(), lambda _stage, _counts: None)  # type: ignore[arg-type]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]


def test_a_delta_table_is_refused_since_its_folder_holds_rows_that_were_deleted(tmp_path: Path) -> None:
    write_fleet(tmp_path / "in", [rows_of("E1", 1)])
    (tmp_path / "in" / "_delta_log").mkdir()
    with pytest.raises(InputError, match="is a Delta table"):
        planned(tmp_path / "in", tmp_path / "out")
