"""Which monitor watches which equipment, and what its version in use has learnt."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from waferwatch.errors import WaferwatchError
from waferwatch.live.log.reading import EquipmentRecord
from waferwatch.models.contract import Part
from waferwatch.models.fitted import EVERY_SCOPE, Fitted, key_of
from waferwatch.monitors.early import early_of, learn_early
from waferwatch.monitors.learn import normal_of
from waferwatch.read.table import Role
from waferwatch.scoring.model import Model
from waferwatch.store.database.connection import StoreError
from waferwatch.store.monitors.facts import threshold_by_policy
from waferwatch.store.monitors.monitors import version_of
from waferwatch.store.monitors.names import no_monitor, split_title
from waferwatch.store.monitors.records import MonitorRecord, VersionRecord
from waferwatch.store.store import Store

LOWER = 2.0  # on the common scale: as high as one normal row in a hundred reaches
_log = logging.getLogger("waferwatch.live")


@dataclass(frozen=True)
class Watch:
    """Rows of these sources and equipment are scored by a monitor."""

    source: str  # pattern with * and ?
    equipment: str  # pattern
    monitor: str
    settings: Mapping[str, Any] = field(default_factory=dict)  # learn_wafers or learn_rows, detector

    @property
    def learns(self) -> bool:
        """Whether its monitor is to be learnt from the rows that come, where there is none yet."""
        return bool(self.settings.get("learn_wafers") or self.settings.get("learn_rows"))


@dataclass(frozen=True)
class WatchedModel:
    """A version of a monitor, ready to score."""

    title: str  # NAME@NUMBER
    monitor: MonitorRecord
    model: Model
    early: Fitted | None  # None: it was learnt before 0.6.0, and its golden rows are not here

    @property
    def threshold(self) -> float:
        """Early scores above it speak for an alarm."""
        return float("inf") if self.early is None else self.early.threshold

    @property
    def lower_threshold(self) -> float:
        """Early scores below it speak for the end of an alarm."""
        return min(LOWER, self.threshold)

    def includes(self, equipment: str) -> bool:
        """Whether the equipment is among those that the monitor watches."""
        return self.monitor.equipment is None or equipment in self.monitor.equipment

    def part(self, equipment: str) -> Part | None:
        """What was learnt of an equipment; None for one that the monitor does not know."""
        if self.early is None:
            return None
        key = key_of((equipment,)) if Role.EQUIPMENT.value in self.model.roles.values() else EVERY_SCOPE
        return self.early.own_part(key)

    @property
    def by_wafer(self) -> bool:
        """Whether each pass of a wafer is a series of its own."""
        return self.model.layout.by_wafer

    @property
    def stage_roles(self) -> tuple[str, ...]:
        """Which of recipe and step tell stages apart."""
        known = set(self.model.roles.values())
        if not known & {Role.WAFER.value, Role.STEP.value}:
            return ()
        return tuple(role.value for role in (Role.RECIPE, Role.STEP) if role.value in known)


def add_watch(connection: sqlite3.Connection, watch: Watch) -> None:
    """Let a monitor watch; another one of the same sources and equipment is replaced."""
    connection.execute(
        "INSERT OR REPLACE INTO live_watches (source, equipment, monitor, settings) VALUES (?, ?, ?, ?)",
        (watch.source, watch.equipment, watch.monitor, json.dumps(dict(watch.settings))),
    )


def remove_watch(connection: sqlite3.Connection, source: str, equipment: str) -> bool:
    """Whether there was one."""
    query = "DELETE FROM live_watches WHERE source = ? AND equipment = ?"
    return connection.execute(query, (source, equipment)).rowcount > 0


def watches(connection: sqlite3.Connection) -> list[Watch]:
    """Every one, the newest first."""
    rows = connection.execute("SELECT * FROM live_watches ORDER BY id DESC").fetchall()
    return [Watch(row["source"], row["equipment"], row["monitor"], json.loads(row["settings"])) for row in rows]


class WatchedModels:
    """Models of the versions in use; asked again and again, since another version may be put in use at any time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watches: list[Watch] = []
        self._models: dict[str, WatchedModel] = {}
        self.failures: dict[str, WaferwatchError] = {}  # monitor -> why it cannot score

    def refresh(self, connection: sqlite3.Connection) -> None:
        """See which monitors watch, and which of their versions are in use.

        While the database of the monitors is away, those that are known go on.
        """
        found: dict[str, WatchedModel] = {}
        failures: dict[str, WaferwatchError] = {}
        every = watches(connection)
        try:
            monitors = {one.name: one for one in self._store.monitors.all()} if every else {}
        except StoreError as error:
            _log.warning("monitors go on as they are known: %s", error)
            return
        for name in {one.monitor for one in every}:
            try:
                found[name] = self._current(name, monitors)
            except WaferwatchError as error:
                failures[name] = error
        # At once, and only now: other threads ask meanwhile, and reading a model takes seconds.
        self._watches, self._models, self.failures = every, found, failures

    @property
    def watches(self) -> list[Watch]:
        """Every one, the newest first."""
        return list(self._watches)

    def watch_of(self, source: str, equipment: str) -> Watch | None:
        """The newest watch whose patterns fit."""
        fits = (
            one for one in self._watches if fnmatchcase(source, one.source) and fnmatchcase(equipment, one.equipment)
        )
        return next(fits, None)

    def of(self, equipment: EquipmentRecord) -> WatchedModel | None:
        """What scores an equipment; None where no monitor watches it, or the monitor cannot score."""
        watch = self.watch_of(equipment.source, equipment.name)
        found = None if watch is None else self._models.get(watch.monitor)
        return found if found is not None and found.includes(equipment.name) else None

    def will_score(self, equipment: EquipmentRecord) -> bool:
        """Whether rows of an equipment are scored, now or once its monitor can score again."""
        watch = self.watch_of(equipment.source, equipment.name)
        found = None if watch is None else self._models.get(watch.monitor)
        return watch is not None and (found is None or found.includes(equipment.name))

    def _current(self, name: str, monitors: Mapping[str, MonitorRecord]) -> WatchedModel:
        of, number = split_title(name)
        monitor = monitors.get(of)
        if monitor is None:
            raise no_monitor(of)
        version = version_of(monitor, number)
        known = self._models.get(name)
        if known is not None and known.title == version.title:
            return replace(known, monitor=monitor)
        model = self._store.monitors.model(version)
        return WatchedModel(version.title, monitor, model, self._early(version, model))

    def _early(self, version: VersionRecord, model: Model) -> Fitted | None:
        """Versions learnt before 0.6.0 do without; it is learnt now from their golden rows where these are here."""
        found = early_of(model)
        if found is not None or version.golden is None:
            return found
        _log.info("learning the early score of %s from its golden rows", version.title)
        return learn_early(model, normal_of(model, self._store.monitors.golden_rows(version.golden)))


def row_threshold(watched: WatchedModel) -> float | None:
    """Settled scores above it are flagged; None where that depends on other rows."""
    version = next((one for one in watched.monitor.versions if one.title == watched.title), None)
    return None if version is None else threshold_by_policy(version.about, watched.monitor.policy).threshold
