"""How often one client may ask. Counted in memory: another start begins anew."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from math import ceil

_WINDOW_S = 60.0
_MOST_CLIENTS = 10_000  # beyond this, clients whose minute is over are forgotten


class Limiter:
    """Counts what each client does in a sliding minute.

    The minute is measured with a clock that is never set back, so that a correction of the system's time neither
    locks a client out nor lets it in.

    Args:
        per_minute: most that one client may do; 0: any number.
        clock: seconds that only grow.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = per_minute
        self._clock = clock
        self._acts: dict[str, deque[float]] = {}

    def count(self, client: str) -> int:
        """Count one act. Returns 0 when it is allowed, else the seconds until one will be."""
        if not self._most:
            return 0
        now = self._clock()
        acts = self._acts.get(client)
        if acts is None:
            self._forget(now)
            acts = self._acts[client] = deque()
        while acts and acts[0] <= now - _WINDOW_S:
            acts.popleft()
        if len(acts) < self._most:
            acts.append(now)
            return 0
        return max(1, ceil(acts[0] + _WINDOW_S - now))

    def _forget(self, now: float) -> None:
        if len(self._acts) >= _MOST_CLIENTS:
            kept = {client: acts for client, acts in self._acts.items() if acts and acts[-1] > now - _WINDOW_S}
            self._acts = kept if len(kept) < _MOST_CLIENTS else {}
