"""What a source says of itself: connected or not, how many rows, what was refused."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

_LONGEST = 300  # letters kept of a problem


@dataclass(frozen=True)
class SourceState:
    """A source at one moment."""

    connected: bool
    since: float | None  # seconds since 1970 of the last change between connected and not; None: never connected
    rows: int  # accepted since the start
    duplicates: int  # of them, known before
    refused: int  # messages that could not be read
    problem: str  # why it is not connected, or waits; in English; empty: none
    last_refused: str  # what the last of the refused messages was, and why


class SourceReport:
    """Counts of one source; any thread may add to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connected = False
        self._since: float | None = None
        self._rows = self._duplicates = self._refused = 0
        self._problem = self._last_refused = ""

    def connected(self, now: bool, problem: str = "") -> None:
        """It is connected, or not any more and why."""
        with self._lock:
            if now != self._connected:
                self._connected, self._since = now, time.time()
            self._problem = problem[:_LONGEST]

    def accepted(self, rows: int, duplicates: int) -> None:
        """Rows that are on the disk."""
        with self._lock:
            self._rows += rows
            self._duplicates += duplicates

    def refused(self, problem: str) -> None:
        """A message that could not be read: it is acknowledged, since it would come again for ever."""
        with self._lock:
            self._refused += 1
            self._last_refused = problem[:_LONGEST]

    def waits(self, problem: str) -> None:
        """Rows cannot be accepted at present."""
        with self._lock:
            self._problem = problem[:_LONGEST]

    @property
    def state(self) -> SourceState:
        with self._lock:
            return SourceState(
                self._connected,
                self._since,
                self._rows,
                self._duplicates,
                self._refused,
                self._problem,
                self._last_refused,
            )

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return dict(vars(self.state))
