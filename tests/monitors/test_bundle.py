"""A monitor as one file: read back as it was, or refused with a sentence."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.monitors.made import chamber, everywhere, learnt, stream, table
from waferwatch.errors import InputError, ModelError, WaferwatchError
from waferwatch.models.registry import detector_names
from waferwatch.monitors import bundle as bundles
from waferwatch.monitors.bundle import read_bundle, write_bundle
from waferwatch.monitors.golden.golden_set import choose
from waferwatch.monitors.learn import learn
from waferwatch.monitors.rebase.relearn import rebase

# Numba takes longer than all the others; the baselines that read steps are stored alike.
LEFT_OUT = ("matrix_profile", "isolation_forest_steps", "moving_variance_steps", "squared_difference_steps")
NAMES = [name for name in detector_names() if name not in LEFT_OUT]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "etch.waferwatch"
    write_bundle(path, learnt().model, learnt().about() | {"name": "etch", "version": 3})
    return path


def files_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def rewritten(path: Path, target: Path, changes: dict[str, bytes], *, hashes: bool = True) -> Path:
    """With some of the files changed, and, as one who means harm would, with hashes that fit."""
    files = files_of(path) | changes
    if hashes and "manifest.json" not in changes:
        manifest: dict[str, Any] = json.loads(files["manifest.json"])
        manifest["files"] = {
            name: hashlib.sha256(one).hexdigest() for name, one in files.items() if name != "manifest.json"
        }
        files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, one in files.items():
            bundle.writestr(name, one)
    return target


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_the_same_after_a_round_trip_with_every_detector(name: str, tmp_path: Path) -> None:
    model = learn(choose(table(stream(700))), detector=name).model
    write_bundle(tmp_path / "one", model, {"name": name})
    again, about = read_bundle(tmp_path / "one")
    later = stream(300, 1, start="2026-03-02")
    np.testing.assert_array_equal(again.detect(later).scores, model.detect(later).scores)
    assert (again.digest, about) == (model.digest, {"name": name})


def test_a_rebased_model_and_its_description_come_back(tmp_path: Path) -> None:
    frame = chamber(30, 5, start="2026-03-02", lot="M", changes={"pressure": everywhere(0.25)})
    model = rebase(learnt().model, table(frame)).model
    write_bundle(tmp_path / "one", model, learnt().about())
    again, about = read_bundle(tmp_path / "one")
    np.testing.assert_array_equal(again.detect(frame).scores, model.detect(frame).scores)
    assert about == learnt().about()


def test_the_same_content_gives_the_same_description_and_hashes(written: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "one", learnt().model, learnt().about() | {"name": "etch", "version": 3})
    first, second = files_of(written), files_of(tmp_path / "one")
    assert first["about.json"] == second["about.json"]
    assert json.loads(first["manifest.json"])["format"] == 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_damaged_byte_is_refused_or_says_nothing(written: Path, tmp_path: Path, place: float, bit: int) -> None:
    content = bytearray(written.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    (tmp_path / "damaged").write_bytes(content)
    try:
        model, _ = read_bundle(tmp_path / "damaged")
    except WaferwatchError:
        return
    assert model.digest == learnt().model.digest  # a date or a flag of the zip that is not used


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.999))
def test_a_file_that_was_cut_off_is_refused(written: Path, tmp_path: Path, share: float) -> None:
    content = written.read_bytes()
    (tmp_path / "cut").write_bytes(content[: int(share * len(content))])
    with pytest.raises(WaferwatchError):
        read_bundle(tmp_path / "cut")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "model.json", "more.txt"])
def test_a_file_of_another_name_is_refused(written: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "bad").write_bytes(written.read_bytes())
    with zipfile.ZipFile(tmp_path / "bad", "a") as bundle:
        bundle.writestr(name, b"{}")
    with pytest.raises(ModelError, match="exactly what one holds"):
        read_bundle(tmp_path / "bad")
    assert not (tmp_path.parent / "evil").exists()


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bundles.LARGEST, "about.json", 1000)
    bomb = rewritten(written, tmp_path / "bomb", {"about.json": b'{"a": "' + b" " * 1000 + b'"}'})
    with pytest.raises(ModelError, match=r"about\.json in it is larger"):
        read_bundle(bomb)


def test_arrays_that_unpack_to_too_much_are_refused(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "LARGEST_ARRAYS", 1000)
    with pytest.raises(ModelError, match=r"arrays\.npz in it is larger"):
        read_bundle(rewritten(written, tmp_path / "bomb", {}))


def test_an_array_that_claims_more_than_it_holds_is_refused(written: Path, tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    arrays = io.BytesIO()
    with zipfile.ZipFile(arrays, "w") as packed:
        packed.writestr("a0.npy", header.getvalue() + bytes(80))
    with pytest.raises(ModelError, match=r"arrays\.npz in it cannot be read"):
        read_bundle(rewritten(written, tmp_path / "bad", {"arrays.npz": arrays.getvalue()}))


def header_of(said: str) -> bytes:
    """An array whose header says this."""
    text = said.encode() + b" " * (-(len(said) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(80)


@pytest.mark.parametrize(
    "said",
    [
        "{'descr': '<f8', 'shape': (((",
        "-" * 9000 + "1",
        # Multiplied in 64 bits this is 16 GiB.
        f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**29 - 2**62}, 4), }}",
    ],
)
def test_an_array_with_a_header_that_is_none_is_refused(written: Path, tmp_path: Path, said: str) -> None:
    arrays = io.BytesIO()
    with zipfile.ZipFile(arrays, "w") as packed:
        packed.writestr("a0.npy", header_of(said))
    with pytest.raises(ModelError, match=r"arrays\.npz in it cannot be read"):
        read_bundle(rewritten(written, tmp_path / "bad", {"arrays.npz": arrays.getvalue()}))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_broken_stream_of_another_compression_is_refused(written: Path, tmp_path: Path, method: int) -> None:
    arrays = io.BytesIO()
    with zipfile.ZipFile(arrays, "w", method) as packed:
        packed.writestr("a0.npy", bytes(500))
    broken = bytearray(arrays.getvalue())
    broken[46:60] = b"\xff" * 14  # behind the header of the entry and what LZMA says of itself
    with pytest.raises(ModelError, match=r"arrays\.npz in it cannot be read"):
        read_bundle(rewritten(written, tmp_path / "bad", {"arrays.npz": bytes(broken)}))


@pytest.mark.parametrize("change", [{"fitted": 5}, {"layout": []}, {"digest": "none"}, {"notes": 1}])
def test_a_model_with_a_part_of_another_kind_is_refused(
    written: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    said = json.loads(files_of(written)["model.json"]) | change
    said = {name: value for name, value in said.items() if name != "checksum" and value != "none"}
    said["checksum"] = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    bad = rewritten(written, tmp_path / "bad", {"model.json": json.dumps(said).encode()})
    with pytest.raises(ModelError, match="damaged"):
        read_bundle(bad)


def test_pickled_arrays_are_refused(written: Path, tmp_path: Path) -> None:
    arrays = io.BytesIO()
    np.savez(arrays, a0=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(ModelError, match=r"arrays\.npz in it cannot be read"):
        read_bundle(rewritten(written, tmp_path / "bad", {"arrays.npz": arrays.getvalue()}))


def test_what_is_pickled_as_a_whole_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pickle").write_bytes(pickle.dumps({"name": "etch"}))
    with pytest.raises(ModelError, match="not an exported monitor"):
        read_bundle(tmp_path / "pickle")


def test_content_that_was_changed_without_its_hash_is_refused(written: Path, tmp_path: Path) -> None:
    bad = rewritten(written, tmp_path / "bad", {"about.json": b"{}"}, hashes=False)
    with pytest.raises(ModelError, match="not what was exported"):
        read_bundle(bad)


def test_a_model_that_was_changed_with_its_hash_is_refused_by_its_own(written: Path, tmp_path: Path) -> None:
    said = json.loads(files_of(written)["model.json"])
    said["fitted"]["threshold"] = 1e9
    bad = rewritten(written, tmp_path / "bad", {"model.json": json.dumps(said).encode()})
    with pytest.raises(ModelError, match="damaged"):
        read_bundle(bad)


def test_a_later_format_is_refused_with_what_to_do(written: Path, tmp_path: Path) -> None:
    manifest = json.loads(files_of(written)["manifest.json"]) | {"format": 2}
    bad = rewritten(written, tmp_path / "bad", {"manifest.json": json.dumps(manifest).encode()})
    with pytest.raises(ModelError, match="update waferwatch"):
        read_bundle(bad)


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_manifest_that_is_none_is_refused(written: Path, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelError):
        read_bundle(rewritten(written, tmp_path / "bad", {"manifest.json": content}))


def test_a_file_that_is_not_there_and_a_place_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        read_bundle(tmp_path / "nowhere")
    with pytest.raises(InputError, match="missing"):
        write_bundle(tmp_path / "missing" / "one", learnt().model, {})


@pytest.mark.parametrize("path", [".", "/", "/tmp/.."])
def test_a_place_that_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="could not be written"):
        write_bundle(path, learnt().model, {})
