"""Whether normal still fits, and by which equipment, steps and sensors it does not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from waferwatch.read.table import Note


class Fits(StrEnum):
    """Whether normal still fits."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # too few rows to say


@dataclass(frozen=True)
class EquipmentDrift:
    """How one equipment fits."""

    equipment: str
    fits: Fits
    units: int  # wafers, or stretches of 256 rows
    missing: int  # more units until it can be said
    score: float | None  # median of the last units; None where it is not known yet
    limit: float | None  # what hardly any golden unit exceeds
    since: str | float | None  # time of the unit since which it has not fitted; its row (from 0) without times


@dataclass(frozen=True)
class SensorDrift:
    """How far one sensor of one equipment has moved, in the step where it moved farthest; levels in its unit."""

    sensor: str
    equipment: str
    recipe: str | None
    step: str | None
    before: float | None  # None where the model has no usual level of it
    after: float | None
    spreads: float | None  # in spreads of single readings
    share: float  # of the score of the last units, 0 to 1


@dataclass(frozen=True)
class Drift:
    """Whether normal still fits, and what has moved."""

    fits: Fits  # NO where one equipment does not fit
    since: str | float | None  # the earliest time since which one has not
    equipment: tuple[EquipmentDrift, ...]
    sensors: tuple[SensorDrift, ...]  # of the equipment with this answer, farthest first
    notes: tuple[Note, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "fits": self.fits.value,
            "since": self.since,
            "equipment": [asdict(one) | {"fits": one.fits.value} for one in self.equipment],
            "sensors": [asdict(one) for one in self.sensors],
            "notes": [str(note) for note in self.notes],
        }
