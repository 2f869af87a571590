"""Sources and equipment that send nothing for longer than they should."""

from __future__ import annotations

import time

import numpy as np

from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.scored import AlarmSink
from waferwatch.live.sources.replays import ReplayState

_EVERY_S = 1.0
_NS = 1e9
_LAST_ROWS = """
SELECT e.source, e.name, e.received, r.state AS replay FROM live_equipment e
    LEFT JOIN live_replays r ON r.source = e.source WHERE e.position > 0
"""


class Silence:
    """Looks every second. A source of which nothing comes is silent as a whole, and none of its equipment.

    Nothing more is to come of a replay that has ended.
    """

    def __init__(self, database: LiveDatabase, sink: AlarmSink, longest_s: float) -> None:
        self._database = database
        self._sink = sink
        self._longest_s = longest_s
        self._silent: set[tuple[str, str | None]] | None = None  # None: nothing was looked at yet
        self._looked = 0.0

    def look(self) -> None:
        """Say who has fallen silent, and who sends again."""
        if time.monotonic() - self._looked < _EVERY_S:
            return
        self._looked = time.monotonic()
        with self._database.reading() as connection:
            rows = connection.execute(_LAST_ROWS).fetchall()
        sending = [row for row in rows if row["replay"] in (None, ReplayState.RUNNING)]
        last = {(row["source"], row["name"]): float(row["received"]) for row in sending}
        found = _silent(last, time.time() - self._longest_s)
        before = self._silent
        if before is None:  # what was silent before a restart may have been heard of since, or have ended
            before = {(row["source"], name) for row in rows for name in (None, row["name"])}
        new, over = set(found) - (self._silent or set()), before - set(found)
        if new or over:
            with self._database.writing() as connection:
                for source, equipment in new:
                    since = np.datetime64(int(found[source, equipment] * _NS), "ns")
                    self._sink.silent(connection, source, equipment, since)
                for source, equipment in over:
                    self._sink.heard(connection, source, equipment)
        self._silent = set(found)


def _silent(last: dict[tuple[str, str], float], limit: float) -> dict[tuple[str, str | None], float]:
    """Source and equipment, None for all of a source, -> since when (seconds since 1970)."""
    newest: dict[str, float] = {}
    for (source, _), received in last.items():
        newest[source] = max(received, newest.get(source, 0.0))
    found: dict[tuple[str, str | None], float] = {
        (source, None): received for source, received in newest.items() if received < limit
    }
    for (source, equipment), received in last.items():
        if received < limit and (source, None) not in found:
            found[source, equipment] = received
    return found
