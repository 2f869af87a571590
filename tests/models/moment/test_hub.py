from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("huggingface_hub")

from safetensors.torch import load_file, save_file  # noqa: E402

from waferwatch.errors import InputError, MissingExtraError, ModelError, NotFoundError  # noqa: E402
from waferwatch.models.moment.checkpoints import adding, export, hub  # noqa: E402
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints  # noqa: E402
from waferwatch.models.moment.runners.engine import Engine  # noqa: E402

pytestmark = pytest.mark.torch
ID = "AutonLab/MOMENT-1-tiny"
KEPT = ("checkpoint.json", "model.onnx", "model.safetensors", "tokens.onnx")


def run_import(source: object, **options: object) -> checkpoints.Checkpoint:
    return hub.import_checkpoint(str(source), report=lambda _: None, **options)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def official(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("config.json", "model.safetensors")}


def large(tmp_path: Path, tiny_moment: Path) -> dict[str, bytes]:
    """The tiny checkpoint with a word table that makes it 32 MB: the hub's client writes in pieces of 10."""
    weights = load_file(tiny_moment / "model.safetensors")
    weights["encoder.embed_tokens.weight"] = torch.zeros(500_000, 16)
    save_file(weights, tmp_path / "large.safetensors")
    return official(tiny_moment) | {"model.safetensors": (tmp_path / "large.safetensors").read_bytes()}


def test_a_folder_is_imported_and_answers_as_momentfm_does(tiny_moment, data_dir):
    made = run_import(tiny_moment, name="tiny")

    assert made.name == "tiny"
    assert made.source == str(tiny_moment)
    assert not made.embedded
    assert checkpoints.find("tiny") == made
    expected = np.load(tiny_moment / "expected.npz")
    first = expected["x"][:1]  # plain: nothing padded, nothing hidden
    mean, spread = first.mean(), first.std() + 1e-5
    ones = np.ones((1, 64), np.float32)
    got = Engine(made, "cpu").run((first - mean) / spread, ones, ones)["restored"] * spread + mean
    np.testing.assert_allclose(got, expected["restored"][:1], atol=1e-4 * expected["restored"][0].std())


def test_the_name_is_the_last_part_of_the_folder_and_nothing_else_is_left(tiny_moment, data_dir):
    run_import(f"{tiny_moment}/")

    files = [name for name in files_below(data_dir) if not name.endswith(".lock")]
    assert files == [f"checkpoints/tiny_moment/{name}" for name in KEPT]


def test_a_hub_id_is_downloaded_and_imported_with_its_revision(hub, tiny_moment, data_dir):
    hub.repositories[ID] = official(tiny_moment) | {"README.md": b"not needed", "pytorch_model.bin": b"not wanted"}

    made = run_import(ID)

    assert made.name == "MOMENT-1-tiny"
    assert made.source == f"{ID}@c0ffee{'0' * 34}"
    assert {name for name in files_below(data_dir) if "lock" not in name} == {
        f"checkpoints/MOMENT-1-tiny/{name}" for name in KEPT
    }
    fetched = {path.rsplit("/", 1)[-1] for method, path, _ in hub.requests if "/resolve/" in path}
    assert fetched == {"config.json", "model.safetensors"}


def test_a_broken_connection_is_taken_up_where_it_broke_off(hub, tiny_moment, tmp_path, data_dir):
    hub.repositories[ID] = large(tmp_path, tiny_moment)
    hub.break_once_after = 22 << 20

    assert run_import(ID).name == "MOMENT-1-tiny"

    wanted = [wanted for method, path, wanted in hub.requests if method == "GET" and path.endswith(".safetensors")]
    assert len(wanted) == 2
    assert int(wanted[1].removeprefix("bytes=").rstrip("-")) >= 10 << 20  # the client writes in pieces of 10 MiB


def test_a_connection_that_stays_dead_leaves_nothing_and_the_next_attempt_completes(
    hub, tiny_moment, tmp_path, data_dir, monkeypatch
):
    hub.repositories[ID] = large(tmp_path, tiny_moment)
    hub.die_after = 12 << 20
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)

    with pytest.raises(ModelError, match="could not be downloaded") as failure:
        run_import(ID)

    assert "waferwatch models import FOLDER" in failure.value.hint()
    assert not list(data_dir.rglob("*.safetensors")) + list(data_dir.rglob("*.incomplete"))
    assert not [folder for folder in checkpoints.folders() if folder.is_relative_to(data_dir)]
    hub.die_after, hub.is_dead = None, False
    assert run_import(ID).name == "MOMENT-1-tiny"


def test_a_damaged_download_is_fetched_again_by_the_next_attempt(hub, tiny_moment, data_dir):
    hub.repositories[ID] = official(tiny_moment) | {"model.safetensors": b"damaged"}
    with pytest.raises(ModelError, match="truncated or damaged"):
        run_import(ID)

    hub.repositories[ID] = official(tiny_moment)
    assert run_import(ID).name == "MOMENT-1-tiny"


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (404, NotFoundError, "has no checkpoint AutonLab/MOMENT-1-tiny"),
        (401, NotFoundError, "set HF_TOKEN"),
        (403, ModelError, "granted access"),
        (418, ModelError, "could not be downloaded"),
    ],
)
def test_each_answer_of_the_hub_has_its_sentence(hub, status, kind, sentence):
    hub.answer = status

    with pytest.raises(kind, match=sentence):
        run_import(ID)


