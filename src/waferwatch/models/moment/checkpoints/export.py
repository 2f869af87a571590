"""A torch network turned into a checkpoint folder that runs without torch. Needs the extra ``torch``."""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import MissingExtraError, ModelError
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.checkpoints.checkpoint import Checkpoint

if TYPE_CHECKING:
    from waferwatch.models.moment.network import MomentNetwork

TOLERANCE = 1e-4  # largest difference to torch accepted, relative to the spread of torch's output
_CHECK_WINDOWS = 8
_PACKAGES = ("torch", "safetensors", "huggingface_hub", "filelock", "onnx")  # of the extra


def export_checkpoint(
    model: MomentNetwork,
    folder: Path,
    *,
    name: str,
    card: Mapping[str, Any],
    source: str = "train/",
    with_weights: bool = True,
) -> Checkpoint:
    """Write the graphs, ``model.safetensors`` and ``checkpoint.json``, and prove that the graph is the network.

    Args:
        model: the network; run on the CPU, left as it was.
        folder: where to write; made if missing. Files of an older export are overwritten one by one.
        name: name of the checkpoint.
        card: what is known of its training, kept as it is; must be JSON.
        source: where the weights come from.
        with_weights: False leaves ``model.safetensors`` out; the checkpoint then runs on the CPU only.

    Raises:
        MissingExtraError: when the extra ``torch`` is not installed.
        ModelError: when ONNX Runtime's answers differ from torch's by more than ``TOLERANCE``.
    """
    checkpoints.check_name(name)
    try:
        import onnx
        from safetensors.numpy import save_file

        from waferwatch.models.moment.checkpoints.graph import build_graph, cut_to
    except ImportError as error:
        raise missing_torch() from error
    weights = _weights(model)
    folder.mkdir(parents=True, exist_ok=True)
    graph = build_graph(model.config, weights, model.encoder.relative_buckets.cpu().numpy())
    onnx.save_model(graph, folder / checkpoints.GRAPH)
    onnx.save_model(cut_to(graph, "tokens"), folder / checkpoints.TOKENS_GRAPH)
    del graph
    checkpoint = _described(model, folder, name, source, card)
    check_parity(model, checkpoint)
    if with_weights:
        del weights[checkpoints.POSITION_BUFFER]
        save_file(weights, folder / checkpoints.WEIGHTS, metadata={"format": "pt"})
        (folder / checkpoints.WEIGHTS).chmod(0o644)  # safetensors makes it readable to its owner alone
        checkpoint = replace(checkpoint, weights_sha256=checkpoints.sha256_of(folder / checkpoints.WEIGHTS))
    checkpoints.write(checkpoint)
    return checkpoint


def _described(model: MomentNetwork, folder: Path, name: str, source: str, card: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint of the graphs that were written, still without weights."""
    return Checkpoint(
        name=name,
        folder=folder,
        config=model.config,
        sha256=checkpoints.sha256_of(folder / checkpoints.GRAPH),
        tokens_sha256=checkpoints.sha256_of(folder / checkpoints.TOKENS_GRAPH),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        source=source,
        card=card,
    )


def check_parity(model: MomentNetwork, checkpoint: Checkpoint) -> float:
    """Compare ONNX Runtime with torch on random windows with hidden, padded and fully hidden patches.

    Torch computes in double precision: in single precision it was itself 1e-4 away from that, four times as far as
    ONNX Runtime.

    Returns:
        The largest difference found, relative to the spread of torch's output.

    Raises:
        ModelError: when it exceeds ``TOLERANCE``, or either gives a number that is not finite.
    """
    import torch

    from waferwatch.models.moment.runners.onnx_runner import OnnxRunner

    x, observed, visible = _check_windows(checkpoint)
    exact = copy.deepcopy(model).cpu().double().eval()
    with torch.inference_mode():
        output = exact(*(torch.from_numpy(array).double() for array in (x, observed, visible)))
    expected = {key: value.numpy() for key, value in output._asdict().items() if value is not None}
    found = OnnxRunner(checkpoint, threads=1).run((x, observed, visible), tuple(expected))
    worst = max(_difference(found[key], expected[key]) for key in expected)
    if not worst <= TOLERANCE:  # also when it is NaN
        raise ModelError(
            "The exported network of {name} differs from torch's by {difference}, more than the {limit} accepted.",
            hint="The weights may hold numbers that are not finite or far too large. Import another revision.",
            name=checkpoint.name,
            difference=f"{worst:.2g}",
            limit=TOLERANCE,
        )
    return worst


def require_torch() -> None:
    """Refuse work that needs the extra before it is begun.

    Raises:
        MissingExtraError: when any of its packages is missing.
    """
    if any(importlib.util.find_spec(package) is None for package in _PACKAGES):
        raise missing_torch()


def missing_torch() -> MissingExtraError:
    """What to answer where the extra is not installed."""
    return MissingExtraError(
        "This needs torch, which is not installed.",
        hint="Install it with `./uv_run.sh add-torch`, which takes the build for this machine's GPU or processor.",
    )


def _weights(model: MomentNetwork) -> dict[str, NDArray[np.float32]]:
    state = {key: value.detach().float().cpu().numpy() for key, value in model.state_dict().items()}
    return {key: np.ascontiguousarray(value) for key, value in state.items()}


def _check_windows(checkpoint: Checkpoint) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    config, rng = checkpoint.config, np.random.default_rng(0)
    shape = (_CHECK_WINDOWS, config.num_patches)
    x = rng.standard_normal((_CHECK_WINDOWS, config.seq_len)).astype(np.float32)
    observed = np.ones(shape, np.float32)
    observed[1:, : config.num_patches // 3] = 0  # padding on the left
    observed[3:] *= rng.random(shape)[3:] > 0.1  # gaps
    visible = (rng.random(shape) > 0.3).astype(np.float32)
    visible[0] = 1
    visible[-1] = 0
    return x, observed, visible


def _difference(found: NDArray[np.float32], expected: NDArray[np.float64]) -> float:
    return float(np.abs(found - expected).max() / max(float(expected.std()), 1e-6))
