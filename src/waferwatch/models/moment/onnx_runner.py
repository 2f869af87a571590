"""Runs a checkpoint with ONNX Runtime, on the CPU."""

from __future__ import annotations

from collections.abc import Sequence

import onnxruntime

from waferwatch.errors import ModelError
from waferwatch.models.moment.checkpoint import Checkpoint
from waferwatch.models.moment.runner import Array, Windows

# Windows a pass, by measurement: the activations of more do not stay in a core's second-level cache.
CPU_WINDOWS = 16


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
