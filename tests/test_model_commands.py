from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from waferwatch.cli import main
from waferwatch.settings import current_settings

TESTS = Path(__file__).parent


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
