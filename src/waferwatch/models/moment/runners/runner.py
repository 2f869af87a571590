"""What every way to run a network has in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
PreparedWindows = tuple[Array, Array, Array]  # x (B, T), observed (B, N), visible (B, N)


class Runner(Protocol):
    """One way to run a network."""

    device: str
    windows_at_once: int

    def run(self, windows: PreparedWindows, outputs: Sequence[str]) -> dict[str, Array]:
        """Run one pass of at most ``windows_at_once`` windows."""
        ...
