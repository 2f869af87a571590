"""The state of every equipment, as pages and programs ask for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from waferwatch.live.equipment_states import is_down
from waferwatch.live.learning.maintenance import MaintenanceMark
from waferwatch.live.log.reading import EquipmentRecord, every_equipment
from waferwatch.live.numbers import LiveNumbers, live_numbers
from waferwatch.live.scoring.early_scores import LATEST_S
from waferwatch.live.service import LiveParts
from waferwatch.live.source_states import LiveSourceState, source_states

BEHIND_S = 3.0  # from which on it is said that rows come too fast
_MOST_NAMED = 20  # sensors


class WatchState(StrEnum):
    """What becomes of the rows of an equipment."""

    WATCHED = "watched"
    NO_MONITOR = "no_monitor"  # none watches it
    CANNOT_SCORE = "cannot_score"  # its monitor cannot be used
    UNKNOWN = "unknown"  # its monitor has learnt nothing of it
    NO_EARLY = "no_early"  # its monitor is of an older version, without early scores
    LEARNING = "learning"
    MAINTENANCE = "maintenance"
    SILENT = "silent"


@dataclass(frozen=True)
class LiveMaintenance:
    """The last maintenance of an equipment."""

    equipment: str
    began: float  # seconds since 1970
    ended: float | None
    quiet: int  # wafers after its end that raise no alarm
    wafers: int  # of these, how many have ended
    note: str
    by: str
    rebase: str  # "", waiting, done or refused
    version: str | None  # NAME@NUMBER with the levels after it
    reason: str | None  # why they were not learnt


def maintenance_of(mark: MaintenanceMark, translate: Callable[[str], str] = str) -> LiveMaintenance:
    """A mark as it is shown."""
    reason = None
    if mark.reason:
        template, values = json.loads(mark.reason)
        reason = translate(template).format(**values)
    about = (mark.equipment, mark.began, mark.ended, mark.quiet, mark.wafers, mark.note, mark.by)
    return LiveMaintenance(*about, mark.rebase.value, mark.version or None, reason)


@dataclass(frozen=True)
class LiveEquipment:
    """One equipment of one source."""

    source: str
    equipment: str
    state: WatchState
    reason: str | None  # why it is not scored
    monitor: str | None  # NAME@NUMBER
    last_time: str | None  # of its newest row, as the clock of the data shows it
    last_received: float  # seconds since 1970
    lag_s: float  # since then
    rows: int
    late: int
    duplicates: int
    worst: float | None  # highest early score of the last ten minutes
    threshold: float | None  # early scores above it speak for an alarm
    learning: dict[str, object] | None  # monitor, have, need, unit, why
    equipment_state: str | None  # as its last row names it
    maintenance: LiveMaintenance | None  # the last one
    unknown_sensors: list[str] = field(default_factory=list)  # that the monitor does not know: kept, not scored
    missing_sensors: list[str] = field(default_factory=list)  # of the monitor, that no row has ever had


@dataclass(frozen=True)
class LiveState:
    """Everything."""

    position: int  # of the last row
    waiting: int  # rows without an early score
    behind_s: float  # how long the oldest of them has waited
    unsettled: int  # rows that wait to be taken in for settled scores
    skipped: int  # rows that got no early score since the server began, because they had waited for too long
    overload: str | None  # what is to be said where rows come faster than they are scored
    equipment: list[LiveEquipment]
    sources: list[LiveSourceState]


def live_state(parts: LiveParts, silence_s: float, translate: Callable[[str], str] = str) -> LiveState:
    """What is known now, by source and equipment."""
    with parts.database.reading() as connection:
        known = every_equipment(connection)
    numbers = live_numbers(parts)
    return LiveState(
        parts.log.position,
        parts.waiting,
        numbers.lag_seconds,
        numbers.unsettled,
        numbers.skipped,
        _overload(numbers, translate),
        [_of(parts, one, silence_s, translate) for one in known],
        source_states(parts, silence_s, translate),
    )


def _overload(numbers: LiveNumbers, translate: Callable[[str], str]) -> str | None:
    if numbers.lag_seconds <= BEHIND_S:
        return None
    sentence = translate(
        "Rows come faster than they can be scored: {waiting} wait, the oldest for {seconds} s. Rows that have waited "
        "for {most} s get no early score; settled scores come later, for every row."
    )
    return sentence.format(waiting=numbers.waiting, seconds=round(numbers.lag_seconds), most=round(LATEST_S))


def _of(parts: LiveParts, one: EquipmentRecord, silence_s: float, translate: Callable[[str], str]) -> LiveEquipment:
    watched = parts.models.of(one)
    state, reason = _state(parts, one, silence_s, translate)
    mark = parts.maintenance.of(one.name)
    features = [] if watched is None else watched.model.features
    threshold = None if watched is None or not np.isfinite(watched.threshold) else watched.threshold
    return LiveEquipment(
        one.source,
        one.name,
        state,
        reason,
        None if watched is None else watched.title,
        None if one.newest is None else str(np.datetime64(one.newest, "ns").astype("datetime64[ms]")),
        one.received,
        max(0.0, time.time() - one.received),
        one.rows,
        one.late,
        one.duplicates,
        parts.recent.worst(one.id),
        threshold,
        _learning(parts, one, translate),
        one.state or None,
        None if mark is None else maintenance_of(mark, translate),
        [name for name in one.sensors if name not in features][:_MOST_NAMED] if features else [],
        [name for name in features if name not in one.sensors][:_MOST_NAMED],
    )


def _state(
    parts: LiveParts, one: EquipmentRecord, silence_s: float, translate: Callable[[str], str]
) -> tuple[WatchState, str | None]:
    watch, watched = parts.models.watch_of(one.source, one.name), parts.models.of(one)
    if watch is None:
        return WatchState.NO_MONITOR, None
    if parts.learning.of(watch.monitor) is not None:
        return WatchState.LEARNING, None
    failure = parts.models.failures.get(watch.monitor)
    if failure is not None:
        return WatchState.CANNOT_SCORE, failure.message(translate)
    if watched is None:
        return WatchState.NO_MONITOR, None
    if is_down(one.state) or parts.maintenance.goes_on(one.name):
        return WatchState.MAINTENANCE, None
    if time.time() - one.received > silence_s:
        return WatchState.SILENT, None
    if watched.early is None:
        return WatchState.NO_EARLY, None
    return (WatchState.WATCHED, None) if watched.part(one.name) is not None else (WatchState.UNKNOWN, None)


def _learning(parts: LiveParts, one: EquipmentRecord, translate: Callable[[str], str]) -> dict[str, object] | None:
    watch = parts.models.watch_of(one.source, one.name)
    found = None if watch is None else parts.learning.of(watch.monitor)
    if found is None:
        return None
    why = None if found.why is None else translate(found.why.template).format(**found.why.values)
    return {"monitor": found.monitor, "have": found.have, "need": found.need, "unit": found.unit, "why": why}
