"""Days of a fleet in the pages."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

import waferwatch
from tests.scale.made import copied, planned, run
from waferwatch.cli import main
from waferwatch.errors import StorageFullError
from waferwatch.scale import results
from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.settings import Settings
from waferwatch.store.database.schema import datasets, runs
from waferwatch.store.results import Results
from waferwatch.store.store import open_store
from waferwatch.web.app import create_app

PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ScalePlan:
    """A chamber over some hours, by the hour."""
    folder = tmp_path_factory.mktemp("opening")
    frame = waferwatch.generate(rows=9000, equipment=1, seed=3).drop(columns=["anomaly", "fault_kind"])
    (folder / "in").mkdir()
    frame.to_parquet(folder / "in" / "all.parquet", index=False)
    reference = "2026-01-05T08:00:00..2026-01-05T09:10:00"
    made = planned(folder / "in", folder / "out", by=("equipment", "hour"), reference=reference)
    assert run(made).exit_code == 0
    return made


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def opened(capsys: pytest.CaptureFixture[str], plan: ScalePlan, *options: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["scale", "open", plan.out, *options, "--json"]) == code
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1])) if code == 0 else {}


def name_of(plan: ScalePlan) -> str:
    return " / ".join(next(iter(plan.units())).equipment)


def test_hours_of_a_chamber_are_a_data_set_with_its_problems_in_the_pages(
    plan: ScalePlan, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choice = (name_of(plan), "--from", "2026-01-05T09:00", "--to", "2026-01-05T10:00", "--data-dir", str(data_dir))
    found = opened(capsys, plan, *choice)
    assert opened(capsys, plan, *choice) == found  # opened once
    kept = results.read_table_of(plan.results, "scores").sort_values("row")
    units = [one for one in plan.units() if pd.Timestamp(one.begin).hour in (9, 10)]
    expected = pd.concat([results.read_unit(plan.results, "scores", one.key) for one in units])
    assert found["rows"] == len(expected) < len(kept)
    wafers = pd.concat([results.read_unit(plan.results, "wafers", one.key) for one in units])
    with TestClient(create_app(Settings(data_dir=data_dir)), base_url="http://127.0.0.1") as client:
        listed = client.get("/runs").json()["runs"]
        assert found["run"] in [one["id"] for one in listed]
        problems = client.get(f"/runs/{found['run']}/problems").json()["problems"]
        text = client.get(found["page"], headers=PAGE | {"Accept-Language": "en"}).text
        assert problems
        assert all(one["name"] in text for one in problems)
        shown = client.get(f"/runs/{found['run']}/wafers?limit=500").json()
        assert shown["total"] == len(wafers)
        event = client.get(f"/problems/event?run={found['run']}&event=1", headers=PAGE)
        assert event.status_code == 200
        rows = pd.read_csv(io.BytesIO(client.get(f"/runs/{found['run']}/export?format=csv").content))
    np.testing.assert_allclose(rows["anomaly_score"], expected["score"], rtol=1e-6)
    assert rows["is_anomaly"].astype(bool).tolist() == expected["flagged"].tolist()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("NOBODY",), "has no equipment NOBODY"),
        (("NAME", "--from", "2027-01-01"), "has no results in this time"),
        (("NAME", "--to", "soon"), "soon"),
    ],
)
def test_what_cannot_be_opened_is_named(
    options: tuple[str, ...], sentence: str, plan: ScalePlan, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [name_of(plan) if one == "NAME" else one for one in options]
    assert main(["scale", "open", plan.out, *named, "--data-dir", str(data_dir)]) == 2
    assert sentence in capsys.readouterr().err


def test_units_without_results_are_left_out_and_named(
    plan: ScalePlan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = copied(plan, tmp_path / "out")
    gone = list(moved.units())[1]
    moved.results.child(f"{results.MARKERS}/{gone.key}.json").remove()
    found = opened(capsys, moved, name_of(plan), "--data-dir", str(tmp_path / "data"))
    assert found["missing"] == ["2026-01-05T09"]
    assert found["rows"] == 9000 - len(results.read_unit(plan.results, "scores", gone.key))


def test_results_that_no_longer_fit_their_rows_are_refused(
    plan: ScalePlan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = copied(plan, tmp_path / "out")
    unit = list(moved.units())[1]
    kept = results.read_unit(moved.results, "scores", unit.key)
    results.put_table(moved.results, "scores", unit.key, kept.assign(score=kept["score"] + 1))
    opened(capsys, moved, name_of(plan), "--data-dir", str(tmp_path / "data"), code=2)
    with TestClient(create_app(Settings(data_dir=tmp_path / "data")), base_url="http://127.0.0.1") as client:
        assert client.get("/runs").json()["runs"] == []


def test_what_fails_while_it_is_opened_leaves_neither_data_nor_a_run(
    plan: ScalePlan, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_result: object) -> None:
        raise StorageFullError("The disk of the server is full.")

    monkeypatch.setattr(Results, "put_detection", full)
    opened(capsys, plan, name_of(plan), "--to", "2026-01-05T08:30", "--data-dir", str(tmp_path), code=2)
    with open_store(Settings(data_dir=tmp_path)).database.read() as connection:
        assert connection.execute(select(runs.c.id)).all() == []
        assert connection.execute(select(datasets.c.id).where(datasets.c.deleted.is_(None))).all() == []
