"""Whether torch can use a GPU here."""

from __future__ import annotations

from importlib.metadata import version


def gpu_is_usable() -> bool:
    """Asks an installed torch. A build for the processor alone says so in its version: importing it takes a second."""
    if version("torch").endswith("+cpu"):
        return False
    import torch

    return torch.cuda.is_available()
