"""``waferwatch scale`` from plan to report."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.scale.made import REFERENCE, OnTheSpot, planned, rows_of, write_fleet
from waferwatch.cli import main
from waferwatch.commands import scale
from waferwatch.settings import current_settings


@pytest.fixture(autouse=True)
def on_the_spot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "_engine", lambda _options: OnTheSpot())


def answered(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["scale", *arguments, "--json"]) == code
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


def test_a_fleet_from_plan_to_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_fleet(tmp_path / "in", [rows_of("E1", 3), rows_of("E2", 3, seed=1)])
    plan = ("plan", str(tmp_path / "in"), "--reference", REFERENCE, "--detector", "statistical")
    count = answered(capsys, *plan, "--out", str(tmp_path / "out"))
    assert (count["equipment"], count["units"], count["rows"], count["files"]) == (2, 8, 8640, 8)
    before = answered(capsys, "status", str(tmp_path / "out"))
    assert (before["units"], before["done"], before["waiting"]) == (8, 0, 8)
    record = answered(capsys, "run", count["plan"])
    assert (record["rows"], record["counts"]["score"], record["failed"]) == (8640, {"done": 8}, 0)
    assert answered(capsys, "resume", count["plan"])["counts"]["score"] == {"skipped": 8}
    report = answered(capsys, "report", count["plan"])
    assert report["totals"]["rows"] == 8640
    assert report["totals"]["events"] >= 2
    assert report["models"] == {"own": 2}
    assert report["problems"]


def test_a_model_scores_equipment_that_it_knows_and_is_taken_over_by_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = rows_of("E1", 3)
    sister = rows_of("E2", 3, seed=1)
    sister[["s0", "s1", "s2"]] += [5.0, -2.0, 1.0]
    waferwatch.fit(frame[frame["time"] < "2026-01-06"], detector="statistical").save(tmp_path / "model")
    pd.concat([frame, sister]).to_csv(tmp_path / "both.csv", index=False)
    (tmp_path / "in").mkdir()
    (tmp_path / "both.csv").rename(tmp_path / "in" / "both.csv")
    out = str(tmp_path / "out")
    count = answered(capsys, "plan", str(tmp_path / "in"), "--model", str(tmp_path / "model"), "--out", out)
    assert (count["equipment"], count["files"]) == (2, 1)
    answered(capsys, "run", out)
    report = answered(capsys, "report", out)
    assert report["models"] == {"given": 1, "adopted": 1}
    scores = pd.read_parquet(tmp_path / "out" / "scores").groupby("equipment", observed=True)["score"].median()
    assert scores.max() < 1.0
    fleet = pd.read_parquet(tmp_path / "out" / "fleet" / "equipment.parquet").set_index("equipment")
    assert fleet.loc["E2", "sister"] == "E1"


@pytest.fixture
def few_rows_allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WAFERWATCH_MAX_ROWS", "1000")
    current_settings.cache_clear()
    yield
    current_settings.cache_clear()


@pytest.mark.usefixtures("few_rows_allowed")
def test_a_file_too_large_for_memory_is_refused_with_the_command_that_scores_it_in_units(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.concat([rows_of("E1", 3), rows_of("E2", 3, seed=1)], ignore_index=True)
    model, file, out = str(tmp_path / "model"), str(tmp_path / "large year.parquet"), str(tmp_path / "out")
    waferwatch.fit(frame[frame["time"] < "2026-01-06"], detector="statistical").save(Path(model))
    frame.to_parquet(file)
    frame.iloc[:100].to_parquet(tmp_path / "another.parquet")
    whole = waferwatch.load(Path(model)).detect(frame)
    assert main(["detect", file, "--model", model]) == 2
    said = capsys.readouterr().err
    words = shlex.split(said[said.index("waferwatch scale plan") : said.index("; then: waferwatch scale run FOLDER")])
    assert words == ["waferwatch", "scale", "plan", file, "--model", model, "--out", "FOLDER"]
    count = answered(capsys, *words[2:-1], out)
    assert (count["files"], count["rows"], count["units"]) == (1, len(frame), 8)
    assert answered(capsys, "run", out)["failed"] == 0
    found = pd.read_parquet(tmp_path / "out" / "scores").sort_values(["equipment", "row"])["score"].to_numpy()
    np.testing.assert_allclose(found, whole.scores, atol=1e-4)
    assert main(["detect", file]) == 2
    assert "Split the file into smaller ones" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--reference", "2026-01-05"], "cannot be read"),
        (["--reference", "2026-01-06..2026-01-05"], "no first and last day"),
        (["--reference", REFERENCE, "--by", "lot,day"], "cannot be split by lot, day"),
        (["--reference", REFERENCE, "--contamination", "0.1"], "share of anomalies"),
        (["--reference", REFERENCE, "--time", "s1"], "holds no dates"),
        (["--reference", REFERENCE, "--detector", "nosuch"], "no detector named nosuch"),
        (["--reference", REFERENCE, "--detector", "statistical", "--checkpoint", "x"], "has no weights"),
        (["--reference", REFERENCE, "--checkpoint", "nosuch"], "nosuch"),
        (["--reference", REFERENCE, "--wafers", "0"], "at least 5 are needed"),
        (["--reference", REFERENCE, "--recipe", "nosuch"], "no import recipe nosuch"),
        (["--monitor", "nosuch"], "no monitor nosuch"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(
    options: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fleet(tmp_path / "in", [rows_of("E1", 1)])
    places = ["--out", str(tmp_path / "out"), "--data-dir", str(tmp_path / "data")]
    assert main(["scale", "plan", str(tmp_path / "in"), *options, *places]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--gpus", "0.5"], "take no --gpus"),
        (["--address", "auto"], "take no --address"),
        (["--workers", "-1"], "-1 is too small"),
        (["--engine", "ray", "--threads", "0"], "0 is too small"),
        (["--engine", "ray", "--gpus", "nan"], "nan is too small"),
    ],
)
def test_an_option_of_an_engine_that_cannot_be_used_is_named(
    options: list[str],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    write_fleet(tmp_path / "in", [rows_of("E1", 1)])
    planned(tmp_path / "in", tmp_path / "out")
    assert main(["scale", "run", str(tmp_path / "out"), *options]) == 2
    assert sentence in capsys.readouterr().err


def test_files_are_read_by_a_recipe_and_scored_by_a_monitor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = ["--data-dir", str(tmp_path / "data")], str(tmp_path / "out")
    frame = rows_of("E1", 3)
    frame["time"] = frame["time"].dt.strftime("%m/%d/%Y %H:%M:%S")
    for number, name in enumerate(("golden", "in/late")):
        file = tmp_path / f"{name}.csv"
        file.parent.mkdir(exist_ok=True)
        half = frame.iloc[number * 1440 : (number + 1) * 1440 + number * 1440]
        file.write_text("Report 7\n" + half.replace({"s0": {0.0: -999.0}}).to_csv(index=False, sep=";"))
    golden = str(tmp_path / "golden.csv")
    assert main(["recipes", "save", "tool7", golden, "--month-first", "--no-value=-999", *data]) == 0
    assert main(["fit", "ETCH", golden, "--detector", "statistical", *data]) == 0
    count = answered(
        capsys, "plan", str(tmp_path / "in"), "--monitor", "ETCH", "--recipe", "tool7", "--out", out, *data
    )
    assert (count["rows"], count["equipment"]) == (2880, 1)
    assert answered(capsys, "run", out)["failed"] == 0
    scores = pd.read_parquet(tmp_path / "out" / "scores")
    assert scores["time"].min() >= pd.Timestamp("2026-01-06")
    assert scores["score"].median() < 1.0


def test_a_plan_that_is_not_there_or_damaged_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", "status", str(tmp_path)]) == 2
    assert "no plan" in capsys.readouterr().err
    (tmp_path / "plan.json").write_text('{"format": 1}')
    assert main(["scale", "status", str(tmp_path)]) == 2
    assert "damaged" in capsys.readouterr().err
