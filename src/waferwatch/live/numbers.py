"""What live monitoring has done and what waits, in numbers."""

from __future__ import annotations

import time
from dataclasses import dataclass

from waferwatch.live.service import LiveParts


@dataclass(frozen=True)
class LiveNumbers:
    """Since the process began."""

    rows: int
    skipped: int
    settled: int
    wafers: int
    early_seconds: float
    settled_seconds: float
    failures: int
    waiting: int
    unsettled: int
    lag_seconds: float
    equipment: int


def live_numbers(parts: LiveParts) -> LiveNumbers:
    """As they are now."""
    done = parts.workers.counts
    with parts.database.reading() as connection:
        equipment = connection.execute("SELECT COUNT(*) FROM live_equipment").fetchone()[0]
        query = "SELECT received FROM live_rows WHERE position > ? ORDER BY position LIMIT 1"
        oldest = connection.execute(query, (parts.early.position,)).fetchone()
    return LiveNumbers(
        done.rows,
        done.skipped,
        done.settled,
        done.wafers,
        done.early_s,
        done.settled_s,
        done.failures,
        parts.waiting,
        parts.workers.unsettled,
        0.0 if oldest is None else max(0.0, time.time() - oldest[0]),
        equipment,
    )
