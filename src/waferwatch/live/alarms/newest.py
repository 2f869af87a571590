"""The newest change, for everybody who waits for one."""

from __future__ import annotations

import threading
import time

from waferwatch.live.alarms.desk import AlarmDesk
from waferwatch.live.alarms.search import last_change

LOOK_S = 0.25  # between two looks at the table, however many wait


class NewestChange:
    """Safe to use from several threads."""

    def __init__(self, desk: AlarmDesk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._known = 0
        self._looked = float("-inf")

    def change(self) -> int:
        """Its id, as it was a moment ago; 0 where there is none.

        Raises:
            StoreError, WaferwatchError: as the desk.
        """
        with self._lock:
            if time.monotonic() - self._looked >= LOOK_S:
                with self._desk.reading() as connection:
                    self._known = last_change(connection)
                self._looked = time.monotonic()
            return self._known
