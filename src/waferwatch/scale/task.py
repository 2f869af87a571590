"""A task as it is sent to where it is done, and what became of it. Light to load: a driver needs no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from waferwatch.scale.plans.plan import WorkUnit, folder_of

LEARN, ADOPT, CLOCK, SCORE, JOIN = "learn", "adopt", "clock", "score", "join"
DONE, SKIPPED, FAILED = "done", "skipped", "failed"
SHARED = "_shared"  # key of the model that a plan was given
MARKERS = {LEARN: "model", ADOPT: "model", CLOCK: "clock", JOIN: "events"}  # names of markers of equipment


@dataclass(frozen=True)
class ScaleTask:
    """One task, as it is sent to where it is done."""

    stage: str
    out: str  # where the plan lies
    settings: str  # digest of the plan, so that one made anew is read anew
    equipment: tuple[str, ...]
    units: tuple[WorkUnit, ...] = ()
    sisters: tuple[str, ...] = ()  # keys of models that may stand in

    @property
    def key(self) -> str:
        """What its marker is named by."""
        if self.stage == SCORE:
            return self.units[0].key
        return f"{folder_of(self.equipment)}/{MARKERS[self.stage]}"


@dataclass(frozen=True)
class TaskOutcome:
    """What became of a task."""

    key: str
    stage: str
    state: str
    sentence: str = ""  # why it failed
    ours: bool = False  # whether that is a fault of waferwatch, and not of the data
    summary: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
