from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from importlib.metadata import version

import numpy as np
import pytest

from waferwatch.errors import InputError, ModelError
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.runners import engine as engines
from waferwatch.models.moment.runners.engine import Engine
from waferwatch.models.moment.runners.onnx_runner import CPU_WINDOWS


@pytest.fixture
def checkpoint(tiny_checkpoint) -> checkpoints.Checkpoint:
    return checkpoints.read(tiny_checkpoint)


@pytest.fixture
def engine(checkpoint) -> Engine:
    return Engine(checkpoint, "cpu", threads=1)


@pytest.fixture
def expected(tiny_checkpoint) -> dict[str, np.ndarray]:
    return dict(np.load(tiny_checkpoint / "expected.npz"))


def windows(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((count, 512)).astype(np.float32)
    observed, visible = ((rng.random((count, 64)) > share).astype(np.float32) for share in (0.1, 0.3))
    return x, observed, visible


def test_every_output_is_that_of_torch(engine, expected):
    found = engine.run(expected["x"], expected["observed"], expected["visible"], engine.outputs)

    assert set(found) == {"restored", "fault_logit", "tokens"}
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], atol=1e-4)
        assert array.dtype == np.float32


def test_the_device_names_the_runtime_that_runs(engine):
    assert engine.device.startswith("cpu (ONNX Runtime ")


def test_many_windows_give_what_each_gives_alone(engine):
    x, observed, visible = windows(2 * CPU_WINDOWS + 3)

    together = engine.run(x, observed, visible)["restored"]

    for index in (0, CPU_WINDOWS - 1, CPU_WINDOWS, len(x) - 1):
        one = slice(index, index + 1)
        alone = engine.run(x[one], observed[one], visible[one])["restored"]
        np.testing.assert_allclose(alone[0], together[index], atol=1e-5)


def test_no_window_gives_no_answer(engine):
    assert engine.run(*windows(0))["restored"].shape == (0, 512)


def test_the_input_is_left_as_it_was(engine):
    given = windows(3)
    kept = [array.copy() for array in given]

    engine.run(*given)

    for before, after in zip(kept, given, strict=True):
        np.testing.assert_array_equal(before, after)


def test_arrays_of_other_kinds_and_layouts_are_taken(engine):
    x, observed, visible = windows(3)
    expected = engine.run(x, observed, visible)["restored"]

    found = engine.run(np.asfortranarray(x.astype(np.float64)), observed.astype(bool), visible.astype(int))

    np.testing.assert_allclose(found["restored"], expected, atol=1e-6)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_another_shape_is_refused_by_its_name(engine, which):
    given = list(windows(3))
    given[which] = given[which][:, 1:]

    with pytest.raises(ValueError, match=("x", "observed", "visible")[which]):
        engine.run(*given)


def test_an_output_that_no_network_has_is_refused(engine):
    with pytest.raises(ValueError, match="verdict"):
        engine.run(*windows(1), outputs=("verdict",))


def test_several_threads_get_the_answers_of_one(engine):
    given = windows(40)
    expected = engine.run(*given)["restored"]
    found: list[np.ndarray] = []
    jobs = [threading.Thread(target=lambda: found.append(engine.run(*given)["restored"])) for _ in range(4)]

    for job in jobs:
        job.start()
    for job in jobs:
        job.join()

    assert len(found) == 4
    for array in found:
        np.testing.assert_array_equal(array, expected)


def test_a_damaged_checkpoint_is_not_run(tiny_checkpoint, tmp_path):
    folder = tmp_path / "spoilt"
    shutil.copytree(tiny_checkpoint, folder)
    content = bytearray((folder / "model.onnx").read_bytes())
    content[5000] ^= 1
    (folder / "model.onnx").write_bytes(content)

    with pytest.raises(ModelError, match="damaged or was exchanged"):
        Engine(checkpoints.read(folder), "cpu")


def test_a_graph_that_is_none_is_refused_with_the_runtimes_words(checkpoint, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"not a graph")
    other = _moved(checkpoint, tmp_path)

    with pytest.raises(ModelError, match=r"ONNX Runtime .* cannot load the checkpoint tiny_checkpoint"):
        Engine(other, "cpu")


