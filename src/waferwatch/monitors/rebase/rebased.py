"""What a rebase gives: what was learnt anew, what was refused and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from waferwatch.read.table import Note
from waferwatch.scoring.model import Model


class Refusal(StrEnum):
    """Why a new level was not learnt."""

    DRIFTING = "drifting"  # it does not stand still yet
    JUMP = "jump"  # farther than anything the reference showed, in some steps only
    SHAPE = "shape"  # another course or relation, which no level explains
    KEPT = "kept"  # the user wished so


@dataclass(frozen=True)
class Moved:
    """A level that was learnt anew, in the sensor's unit."""

    sensor: str
    equipment: str
    recipe: str | None
    step: str | None
    before: float
    after: float
    spreads: float  # the shift in spreads of single readings of the reference
    wafers: int
    settled_after: int  # wafers until it stood still, 0 = at once


@dataclass(frozen=True)
class Refused:
    """A level that was not learnt anew: what lies there stays as unusual as it was."""

    sensor: str
    equipment: str
    recipe: str | None
    step: str | None
    before: float
    after: float
    spreads: float
    wafers: int
    reason: Refusal


@dataclass(frozen=True)
class Rebased:
    """A model at the levels after a maintenance."""

    model: Model  # the same as before where nothing was learnt
    moved: tuple[Moved, ...]
    settled: tuple[Moved, ...]  # levels that came back to the old one by themselves
    refused: tuple[Refused, ...]
    notes: tuple[Note, ...]
    wafers: dict[str, int]  # equipment -> wafers learnt from; blocks of 64 rows where nothing names wafers

    def to_dict(self) -> dict[str, Any]:
        """Everything but the model, as plain JSON types."""
        return {
            "digest": self.model.digest,
            "moved": [asdict(one) for one in self.moved],
            "settled": [asdict(one) for one in self.settled],
            "refused": [asdict(one) | {"reason": one.reason.value} for one in self.refused],
            "notes": [str(note) for note in self.notes],
            "wafers": dict(self.wafers),
        }
