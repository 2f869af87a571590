"""Runs a checkpoint over windows: ONNX Runtime on the CPU, torch on a GPU, the same numbers from either."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from waferwatch.detectors.moment.checkpoint import WEIGHTS, Checkpoint
from waferwatch.errors import InputError, ModelError

Array = NDArray[np.float32]
Windows = tuple[Array, Array, Array]  # x (B, T), observed (B, N), visible (B, N)

# Windows a pass, by measurement: the activations of more do not stay in a core's second-level cache.
CPU_WINDOWS = 16
GPU_WINDOWS = 512


class Runner(Protocol):
    """One way to run a network."""

    device: str
    windows_at_once: int

    def run(self, windows: Windows, outputs: Sequence[str]) -> dict[str, Array]:
        """Run one pass of at most ``windows_at_once`` windows."""
        ...


class Engine:
    """A checkpoint ready to run. May be used by several threads at the same time.

    Args:
        checkpoint: the weights; their hash is checked here.
        device: ``cpu``, ``cuda``, or ``auto``, which takes a GPU where torch finds one and the checkpoint holds the
            weights that torch needs. The attribute ``device`` says what was taken and with which runtime.
        threads: processor threads of one pass; 0 takes every core.

    Raises:
        InputError: for another device.
        ModelError: when the checkpoint is missing or damaged, or ``cuda`` is asked for and cannot be had.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "auto", threads: int = 0) -> None:
        self.checkpoint = checkpoint
        self.config = checkpoint.config
        self._runner = _choose_runner(checkpoint, device, threads)

    @property
    def device(self) -> str:
        """Where it runs and with what, such as ``cpu (ONNX Runtime 1.32.0)``."""
        return self._runner.device

    @property
    def outputs(self) -> tuple[str, ...]:
        """Every output that this checkpoint has."""
        return ("restored", "fault_logit", "tokens") if self.config.fault_head else ("restored", "tokens")

    def run(
        self, x: Array, observed: Array, visible: Array, outputs: Sequence[str] = ("restored", "fault_logit")
    ) -> dict[str, Array]:
        """Run the network on normalised windows, in batches of a bounded size.

        Args:
            x: (B, T) float32, normalised values, finite everywhere.
            observed: (B, N) float32, 1 where a patch holds data.
            visible: (B, N) float32, 1 where the network may see the patch.
            outputs: which of ``restored`` (B, T), ``fault_logit`` (B, T) and ``tokens`` (B, N, D) to return.

        Returns:
            Each output asked for; ``fault_logit`` is left out where the checkpoint has no fault head.

        Raises:
            ValueError: for arrays of other shapes or an output that no network has.
        """
        windows = self._checked(x, observed, visible)
        wanted = self._wanted(outputs)
        shapes = {
            "restored": (self.config.seq_len,),
            "fault_logit": (self.config.seq_len,),
            "tokens": (self.config.num_patches, self.config.d_model),
        }
        results = {name: np.empty((len(x), *shapes[name]), np.float32) for name in wanted}
        step = self._runner.windows_at_once
        for start in range(0, len(x), step):
            part = slice(start, start + step)
            found = self._runner.run((windows[0][part], windows[1][part], windows[2][part]), wanted)
            for name in wanted:
                results[name][part] = found[name]
        return results

    def _checked(self, x: Array, observed: Array, visible: Array) -> Windows:
        patches = (len(x), self.config.num_patches)
        expected = {"x": (len(x), self.config.seq_len), "observed": patches, "visible": patches}
        arrays = {"x": x, "observed": observed, "visible": visible}
        for name, array in arrays.items():
            if array.shape != expected[name]:
                raise ValueError(f"{name} must be of shape {expected[name]}, not {array.shape}")
        return (
            np.ascontiguousarray(x, np.float32),
            np.ascontiguousarray(observed, np.float32),
            np.ascontiguousarray(visible, np.float32),
        )

    def _wanted(self, outputs: Sequence[str]) -> tuple[str, ...]:
        unknown = set(outputs) - {"restored", "fault_logit", "tokens"}
        if unknown:
            raise ValueError(f"there is no output {', '.join(sorted(unknown))}")
        return tuple(name for name in outputs if name in self.outputs)


class OnnxRunner:
    """ONNX Runtime on the CPU."""

    windows_at_once = CPU_WINDOWS

    def __init__(self, checkpoint: Checkpoint, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that wait for work must not burn the cores that a server needs to answer.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        path = checkpoint.graph()
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
            raise ModelError(
                "ONNX Runtime {version} cannot load the checkpoint {name}: {reason}",
                hint="Import the checkpoint again with this version of waferwatch.",
                version=onnxruntime.__version__,
                name=checkpoint.name,
                reason=str(error).strip(),
            ) from error
        self._check_inputs(checkpoint)
        self.device = f"cpu (ONNX Runtime {onnxruntime.__version__})"

    def run(self, windows: Windows, outputs: Sequence[str]) -> dict[str, Array]:
        x, observed, visible = windows
        found = self._session.run(list(outputs), {"x": x, "observed": observed, "visible": visible})
        return dict(zip(outputs, found, strict=True))

    def _check_inputs(self, checkpoint: Checkpoint) -> None:
        config = checkpoint.config
        expected = {"x": config.seq_len, "observed": config.num_patches, "visible": config.num_patches}
        found = {entry.name: entry.shape[-1] for entry in self._session.get_inputs()}
        if found != expected:
            raise ModelError(
                "model.onnx of the checkpoint {name} takes {found}, but its checkpoint.json says {expected}.",
                hint="The files belong to different checkpoints. Import the checkpoint again.",
                name=checkpoint.name,
                found=found,
                expected=expected,
            )


def _choose_runner(checkpoint: Checkpoint, device: str, threads: int) -> Runner:
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(
            "There is no device {device}.", hint="Choose auto, cpu or cuda.", field="device", device=device
        )
    if device == "cpu":
        return OnnxRunner(checkpoint, threads)
    obstacle = _gpu_obstacle(checkpoint)
    if obstacle is None:
        from waferwatch.detectors.moment.torch_runner import TorchRunner

        return TorchRunner(checkpoint, "cuda")
    if device == "auto":
        return OnnxRunner(checkpoint, threads)
    raise obstacle


def _gpu_obstacle(checkpoint: Checkpoint) -> ModelError | None:
    """Why this checkpoint cannot run on a GPU here; None when it can."""
    if importlib.util.find_spec("torch") is None:
        return ModelError(
            "The device cuda needs torch, which is not installed.",
            hint="Install it with `./uv_run.sh add-torch`, or choose the device cpu.",
            field="device",
        )
    if checkpoint.weights_sha256 is None:
        return ModelError(
            "The device cuda needs {file}, which the checkpoint {name} does not hold.",
            hint="Choose the device cpu, or a checkpoint imported from the hub.",
            field="device",
            file=WEIGHTS,
            name=checkpoint.name,
        )
    from waferwatch.detectors.moment.torch_runner import gpu_is_usable

    if not gpu_is_usable():
        return ModelError(
            "The device cuda was asked for, but torch finds no usable NVIDIA GPU.",
            hint="Check the driver with nvidia-smi and that torch is not a CPU build, or choose the device cpu.",
            field="device",
        )
    return None