def test_a_graph_of_other_sizes_than_described_is_refused(checkpoint, tiny_checkpoint):
    config = type(checkpoint.config)(**checkpoint.config.to_dict() | {"seq_len": 256})

    with pytest.raises(ModelError, match="belong to different checkpoints"):
        Engine(_changed(checkpoint, config=config), "cpu")


def test_an_unknown_device_is_refused(checkpoint):
    with pytest.raises(InputError, match="no device tpu"):
        Engine(checkpoint, "tpu")


def test_cuda_without_torch_names_what_is_missing(checkpoint, monkeypatch):
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ModelError, match=r"cuda needs torch.*add-torch"):
        Engine(checkpoint, "cuda")
    assert Engine(checkpoint, "auto").device.startswith("cpu (ONNX Runtime ")


@pytest.mark.torch
class TestWithTorch:
    @pytest.fixture(autouse=True)
    def _torch(self):
        pytest.importorskip("torch")

    def test_cuda_without_a_gpu_is_refused_and_auto_takes_the_cpu(self, checkpoint, monkeypatch):
        monkeypatch.setattr("waferwatch.models.moment.runners.engine.gpu_is_usable", lambda: False)

        with pytest.raises(ModelError, match="no usable NVIDIA GPU"):
            Engine(checkpoint, "cuda")
        assert Engine(checkpoint, "auto").device.startswith("cpu (ONNX Runtime ")

    def test_a_torch_for_the_processor_alone_is_not_even_imported(self):
        if not version("torch").endswith("+cpu"):
            pytest.skip("this torch may find a GPU")
        code = (
            "import sys; from waferwatch.models.registry import create;"
            "print(create('moment', device='auto').info.device, 'torch' in sys.modules)"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert run.stdout.startswith("cpu (ONNX Runtime ")
        assert run.stdout.split()[-1] == "False"

    def test_cuda_without_weights_for_torch_names_the_file(self, checkpoint):
        with pytest.raises(ModelError, match=r"model\.safetensors, which the checkpoint tiny_checkpoint does not hold"):
            Engine(_changed(checkpoint, weights_sha256=None), "cuda")

    @pytest.mark.parametrize("device", ["auto", "cuda"])
    def test_a_usable_gpu_is_given_to_torch(self, device, checkpoint, expected, monkeypatch):
        """No GPU here: the same runner, sent to the processor instead."""
        from waferwatch.models.moment.runners import torch_runner

        monkeypatch.setattr("waferwatch.models.moment.runners.engine.gpu_is_usable", lambda: True)
        on_cpu = torch_runner.TorchRunner(checkpoint, "cpu")
        asked = []
        monkeypatch.setattr(torch_runner, "TorchRunner", lambda _, device: (asked.append(device), on_cpu)[1])

        engine = Engine(checkpoint, device)

        assert asked == ["cuda"]
        assert engine.device.startswith("cpu (torch ")
        found = engine.run(expected["x"], expected["observed"], expected["visible"], engine.outputs)
        for name, array in found.items():
            np.testing.assert_allclose(array, expected[name], atol=1e-5)

    def test_weights_of_another_network_are_refused(self, checkpoint):
        from waferwatch.models.moment.runners.torch_runner import TorchRunner

        for other in ({"fault_head": False}, {"num_layers": 3}, {"d_ff": 30}):
            config = type(checkpoint.config)(**checkpoint.config.to_dict() | other)
            with pytest.raises(ModelError, match=r"does not fit its checkpoint\.json"):
                TorchRunner(_changed(checkpoint, config=config), "cpu")

    def test_a_real_gpu_gives_the_answers_of_the_processor(self, checkpoint, expected):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no GPU on this machine")
        engine = Engine(checkpoint, "cuda")
        found = engine.run(expected["x"], expected["observed"], expected["visible"], engine.outputs)
        assert engine.device.startswith("cuda (torch ")
        for name, array in found.items():
            np.testing.assert_allclose(array, expected[name], atol=1e-3)


def _changed(checkpoint: checkpoints.Checkpoint, **values: object) -> checkpoints.Checkpoint:
    from dataclasses import replace

    return replace(checkpoint, **values)


def _moved(checkpoint: checkpoints.Checkpoint, folder) -> checkpoints.Checkpoint:
    return _changed(checkpoint, folder=folder, sha256=checkpoints.sha256_of(folder / "model.onnx"))
