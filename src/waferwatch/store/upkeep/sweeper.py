"""Clears away what was deleted or abandoned while the server runs."""

from __future__ import annotations

import logging
import threading

from waferwatch.store.store import Store

_EVERY_S = 60.0
_log = logging.getLogger("waferwatch.store")


class Sweeper:
    """A thread that calls ``Store.sweep`` again and again.

    Args:
        every_s: seconds between two sweeps.
    """

    def __init__(self, store: Store, every_s: float = _EVERY_S) -> None:
        self._store = store
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sweeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No sweep begins after this; one on its way is left to end by itself."""
        self._ended.set()

    def _work(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                self._store.sweep()
            except Exception:  # a full disk or an absent database passes, and the next sweep does the work
                _log.exception("what was deleted could not be cleared away")
