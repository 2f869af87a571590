"""Rows counted and not kept, to see what a source sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waferwatch.live.log.rows import LiveRow
from waferwatch.live.log.writer import Accepted


class CountingTaker:
    """Takes rows and forgets them."""

    def __init__(self) -> None:
        self.rows = 0
        self.equipment: set[str] = set()
        self.sensors: set[str] = set()

    def accept(self, source: str, rows: Sequence[LiveRow], marks: Mapping[str, int] | None = None) -> Accepted:
        """Count."""
        self.rows += len(rows)
        for row in rows:
            self.equipment.add(row.equipment)
            self.sensors.update(row.readings)
        return Accepted(self.rows, len(rows), 0, 0)

    def marks(self, source: str) -> dict[str, int]:
        """None: nothing is read from where the server left it."""
        return {}

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {"counted": self.rows, "equipment": sorted(self.equipment), "sensors": sorted(self.sensors)}
