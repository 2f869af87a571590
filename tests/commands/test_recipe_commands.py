"""``waferwatch recipes`` and ``--recipe``, on files and on recipes of a data folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from waferwatch.cli import main

QUICK = ("--detector", "pca", "--json")


def trace(folder: Path, name: str) -> str:
    path = folder / name
    rows = "".join(f"0{1 + at // 150}/03/2026 08:{at % 60:02d}:00;{at * 7 % 11},5;{at % 5}\n" for at in range(300))
    path.write_text(f"report\n일시;압력;온도\n{rows}", encoding="cp949")
    return str(path)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAFERWATCH_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(list(arguments)) == 0, capsys.readouterr().err
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 2
    return capsys.readouterr().err


def used(found: dict[str, Any]) -> list[str]:
    return [one["sentence"] for one in found["findings"] if one["code"] == "recipe_used"]


def test_a_saved_recipe_is_used_by_later_files_of_the_form(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    march, april = trace(tmp_path, "march.csv"), trace(tmp_path, "april.csv")
    found = document(capsys, "detect", march, *QUICK, "--day-first")
    assert not data_dir.exists()  # asking for recipes makes no folder
    saved = document(capsys, "recipes", "save", "etch", march, "--day-first", "--role", "온도=context", "--json")
    assert saved["options"] == {"roles": {"온도": "context"}, "date_order": "day-first"}
    found = document(capsys, "detect", april, *QUICK)
    assert "since it has its form; --recipe none reads it without" in used(found)[0]
    assert found["features"] == ["압력"]
    without = document(capsys, "detect", april, *QUICK, "--recipe", "none", "--day-first")
    assert used(without) == []
    assert without["features"] == ["압력", "온도"]
    over = document(capsys, "detect", april, *QUICK, "--role", "온도=sensor")
    assert used(over)
    assert over["features"] == ["압력", "온도"]


def test_a_recipe_is_listed_shown_exported_imported_and_deleted(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    march, file = trace(tmp_path, "march.csv"), str(tmp_path / "etch.json")
    assert main(["recipes", "save", "식각", march, "--day-first"]) == 0
    shown = document(capsys, "recipes", "show", "식각", "--json")
    assert document(capsys, "recipes", "list", "--json") == {"recipes": [shown]}
    assert "already" in refusal(capsys, "recipes", "save", "식각", march)
    assert main(["recipes", "save", "식각", march, "--replace"]) == 0
    assert main(["recipes", "export", "식각", file]) == 0
    assert main(["recipes", "delete", "식각"]) == 0
    assert "There is no import recipe 식각" in refusal(capsys, "recipes", "delete", "식각")
    assert "There is no import recipe 식각" in refusal(capsys, "detect", march, "--recipe", "식각")
    assert used(document(capsys, "detect", march, *QUICK, "--recipe", file))
    assert document(capsys, "recipes", "import", file, "--json")["name"] == "식각"
    assert [path.suffix for path in (data_dir / "recipes").iterdir()] == [".json"]


def test_a_file_that_its_options_do_not_read_makes_no_recipe(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    march = trace(tmp_path, "march.csv")
    assert "no column nothing" in refusal(capsys, "recipes", "save", "etch", march, "--time", "nothing")
    assert document(capsys, "recipes", "list", "--json") == {"recipes": []}


@pytest.mark.parametrize(
    "command", [["compare", "--label", "bad", "--detectors", "pca"], ["before-after", "--at", "x"]]
)
def test_every_command_that_reads_files_takes_a_recipe(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    name, *rest = command
    said = refusal(capsys, name, trace(tmp_path, "march.csv"), *rest, "--recipe", "nothing")
    assert "--recipe: There is no import recipe nothing." in said


def test_a_folder_model_is_learnt_and_used_by_a_recipe(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    march, april, model = trace(tmp_path, "march.csv"), trace(tmp_path, "april.csv"), str(tmp_path / "model")
    assert main(["recipes", "save", "etch", march, "--day-first"]) == 0
    assert main(["fit", "--folder", model, march, "--detector", "pca", "--recipe", "etch"]) == 0
    capsys.readouterr()
    assert used(document(capsys, "detect", april, "--model", model, "--json"))
