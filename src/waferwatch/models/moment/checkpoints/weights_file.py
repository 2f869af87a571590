"""Reading a MOMENT checkpoint that somebody else made: nothing of it is believed before it was checked.

Needs the extra ``torch``. Only safetensors are read; a pickled file can run code when it is opened.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.errors import ModelError
from waferwatch.models.moment.checkpoints.checkpoint import WEIGHTS
from waferwatch.models.moment.config import MomentConfig

if TYPE_CHECKING:
    from torch import Tensor

    from waferwatch.models.moment.network import MomentNetwork

CONFIG = "config.json"
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_KINDS = ("F32", "F16", "BF16")
# T5's word table, which MOMENT never uses, and the positions, which are computed: taken or left.
_IGNORED = ("encoder.embed_tokens.weight", "shared.weight", "encoder.shared.weight")
_COMPUTED = ("patch_embedding.position_embedding.pe",)
_DOWNLOAD_AGAIN = "Download the file again; compare its size with the one shown on the hub."
_NAMES_SHOWN = 5


def load_official(folder: Path) -> MomentNetwork:
    """Read ``config.json`` and ``model.safetensors`` of a folder into a network.

    Raises:
        ModelError: when a file is missing, damaged, truncated or of another network; naming what is wrong.
    """
    config = read_config(folder)
    refuse_missing_weights({path.name for path in folder.iterdir()}, str(folder))
    return _read_network(folder / WEIGHTS, config)


def read_config(folder: Path) -> MomentConfig:
    """Read ``config.json``.

    Raises:
        ModelError: when it is missing, damaged or of another network.
    """
    path = folder / CONFIG
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            "There is no {file} in {folder}.",
            hint="Give a folder with the two files of the hub: config.json and model.safetensors.",
            file=CONFIG,
            folder=folder,
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(
            "{file} cannot be read: {reason}.",
            hint=_DOWNLOAD_AGAIN,
            file=path,
            reason=getattr(error, "strerror", None) or str(error),
        ) from error
    if not isinstance(values, dict):
        raise ModelError("{file} is not a JSON object.", hint=_DOWNLOAD_AGAIN, file=path)
    return MomentConfig.from_official(values)


def refuse_missing_weights(files: set[str], source: str) -> None:
    """Say why a place without ``model.safetensors`` cannot be imported.

    Raises:
        ModelError: when the file is not among ``files``.
    """
    if WEIGHTS in files:
        return
    pickles = sorted(name for name in files if name.endswith(PICKLES))
    if pickles:
        raise ModelError(
            "{source} holds its weights as {files}, which is refused: opening a pickled file can run code.",
            hint="Import a checkpoint that has model.safetensors, such as AutonLab/MOMENT-1-small.",
            source=source,
            files=", ".join(pickles),
        )
    raise ModelError(
        "There is no {file} in {source}.",
        hint="Give a folder or hub id with the two files config.json and model.safetensors.",
        file=WEIGHTS,
        source=source,
    )


def _read_network(path: Path, config: MomentConfig) -> MomentNetwork:
    import torch
    from safetensors import SafetensorError, safe_open

    from waferwatch.models.moment.network import MomentNetwork

    with torch.device("meta"):
        expected = MomentNetwork(config).state_dict()  # names and shapes only: a wrong config.json must not take memory
    try:
        with safe_open(path, framework="pt") as file:
            _compare(path, file, expected)
            weights = {name: _read_tensor(path, file, name) for name in expected if name not in _COMPUTED}
    except SafetensorError as error:
        raise ModelError(
            "{file} ({size} bytes) is truncated or damaged: {reason}.",
            hint=_DOWNLOAD_AGAIN,
            file=path,
            size=path.stat().st_size,
            reason=str(error).rstrip("."),
        ) from error
    except OSError as error:
        raise ModelError(
            "{file} cannot be read: {reason}.",
            hint="Check that the file is readable for you.",
            file=path,
            reason=error.strerror or str(error),
        ) from error
    model = MomentNetwork(config)
    model.load_state_dict(weights, strict=False)  # all but the computed positions: _compare has seen to it
    return model.eval()


def _compare(path: Path, file: Any, expected: dict[str, Tensor]) -> None:
    found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (no mapping)
    wrong = {
        "missing": sorted(set(expected) - set(found) - set(_COMPUTED)),
        "not expected": sorted(set(found) - set(expected) - set(_IGNORED)),
        "of another shape": [
            f"{name} {found[name]} instead of {tuple(tensor.shape)}"
            for name, tensor in expected.items()
            if name in found and name not in _COMPUTED and found[name] != tuple(tensor.shape)
        ],
        "of another kind": [
            f"{name} {kind}"
            for name in sorted(set(found) & set(expected))
            if (kind := file.get_slice(name).get_dtype()) not in _KINDS
        ],
    }
    problems = [f"{what}: {_some(names)}" for what, names in wrong.items() if names]
    if problems:
        raise ModelError(
            "{file} is not the weights of the network that config.json describes. {problems}.",
            hint="Take both files from the same revision of an AutonLab/MOMENT-1 checkpoint.",
            file=path,
            problems="; ".join(problems),
        )


def _read_tensor(path: Path, file: Any, name: str) -> Tensor:
    tensor: Tensor = file.get_tensor(name).float()
    if not bool(tensor.isfinite().all()):
        raise ModelError(
            "{name} in {file} holds numbers that are not finite.",
            hint="The checkpoint is damaged or was saved from a training that failed. Take another one.",
            name=name,
            file=path,
        )
    return tensor


def _some(names: list[str]) -> str:
    rest = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
