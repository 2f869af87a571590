"""Runs a checkpoint with torch, on a GPU. Needs the extra ``torch``."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from safetensors.torch import load_file

from waferwatch.errors import ModelError
from waferwatch.models.moment.checkpoints.checkpoint import POSITION_BUFFER, Checkpoint
from waferwatch.models.moment.network import MomentNetwork
from waferwatch.models.moment.runners.runner import Array, PreparedWindows

GPU_WINDOWS = 512  # windows a pass


def load_network(checkpoint: Checkpoint) -> MomentNetwork:
    """The network of a checkpoint, on the CPU.

    Raises:
        ModelError: when the checkpoint holds no weights for torch, or they are damaged or of another network.
    """
    model = MomentNetwork(checkpoint.config)
    weights = load_file(checkpoint.weights())
    try:
        found = model.load_state_dict(weights, strict=False)
        wrong = [name for name in found.missing_keys if name != POSITION_BUFFER] + found.unexpected_keys
        reason = ", ".join(wrong)
    except RuntimeError as error:  # torch reports shapes that differ this way
        reason = str(error)
    if reason:
        raise ModelError(
            "model.safetensors of the checkpoint {name} does not fit its checkpoint.json: {reason}.",
            hint="The files belong to different checkpoints. Import the checkpoint again.",
            name=checkpoint.name,
            reason=reason,
        )
    return model.eval()


class TorchRunner:
    """The torch network in float32 on one device: ``cuda``, or ``cpu`` to compare with ONNX Runtime."""

    windows_at_once = GPU_WINDOWS

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        self._device = torch.device(device)
        self._model = load_network(checkpoint).to(self._device)
        self.device = f"{self._device.type} (torch {torch.__version__})"

    def run(self, windows: PreparedWindows, outputs: Sequence[str]) -> dict[str, Array]:
        with torch.inference_mode():
            output = self._model(*(torch.from_numpy(array).to(self._device) for array in windows))
            return {name: getattr(output, name).float().cpu().numpy() for name in outputs}
