"""A model on disk: read back as it was, or refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import waferwatch
from tests.models.frames import stream
from waferwatch.errors import InputError, ModelError
from waferwatch.scoring.model import Model, _checksum


@pytest.fixture(scope="module")
def model() -> Model:
    return waferwatch.fit(stream(1500, 3), detector="statistical")


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_a_model_of_0_5_0_opens_and_scores_as_it_did() -> None:
    folder = Path(__file__).parent / "model_of_0_5_0"
    frame = waferwatch.generate(rows=3200, equipment=1, seed=3)
    model = waferwatch.load(folder)
    assert model.digest == json.loads((folder / "model.json").read_text("utf-8"))["digest"]
    found = model.detect(frame[["timestamp", "equipment", "lot", "wafer", "recipe", "step", "pressure_mTorr"]])
    np.testing.assert_allclose(found.scores, np.load(folder / "scores.npy"), atol=1e-4)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.7, 0.98])
@pytest.mark.parametrize("name", ["arrays.npz", "model.json"])
def test_one_damaged_byte_is_refused(folder: Path, name: str, share: float) -> None:
    content = bytearray((folder / name).read_bytes())
    place = int(share * len(content))
    if name == "model.json":  # blanks between values say nothing
        place = next(at for at in range(place, len(content)) if chr(content[at]).isalnum())
    content[place] ^= 0x01
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError):
        waferwatch.load(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"format": 1}', b'{"format": 99}', b"\xff\xfe"])
def test_a_description_that_is_none_is_refused(folder: Path, content: bytes) -> None:
    (folder / "model.json").write_bytes(content)
    with pytest.raises(ModelError):
        waferwatch.load(folder)


def test_arrays_that_are_pickled_are_not_read(folder: Path) -> None:
    with np.load(folder / "arrays.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    first = next(iter(arrays))
    np.savez(folder / "arrays.npz", **arrays | {first: np.array([{"an": "object"}], dtype=object)})
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    about["arrays"] = hashlib.sha256((folder / "arrays.npz").read_bytes()).hexdigest()
    about["checksum"] = _checksum(about)
    (folder / "model.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(ModelError, match="ValueError"):
        waferwatch.load(folder)


def test_a_class_that_was_never_learnt_is_not_made(folder: Path) -> None:
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    about["fitted"]["type"] = "Popen"
    about["checksum"] = _checksum(about)
    (folder / "model.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(ModelError, match="Popen"):
        waferwatch.load(folder)


def test_a_folder_that_is_not_there_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        waferwatch.load(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_written_is_named(model: Model, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="could not be written"):
        model.save(tmp_path / "file" / "model")


def test_another_checkpoint_of_the_same_name_is_refused(tmp_path: Path) -> None:
    waferwatch.fit(stream(600, 1), detector="moment").save(tmp_path / "model")
    about = json.loads((tmp_path / "model" / "model.json").read_text(encoding="utf-8"))
    about["info"][1] = "0" * 64
    about["checksum"] = _checksum(about)
    path = tmp_path / "model" / "model.json"
    path.write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(ModelError, match="damaged"):  # the hash is part of the digest
        waferwatch.load(tmp_path / "model")


def test_a_model_of_another_checkpoint_says_so_when_it_is_used() -> None:
    model = waferwatch.fit(stream(600, 1), detector="moment")
    other = replace(model, info=replace(model.info, sha256="0" * 64))
    with pytest.raises(ModelError, match="another one"):
        other.detect(stream(600, 1))


def test_equal_models_have_equal_digests_and_others_do_not(model: Model) -> None:
    assert waferwatch.fit(stream(1500, 3), detector="statistical").digest == model.digest
    assert waferwatch.fit(stream(1400, 3), detector="statistical").digest != model.digest


def test_a_frame_without_a_sensor_of_the_model_is_refused(model: Model) -> None:
    with pytest.raises((InputError, waferwatch.errors.NotFoundError), match="s2"):
        model.detect(stream(100, 2))


def test_sensors_are_found_by_name_in_any_order(model: Model) -> None:
    frame = stream(800, 3, seed=4)
    expected = model.detect(frame)
    found = model.detect(frame[["s2", "t", "s0", "s1"]].assign(another=1.0))
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert found.features == expected.features


def test_runs_that_are_unlike_the_others_are_named_and_known_after_loading(tmp_path: Path) -> None:
    normal = waferwatch.generate(rows=5000, equipment=1, seed=3, faults=False).drop(columns=["anomaly", "fault_kind"])
    lot, wafer = normal["lot"].iloc[700], normal["wafer"].iloc[700]
    sensor = next(iter(normal.select_dtypes("floating")))
    faulty = normal.copy()
    faulty.loc[(normal["lot"] == lot) & (normal["wafer"] == wafer), sensor] *= 1.5
    model = waferwatch.fit(faulty, detector="statistical")
    model.save(tmp_path / "model")
    notes = [str(note) for note in waferwatch.load(tmp_path / "model").notes]
    assert any(f"{lot} {wafer}" in note and "unlike the others" in note for note in notes)
    clean = [str(note) for note in waferwatch.fit(normal, detector="statistical").notes]
    assert not any(f"{lot} {wafer}" in note for note in clean)
