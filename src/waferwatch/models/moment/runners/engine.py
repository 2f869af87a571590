"""Runs a checkpoint over windows: ONNX Runtime on the CPU, torch on a GPU, the same numbers from either."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from waferwatch.errors import InputError, ModelError
from waferwatch.models.moment.checkpoints.checkpoint import WEIGHTS, Checkpoint
from waferwatch.models.moment.runners.gpu import gpu_is_usable
from waferwatch.models.moment.runners.onnx_runner import OnnxRunner
from waferwatch.models.moment.runners.runner import Array, PreparedWindows, Runner


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

    @cached_property
    def flat_tokens(self) -> Array:
        """(N, D) tokens of a window in which nothing moves: what they say is where in the window they lie."""
        observed = np.ones((1, self.config.num_patches), np.float32)
        found: Array = self.run(np.zeros((1, self.config.seq_len), np.float32), observed, observed, ("tokens",))[
            "tokens"
        ][0]
        return found

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

    def _checked(self, x: Array, observed: Array, visible: Array) -> PreparedWindows:
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


def _choose_runner(checkpoint: Checkpoint, device: str, threads: int) -> Runner:
    if not takes_gpu(checkpoint, device):
        return OnnxRunner(checkpoint, threads)
    from waferwatch.models.moment.runners.torch_runner import TorchRunner

    return TorchRunner(checkpoint, "cuda")


def takes_gpu(checkpoint: Checkpoint, device: str) -> bool:
    """Whether the checkpoint runs on a GPU when this device is asked for.

    Raises:
        InputError: for a device other than ``auto``, ``cpu`` and ``cuda``.
        ModelError: when ``cuda`` is asked for and cannot be had.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(
            "There is no device {device}.", hint="Choose auto, cpu or cuda.", field="device", device=device
        )
    if device == "cpu":
        return False
    obstacle = _gpu_obstacle(checkpoint)
    if obstacle is not None and device == "cuda":
        raise obstacle
    return obstacle is None


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
    if not gpu_is_usable():
        return ModelError(
            "The device cuda was asked for, but torch finds no usable NVIDIA GPU.",
            hint="Check the driver with nvidia-smi and that torch is not a CPU build, or choose the device cpu.",
            field="device",
        )
    return None
