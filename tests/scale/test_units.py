"""Units scored by themselves say what the undivided series says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.scale.made import planned, rows_of, run, write_fleet
from waferwatch.scale import results
from waferwatch.scale.plans.plan import ScalePlan


def compared(plan: ScalePlan, equipment: str, frame: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], object]:
    """The result tables of an equipment in order, and what its own model says of the whole series."""
    tables = {}
    for name in results.TABLES:
        table = results.read_table_of(plan.results, name)
        tables[name] = table[table["equipment"] == equipment].reset_index(drop=True)
    tables["scores"] = tables["scores"].sort_values("row", ignore_index=True)
    return tables, results.get_model(plan.results, equipment).detect(frame)


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> tuple[ScalePlan, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("streams")
    frame = rows_of("E1", 4)
    write_fleet(folder / "in", [frame])
    plan = planned(folder / "in", folder / "out")
    assert run(plan).exit_code == 0
    return plan, frame


@pytest.fixture(scope="module")
def wafers(tmp_path_factory: pytest.TempPathFactory) -> tuple[ScalePlan, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("wafers")
    frame = waferwatch.generate(rows=9000, equipment=1, seed=3).drop(columns=["anomaly", "fault_kind"])
    (folder / "in").mkdir()
    frame.to_parquet(folder / "in" / "all.parquet", index=False)
    reference = "2026-01-05T08:00:00..2026-01-05T09:10:00"
    plan = planned(folder / "in", folder / "out", by=("equipment", "hour"), reference=reference)
    assert run(plan).exit_code == 0
    return plan, frame


@pytest.mark.parametrize("kind", ["streams", "wafers"])
def test_units_have_the_scores_of_the_undivided_series(kind: str, request: pytest.FixtureRequest) -> None:
    plan, frame = request.getfixturevalue(kind)
    tables, found = compared(plan, str(frame["equipment"].iloc[0]), frame)
    assert tables["scores"]["row"].tolist() == list(range(len(frame)))
    assert (tables["scores"]["time"].to_numpy() == frame.iloc[:, 0].to_numpy()).all()
    np.testing.assert_allclose(tables["scores"]["score"], found.scores, atol=1e-4)
    np.testing.assert_array_equal(tables["scores"]["flagged"], found.flags)


@pytest.mark.parametrize("kind", ["streams", "wafers"])
def test_events_go_on_over_the_borders_of_units(kind: str, request: pytest.FixtureRequest) -> None:
    plan, frame = request.getfixturevalue(kind)
    tables, found = compared(plan, str(frame["equipment"].iloc[0]), frame)
    events = tables["events"]
    spans = events[["start_row", "end_row", "peak_row", "rows", "sensor_1"]].itertuples(index=False, name=None)
    expected = [(one.start_row, one.end_row, one.peak_row, one.rows, one.sensors[0].sensor) for one in found.events]
    assert list(spans) == expected
    assert expected
    np.testing.assert_allclose(events["peak_score"], [one.peak_score for one in found.events], atol=1e-4)


def test_an_event_over_midnight_is_one(streams: tuple[ScalePlan, pd.DataFrame]) -> None:
    events = results.read_table_of(streams[0].results, "events")
    midnight = pd.Timestamp("2026-01-07")
    assert ((events["start"] < midnight) & (events["end"] > midnight)).sum() == 1


def test_wafers_cut_by_a_border_belong_to_the_unit_in_which_they_begin(
    wafers: tuple[ScalePlan, pd.DataFrame],
) -> None:
    plan, frame = wafers
    tables, found = compared(plan, str(frame["equipment"].iloc[0]), frame)
    units = plan.results.child("wafers/equipment=" + str(frame["equipment"].iloc[0]))
    assert len(units.names()) == 3
    mine = tables["wafers"].sort_values("start", ignore_index=True)
    assert mine["rows"].tolist() == [one.rows for one in found.runs]
    assert mine["abnormal"].tolist() == [one.abnormal for one in found.runs]
    np.testing.assert_allclose(mine["score"], [one.score for one in found.runs], rtol=1e-6)
    assert mine["lot"].tolist() == [one.lot for one in found.runs]


def test_problems_are_joined_over_units(wafers: tuple[ScalePlan, pd.DataFrame]) -> None:
    plan, frame = wafers
    tables, found = compared(plan, str(frame["equipment"].iloc[0]), frame)
    worst, expected = tables["problems"].iloc[0], found.problems[0]
    same = ("sensor", "step", "direction", "count")
    assert [worst[name] for name in same] == [getattr(expected, name) for name in same]
    assert worst["first_seen"] == pd.Timestamp(expected.first_seen)


def test_flagged_rows_say_what_each_sensor_carries(streams: tuple[ScalePlan, pd.DataFrame]) -> None:
    plan, frame = streams
    flagged = results.read_table_of(plan.results, "flagged").sort_values("row")
    found = results.get_model(plan.results, "E1").detect(frame)
    carried = flagged[[f"contribution.s{sensor}" for sensor in range(3)]]
    np.testing.assert_allclose(carried, found.contributions[found.flags], atol=1e-4)


def test_results_are_read_by_pandas(streams: tuple[ScalePlan, pd.DataFrame]) -> None:
    scores = pd.read_parquet(Path(streams[0].out) / "scores")
    assert list(scores.columns) == ["row", "time", "score", "flagged", "equipment"]
    assert len(scores) == 4 * 1440