def test_without_a_network_the_way_by_hand_is_reported(data_dir, monkeypatch):
    monkeypatch.setenv("WAFERWATCH_HUB_ENDPOINT", "http://127.0.0.1:9")

    with pytest.raises(ModelError, match="could not be downloaded") as failure:
        run_import(ID)

    assert "copy both in one folder" in failure.value.hint()


def test_pickled_weights_are_refused_before_anything_is_downloaded(hub):
    hub.repositories[ID] = {"config.json": b"{}", "pytorch_model.bin": b"pickled"}

    with pytest.raises(ModelError, match="pickled file can run code"):
        run_import(ID)

    assert not [path for _, path, _ in hub.requests if "/resolve/" in path]


@pytest.mark.parametrize("source", ["MOMENT-1-small", "./nowhere", "/nowhere/at/all", "a/b/c", "", "a b/c"])
def test_what_is_neither_a_folder_nor_an_id_is_refused(source, data_dir):
    with pytest.raises((NotFoundError, InputError)):
        run_import(source, name="x")


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "/tmp/x", "x" * 101, "a\\b", "x."])
def test_a_name_that_is_a_path_is_refused(name, tiny_moment, data_dir):
    with pytest.raises(InputError, match="cannot be the name"):
        run_import(tiny_moment, name=name)

    assert [name for name in files_below(data_dir) if not name.endswith(".lock")] == []


def test_a_taken_name_is_refused_unless_it_may_be_replaced(tiny_moment, data_dir):
    first = run_import(tiny_moment, name="x")
    (first.folder / "old").touch()

    with pytest.raises(InputError, match=r"already a checkpoint named x.*--replace"):
        run_import(tiny_moment, name="x")
    assert (first.folder / "old").exists()

    assert run_import(tiny_moment, name="x", replace=True) == first
    assert not (first.folder / "old").exists()


def test_the_name_of_an_embedded_checkpoint_cannot_be_taken(tiny_moment, data_dir, tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    monkeypatch.setattr(adding, "EMBEDDED_FOLDER", tmp_path)

    with pytest.raises(InputError, match="comes with waferwatch"):
        run_import(tiny_moment, name="own", replace=True)


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_stopped_conversion_leaves_nothing_and_the_old_checkpoint_stays(failure, tiny_moment, data_dir, monkeypatch):
    old = run_import(tiny_moment, name="x")

    def stop(*_: object) -> None:
        raise failure

    monkeypatch.setattr(export, "check_parity", stop)
    expected = ModelError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(expected, match="full" if isinstance(failure, OSError) else None):
        run_import(tiny_moment, name="x", replace=True)

    assert {name.split("/")[1] for name in files_below(data_dir)} == {"x", ".import.lock"}
    assert checkpoints.find("x") == old


def test_what_a_killed_import_left_is_swept_away_by_the_next(tiny_moment, data_dir):
    remains = data_dir / "checkpoints" / ".importing" / "x"
    remains.mkdir(parents=True)
    (remains / "model.onnx").touch()

    run_import(tiny_moment, name="y")

    assert not remains.parent.exists()
    assert [folder.name for folder in checkpoints.folders() if folder.parent == data_dir / "checkpoints"] == ["y"]


def test_two_imports_at_the_same_time_are_refused(tiny_moment, data_dir):
    from filelock import FileLock

    (data_dir / "checkpoints").mkdir(parents=True)
    with FileLock(data_dir / "checkpoints" / ".import.lock"), pytest.raises(InputError, match="Another checkpoint"):
        run_import(tiny_moment)


def test_without_torch_the_install_line_is_reported(tiny_moment, data_dir, monkeypatch):
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda name: None if name == "torch" else object())

    with pytest.raises(MissingExtraError, match="add-torch"):
        run_import(tiny_moment)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_that_cannot_be_written_is_reported(tiny_moment, data_dir):
    data_dir.mkdir(mode=0o500)

    with pytest.raises(ModelError, match="WAFERWATCH_DATA_DIR"):
        run_import(tiny_moment)


def test_a_file_in_the_way_of_the_data_directory_is_reported(tiny_moment, data_dir):
    data_dir.touch()

    with pytest.raises(ModelError, match="WAFERWATCH_DATA_DIR"):
        run_import(tiny_moment)


def test_ctrl_c_during_a_download_ends_it_at_once_and_the_next_attempt_completes(hub, tiny_moment, tmp_path, data_dir):
    hub.repositories[ID] = large(tmp_path, tiny_moment)
    hub.pause_s = 600.0  # longer than the test waits: the download cannot end by itself
    # A parent that ignores SIGINT, as nohup does, would hand that on.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from waferwatch.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "models", "import", ID]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not any(path.endswith("model.safetensors") for method, path, _ in hub.requests if method == "GET"):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 130, told
    assert not (data_dir / "checkpoints" / "MOMENT-1-tiny").exists()

    hub.pause_s = 0.0
    assert run_import(ID).name == "MOMENT-1-tiny"
    shutil.rmtree(data_dir)
