"""The event: flagged points merged, with what an engineer needs to know about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Chandola, Banerjee and Kumar, "Anomaly Detection: A Survey", ACM Computing Surveys 2009."""

    POINT = "point"  # a few points outside the sensor's usual range
    CONTEXTUAL = "contextual"  # values that are usual elsewhere but not here
    COLLECTIVE = "collective"  # a longer stretch outside the usual range
    STATE = "state"  # so long unlike the reference that the process has changed rather than failed


@dataclass(frozen=True)
class SensorShare:
    """The part of an event that one sensor carries."""

    sensor: str
    share: float  # 0 to 1 of the whole event; those of the 20 highest at most are kept


@dataclass(frozen=True)
class Event:
    """One stretch of anomalous points of one series."""

    id: int  # 1, 2, ... in order of start, as written into the event_id column
    kind: Kind
    start: str | float  # time of the first point: ISO 8601 text, a number, or without times the row as people count
    end: str | float  # of the last point
    peak: str | float  # of the point with the highest score
    start_row: int  # position of the first point in the table, from 0
    end_row: int
    peak_row: int
    rows: int  # flagged points
    peak_score: float
    equipment: str | None
    lot: str | None
    context: dict[str, str] = field(default_factory=dict)  # wafer, recipe, step and group columns at the peak
    sensors: tuple[SensorShare, ...] = ()  # ranked, highest share first
    # A peak as high comes about once in this many hours of normal running. None: it is beyond everything in the
    # reference, or rows have no dates.
    usual_every_hours: float | None = None

    @property
    def row_span(self) -> tuple[int, int]:
        """Lowest and highest position of its rows: the start is the highest where a table has its newest rows first."""
        return min(self.start_row, self.end_row), max(self.start_row, self.end_row)

    def to_dict(self) -> dict[str, Any]:
        """The event as plain JSON types."""
        return {
            **{
                name: getattr(self, name) for name in ("id", "start", "end", "peak", "start_row", "end_row", "peak_row")
            },
            "kind": self.kind.value,
            "rows": self.rows,
            "peak_score": self.peak_score,
            "equipment": self.equipment,
            "lot": self.lot,
            "context": dict(self.context),
            "usual_every_hours": self.usual_every_hours,
            "sensors": [{"sensor": item.sensor, "share": item.share} for item in self.sensors],
        }
