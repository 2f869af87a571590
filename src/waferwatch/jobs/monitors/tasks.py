"""What jobs on monitors are asked for, as it is kept with the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from importlib import metadata
from typing import Any, ClassVar, Self

from waferwatch.store.datasets import Dataset


@dataclass(frozen=True)
class MonitorTask:
    """One job on a monitor, and the data set it uses."""

    kind: ClassVar[str]
    lists: ClassVar[tuple[str, ...]] = ()  # fields that JSON would turn into lists
    makes_version: ClassVar[bool] = True  # the same task makes another one, once the first is done

    monitor: str  # name
    dataset: str
    version: int | None = None  # of the data set; set when the job is queued
    activate: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What ``to_dict`` wrote."""
        known = {field.name: plain[field.name] for field in fields(cls) if field.name in plain}
        for name in cls.lists:
            if known.get(name) is not None:
                known[name] = tuple(known[name])
        return cls(**known)

    def fingerprint(self, kind: str, dataset: Dataset) -> str:
        """The same for jobs that must give the same result."""
        created = dataset.created if not dataset.builtin else ""
        parts = [metadata.version("waferwatch"), kind, dataset.version, created, self.to_dict()]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class LearnTask(MonitorTask):
    """Learn a monitor, or its next version, from data sets."""

    kind: ClassVar[str] = "monitor"
    lists: ClassVar[tuple[str, ...]] = ("datasets", "features", "equipment")

    datasets: tuple[str, ...] = ()  # more of them, in addition to ``dataset``
    choice: Mapping[str, Any] | None = None  # what of them is golden: GoldenChoice.to_dict
    features: tuple[str, ...] | None = None
    detector: str = "moment"
    checkpoint: str | None = None
    policy: Mapping[str, Any] | None = None  # None: that of the monitor stays
    equipment: tuple[str, ...] | None = None  # watched; None: as before
    fresh: bool = False  # the monitor must be new


@dataclass(frozen=True)
class RebaseTask(MonitorTask):
    """Bring the version in use to the level of good wafers after a maintenance."""

    kind: ClassVar[str] = "rebase"
    lists: ClassVar[tuple[str, ...]] = ("accept", "keep")

    since: str | None = None
    wafers: int = 25
    accept: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class WidenTask(MonitorTask):
    """Learn the version in use again, with the false alarms of engineers' verdicts as normal rows."""

    kind: ClassVar[str] = "widening"


@dataclass(frozen=True)
class ReplayTask(MonitorTask):
    """Two versions on the same data."""

    kind: ClassVar[str] = "replay"
    lists: ClassVar[tuple[str, ...]] = ("digests", "watched")
    makes_version: ClassVar[bool] = False

    old: int = 0
    new: int = 0
    # Set when the job is queued: of both models, how both thresholds are chosen, and the equipment; None: all.
    digests: tuple[str, ...] = ()
    policy: Mapping[str, Any] | None = None
    watched: tuple[str, ...] | None = None


TaskReader = Callable[[Mapping[str, Any]], MonitorTask]
TASKS: dict[str, TaskReader] = {one.kind: one.from_dict for one in (LearnTask, RebaseTask, WidenTask, ReplayTask)}
