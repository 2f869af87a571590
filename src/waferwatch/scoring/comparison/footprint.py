"""How much memory and time a piece of work takes."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import psutil

_EVERY_S = 0.02


class Footprint:
    """Measures the block it surrounds.

    The memory is that of the whole process, looked at 50 times a second: shorter peaks are missed, and what runs
    next to the block is counted too. So it is an approximation, good to tell 50 MB from 500 MB. Memory that the process
    had taken before and used anew is not counted.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.peak_bytes = 0  # at its highest, above what the process held when the block began
        self._process = psutil.Process()
        self._done = threading.Event()
        self._sampler = threading.Thread(target=self._sample, name="footprint", daemon=True)

    def __enter__(self) -> Self:
        self._before = self._process.memory_info().rss
        self._began = time.perf_counter()
        self._sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._began
        self._done.set()
        self._sampler.join()
        self._look()

    def _sample(self) -> None:
        while not self._done.wait(_EVERY_S):
            self._look()

    def _look(self) -> None:
        self.peak_bytes = max(self.peak_bytes, self._process.memory_info().rss - self._before)
