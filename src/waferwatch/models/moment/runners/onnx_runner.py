"""Runs a checkpoint with ONNX Runtime, on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnxruntime

from waferwatch.errors import ModelError
from waferwatch.models.moment.checkpoints.checkpoint import Checkpoint
from waferwatch.models.moment.runners.runner import Array, PreparedWindows

# Windows a pass, by measurement: the activations of more do not stay in a core's second-level cache.
CPU_WINDOWS = 16


class OnnxRunner:
    """ONNX Runtime on the CPU."""

    windows_at_once = CPU_WINDOWS

    def __init__(self, checkpoint: Checkpoint, threads: int = 0) -> None:
        self._session = _session(checkpoint.graph(), checkpoint, threads)
        self._check_inputs(checkpoint)
        tokens = checkpoint.tokens_graph()
        self._tokens = None if tokens is None else _session(tokens, checkpoint, threads)
        self.device = f"cpu (ONNX Runtime {onnxruntime.__version__})"

    def run(self, windows: PreparedWindows, outputs: Sequence[str]) -> dict[str, Array]:
        x, observed, visible = windows
        given = {"x": x, "observed": observed, "visible": visible}
        session = self._session
        if self._tokens is not None and tuple(outputs) == ("tokens",):
            session = self._tokens
            given = {one.name: given[one.name] for one in session.get_inputs()}
        return dict(zip(outputs, session.run(list(outputs), given), strict=True))

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


def _session(path: Path, checkpoint: Checkpoint, threads: int) -> onnxruntime.InferenceSession:
    """A graph ready to run.

    Raises:
        ModelError: when ONNX Runtime cannot load it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait for work must not burn the cores that a server needs to answer.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
        raise ModelError(
            "ONNX Runtime {version} cannot load the checkpoint {name}: {reason}",
            hint="Import the checkpoint again with this version of waferwatch.",
            version=onnxruntime.__version__,
            name=checkpoint.name,
            reason=str(error).strip(),
        ) from error
