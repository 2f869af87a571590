"""Monitors, versions and golden sets as the database keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class VersionState(StrEnum):
    """Where a version of a monitor stands. At most one version of a monitor is in use."""

    DRAFT = "draft"  # made, and never in use yet
    IN_USE = "in_use"
    RETIRED = "retired"  # was in use


class Origin(StrEnum):
    """How a version came about."""

    LEARNT = "learnt"  # from a golden set
    REBASED = "rebased"  # a version before it, at the level of good wafers after a maintenance
    WIDENED = "widened"  # learnt again, with confirmed false alarms as normal rows
    IMPORTED = "imported"  # from a file that another installation exported


@dataclass(frozen=True)
class GoldenRecord:
    """A golden set: never changed, only followed by its next version."""

    id: str
    name: str
    version: int
    rows: int
    about: dict[str, Any]  # sources, what was chosen, what was left out and why, coverage
    created: str  # ISO 8601, UTC, as are all moments here
    user: str


@dataclass(frozen=True)
class VersionRecord:
    """One version of a monitor. Its model never changes."""

    id: str
    monitor: str  # name
    number: int
    state: VersionState
    origin: Origin
    digest: str  # of the model
    about: dict[str, Any]
    created: str
    user: str
    activated: str | None  # when it was last put in use
    golden: GoldenRecord | None

    @property
    def title(self) -> str:
        """The name under which it is asked for, such as ``etch-poly@3``."""
        return f"{self.monitor}@{self.number}"


@dataclass(frozen=True)
class MonitorRecord:
    """A monitor with its versions, the newest first."""

    id: str
    name: str
    policy: dict[str, Any]  # threshold, contamination, false_alarms: as Thresholds has them
    equipment: tuple[str, ...] | None  # watched; None: all that it knows
    created: str
    user: str
    versions: list[VersionRecord] = field(default_factory=list)

    @property
    def in_use(self) -> VersionRecord | None:
        """The version that scores when none is named."""
        return next((one for one in self.versions if one.state is VersionState.IN_USE), None)

    @property
    def watched(self) -> list[str]:
        """The equipment that its version in use knows and that is watched; ``""`` for data that name none."""
        known = [] if self.in_use is None else list(self.in_use.about["equipment"]) or [""]
        return known if self.equipment is None else [one for one in known if one in self.equipment]

    @property
    def before(self) -> VersionRecord | None:
        """The version that was in use last before the present one."""
        used = [one for one in self.versions if one.activated is not None and one.state is not VersionState.IN_USE]
        return max(used, key=lambda one: one.activated or "", default=None) if self.in_use is not None else None
