from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from waferwatch.cli import main
from waferwatch.read.virtual_fab.generate import generate
from waferwatch.settings import current_settings

TESTS = Path(__file__).parents[1]


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """The tiny checkpoint as an imported one named mine."""
    monkeypatch.setenv("WAFERWATCH_DATA_DIR", str(tmp_path))
    current_settings.cache_clear()
    shutil.copytree(TESTS / "tiny_checkpoint", tmp_path / "checkpoints" / "mine")
    yield tmp_path / "checkpoints" / "mine"
    current_settings.cache_clear()


def test_the_list_shows_the_embedded_and_the_imported_ones(imported, capsys):
    assert main(["models", "list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "comes with waferwatch" in lines[1]
    assert lines[-1].split() == ["mine", lines[-1].split()[1], lines[-1].split()[2], "tests/make_tiny_moment.py"]


def test_a_damaged_one_is_listed_with_what_is_wrong_with_it(imported, capsys):
    (imported / "checkpoint.json").write_text("{")

    assert main(["models", "list"]) == 0

    assert "damaged" in capsys.readouterr().out.splitlines()[-1]


def test_info_checks_the_files_and_shows_the_card(imported, capsys):
    assert main(["models", "info", "mine"]) == 0

    said = capsys.readouterr().out
    assert "(checked)" in said
    assert '"made_for": "tests"' in said


def test_info_of_an_exchanged_file_is_a_sentence_and_exit_code_2(imported, capsys):
    (imported / "model.onnx").write_bytes(b"other")

    assert main(["models", "info", "mine"]) == 2

    said = capsys.readouterr()
    assert "damaged or was exchanged" in said.err
    assert said.out == ""


@pytest.mark.parametrize("name", ["unknown", "../mine", "/etc"])
def test_info_of_an_unknown_name_is_a_sentence_and_exit_code_2(name, imported, capsys):
    assert main(["models", "info", name]) == 2
    assert capsys.readouterr().err.startswith("waferwatch: ")


@pytest.mark.torch
def test_a_folder_is_imported_and_then_listed(imported, capsys):
    pytest.importorskip("torch")

    assert main(["models", "import", str(TESTS / "tiny_moment"), "--name", "theirs"]) == 0
    assert "--checkpoint theirs" in capsys.readouterr().err
    assert main(["models", "list"]) == 0
    assert "theirs" in capsys.readouterr().out


@pytest.mark.torch
def test_an_import_of_nothing_is_a_sentence_and_exit_code_2(imported, capsys):
    pytest.importorskip("torch")

    assert main(["models", "import", "no such place"]) == 2
    assert "neither a folder nor a hub id" in capsys.readouterr().err


@pytest.fixture
def good(tmp_path):
    """A file of the virtual fab without faults."""
    generate(4000, equipment=2, seed=0, faults=False).to_csv(tmp_path / "good.csv", index=False)
    return str(tmp_path / "good.csv")


@pytest.fixture
def larger_steps(imported, monkeypatch):
    """Steps that move the tiny network far at once, so that a few seconds of them are enough."""
    pytest.importorskip("torch")
    from waferwatch.models.moment.checkpoints import tuning

    monkeypatch.setattr(tuning, "LEARNING_RATE", 3e-3)
    monkeypatch.setattr(tuning, "WARM_UP", 5)
    monkeypatch.setattr(tuning, "HELD_WINDOWS", 32)
    monkeypatch.setattr(tuning, "JUDGED_EVERY", 10)
    monkeypatch.setattr(tuning, "PATIENCE", 2)
    monkeypatch.setattr(tuning, "AT_ONCE", 8)


TUNE = ["models", "tune", "tuned"]


@pytest.mark.torch
def test_a_tuned_checkpoint_is_announced_listed_and_detects_the_same_each_time(good, larger_steps, capsys):
    rows = ["--reference-rows", "1500", "--features", "pressure_mTorr,rf_forward_W", "--group", "equipment"]

    assert main([*TUNE, good, good, "--from", "mine", "--minutes", "0.1", *rows, "--json"]) == 0

    said = capsys.readouterr()
    document = json.loads(said.out.splitlines()[-1])
    assert document["stored"]
    assert document["from"] == "mine"
    assert document["error_after"] < document["error_before"]
    assert "before" in said.err
    assert "--checkpoint tuned" in said.err
    assert main(["models", "list"]) == 0
    assert "tuned from mine" in capsys.readouterr().out
    found = []
    for _ in range(2):
        assert main(["detect", good, "--detector", "moment_only", "--checkpoint", "tuned", *rows, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out.splitlines()[-1]))
    assert [one["model_sha256"] for one in found] == [document["sha256"]] * 2
    assert found[0]["threshold"] == found[1]["threshold"]


@pytest.mark.torch
def test_a_tuning_that_is_not_better_is_reported_stores_nothing_and_is_no_failure(
    good, larger_steps, capsys, monkeypatch
):
    from waferwatch.models.moment.checkpoints import tuning

    monkeypatch.setattr(tuning, "LEARNING_RATE", 0.0)

    assert main([*TUNE, good, "--from", "mine", "--json"]) == 0

    said = capsys.readouterr()
    assert "not at least 1 % lower, so tuned was not stored. Use mine" in said.err
    assert json.loads(said.out)["stored"] is False
    assert main(["models", "info", "tuned"]) == 2


@pytest.mark.torch
def test_ctrl_c_while_tuning_ends_it_and_leaves_nothing(good, larger_steps, imported, capsys, monkeypatch):
    from waferwatch.models.moment.checkpoints import tuning

    monkeypatch.setattr(tuning, "hide", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))

    assert main([*TUNE, good, "--from", "mine"]) == 130

    assert [path.name for path in imported.parent.iterdir()] == ["mine"]


@pytest.mark.torch
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--features", "nothing"], "nothing"),
        (["--reference-rows", "0"], "must be 1 or more"),
        (["--reference-rows", "30"], "too few known-normal rows"),
        (["--minutes", "0"], "--minutes: A tuning cannot last"),
        (["--seed", "-1"], "--seed: "),
        (["--from", "nowhere"], "no checkpoint named nowhere"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_tuned_is_a_sentence_and_exit_code_2(words, sentence, good, larger_steps, capsys):
    assert main([*TUNE, good, *words]) == 2

    said = capsys.readouterr()
    assert said.err.startswith("waferwatch: ")
    assert sentence in said.err
    assert said.out == ""


@pytest.mark.torch
def test_a_taken_name_and_a_missing_file_are_reported_before_any_training(good, larger_steps, capsys):
    assert main(["models", "tune", "mine", good]) == 2
    assert capsys.readouterr().err.startswith("waferwatch: There is already a checkpoint named mine")
    assert main([*TUNE, "no such file.csv"]) == 2
    assert "no such file.csv" in capsys.readouterr().err


def test_tuning_without_torch_is_a_sentence_with_the_remedy(good, imported, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert main([*TUNE, good]) == 2
    assert "add-torch" in capsys.readouterr().err
