"""The highest early scores of the last minutes, for the state of each equipment."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np
from numpy.typing import NDArray

KEPT_S = 600.0
_SLOT_S = 10.0


class RecentScores:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._slots: dict[int, deque[tuple[float, float]]] = {}  # equipment -> (begin, highest score)

    def add(self, equipment: int, scores: NDArray[np.float64]) -> None:
        """Scores that were just made; NaN says nothing."""
        known = scores[~np.isnan(scores)]
        if not len(known):
            return
        now, highest = time.monotonic(), float(known.max())
        with self._guard:
            slots = self._slots.setdefault(equipment, deque())
            if slots and now - slots[-1][0] < _SLOT_S:
                slots[-1] = (slots[-1][0], max(slots[-1][1], highest))
            else:
                slots.append((now, highest))
            while slots and now - slots[0][0] > KEPT_S:
                slots.popleft()

    def worst(self, equipment: int) -> float | None:
        """The highest score of the last ten minutes; None without any."""
        now = time.monotonic()
        with self._guard:
            scores = [score for begin, score in self._slots.get(equipment, ()) if now - begin <= KEPT_S]
        return max(scores, default=None)

    def course(self, equipment: int) -> list[float]:
        """The highest score of each ten seconds with one, in the last ten minutes, oldest first."""
        now = time.monotonic()
        with self._guard:
            return [score for begin, score in self._slots.get(equipment, ()) if now - begin <= KEPT_S]
