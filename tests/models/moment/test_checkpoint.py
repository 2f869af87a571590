from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from waferwatch.errors import InputError, ModelError, NotFoundError, WaferwatchError
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints


@pytest.fixture
def imported(tiny_checkpoint, data_dir) -> Path:
    """The tiny checkpoint as an imported one, free to be spoilt."""
    folder = data_dir / "checkpoints" / "mine"
    shutil.copytree(tiny_checkpoint, folder)
    return folder


@pytest.fixture
def no_embedded(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(checkpoints, "EMBEDDED_FOLDER", tmp_path / "embedded")
    return tmp_path / "embedded"


def change(folder: Path, **values: Any) -> None:
    path = folder / "checkpoint.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_an_imported_checkpoint_is_found_by_its_name(imported):
    found = checkpoints.find("mine")

    assert (found.name, found.folder, found.embedded) == ("mine", imported, False)
    assert found.config.fault_head
    assert found.card == {"made_for": "tests", "windows_seen": 0}
    assert found.graph() == imported / "model.onnx"
    assert found.weights() == imported / "model.safetensors"


def test_without_a_name_the_embedded_one_is_found_the_last_of_several(tiny_checkpoint, no_embedded, data_dir):
    for name in ("waferwatch-1", "waferwatch-2"):
        shutil.copytree(tiny_checkpoint, no_embedded / name)

    found = checkpoints.find()

    assert (found.name, found.embedded) == ("waferwatch-2", True)


def test_the_package_holds_a_checkpoint_whose_hash_is_right(data_dir):
    found = checkpoints.find()

    assert found.embedded
    assert found.graph().is_file()
    assert sum(path.stat().st_size for path in found.folder.iterdir()) < 10_000_000


def test_an_installation_without_a_checkpoint_says_so(no_embedded, data_dir):
    with pytest.raises(ModelError, match="holds no MOMENT checkpoint"):
        checkpoints.find()


def test_an_unknown_name_is_answered_with_the_known_ones(imported):
    with pytest.raises(NotFoundError, match=r"no checkpoint named theirs.*mine"):
        checkpoints.find("theirs")


@pytest.mark.parametrize(
    "name", ["../mine", "/etc", "a/../mine", "..", ".", "", ".mine", "mine/", "mi ne", "마인", "mine\n"]
)
def test_a_name_that_could_be_a_path_is_refused(name, imported):
    with pytest.raises(InputError, match="cannot be the name"):
        checkpoints.find(name)


def test_every_readable_checkpoint_is_available_and_a_damaged_one_is_still_seen(imported, no_embedded):
    shutil.copytree(imported, no_embedded / "ours")
    shutil.copytree(imported, imported.parent / "spoilt")
    (imported.parent / "spoilt" / "checkpoint.json").write_text("{")
    (imported.parent / ".importing").mkdir()
    (imported.parent / "a file").touch()

    assert [found.name for found in checkpoints.available()] == ["ours", "mine"]
    assert [folder.name for folder in checkpoints.folders()] == ["ours", "mine", "spoilt"]


@pytest.mark.parametrize("file", ["model.onnx", "model.safetensors"])
def test_an_exchanged_file_is_refused_by_its_hash(file, imported):
    with (imported / file).open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"\x00\x01\x02\x03")
    found = checkpoints.find("mine")

    with pytest.raises(ModelError, match=f"{file} of the checkpoint mine is damaged or was exchanged"):
        found.graph() if file == "model.onnx" else found.weights()


def test_a_missing_file_is_named(imported):
    (imported / "model.onnx").unlink()

    with pytest.raises(ModelError, match=r"model.onnx of the checkpoint mine cannot be read.*No such file"):
        checkpoints.find("mine").graph()


def test_a_checkpoint_without_torch_weights_says_so(imported):
    change(imported, sha256={"model.onnx": "0" * 64})

    with pytest.raises(ModelError, match=r"holds no model\.safetensors"):
        checkpoints.find("mine").weights()


@pytest.mark.parametrize(
    "values",
    [
        {"format": 2},
        {"format": None},
        {"config": {}},
        {"config": {"d_model": 1}},
        {"config": [1]},
        {"config": None},
        {"sha256": {}},
        {"sha256": {"model.onnx": "short"}},
        {"sha256": {"model.onnx": 5}},
        {"sha256": "x"},
        {"parameters": "many"},
        {"card": 3},
    ],
)
def test_a_description_that_was_changed_is_refused(values, imported):
    change(imported, **values)

    with pytest.raises(ModelError, match=r"checkpoint\.json|MOMENT network cannot have"):
        checkpoints.find("mine")


@pytest.mark.parametrize("content", [b"", b"[]", b"3", b"\xff\xfe", b'{"format": 1}', b"{" * 100_000])
def test_a_description_that_is_no_description_is_refused(content, imported):
    (imported / "checkpoint.json").write_bytes(content)

    with pytest.raises(ModelError, match=r"checkpoint\.json"):
        checkpoints.find("mine")


def test_a_folder_without_a_description_is_refused(imported):
    (imported / "checkpoint.json").unlink()

    with pytest.raises(ModelError, match="No such file"):
        checkpoints.find("mine")


def test_what_is_written_is_read_back(imported):
    found = checkpoints.find("mine")
    (imported / "checkpoint.json").unlink()

    checkpoints.write(found)

    assert checkpoints.find("mine") == found


def test_every_refusal_is_a_sentence_with_a_remedy(imported):
    (imported / "model.onnx").unlink()

    with pytest.raises(WaferwatchError) as failure:
        checkpoints.find("mine").graph()

    assert "waferwatch models import" in failure.value.hint()
