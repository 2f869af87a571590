"""Alarms of early scores that the settled score has not confirmed."""

from __future__ import annotations

import sqlite3

import numpy as np

from waferwatch.live.alarms.alarm import AlarmKind, AlarmRecord
from waferwatch.live.alarms.search import OPEN, AlarmFilter, find_alarms
from waferwatch.live.log.reading import equipment_of
from waferwatch.live.scoring.watched import row_threshold
from waferwatch.live.service import LiveParts

WAITING = "waiting"  # the settled scores have not come as far as its last row
DENIED = "denied"  # they have, and none is above the threshold
_MOST_ALARMS = 200
_MOST_ROWS = 2000  # of an alarm, its newest: one settled row above the threshold confirms it
_SLACK_NS = 1_000_000  # alarms keep times to the millisecond
_HIGHEST = """
SELECT max(settled) FROM (SELECT s.settled FROM live_rows r JOIN live_scores s ON s.position = r.position
    WHERE r.equipment = ? AND r.time BETWEEN ? AND ? ORDER BY r.time DESC LIMIT ?)
"""
_BEHIND = """
SELECT EXISTS (SELECT 1 FROM live_rows r JOIN live_scores s ON s.position = r.position
    WHERE r.equipment = ? AND r.time >= ? AND s.settled IS NOT NULL)
"""


def unconfirmed(live: LiveParts, connection: sqlite3.Connection) -> dict[int, str]:
    """Open alarms that rows have opened and that no settled score confirms: number -> ``waiting`` or ``denied``.

    An alarm of a wafer rests on the verdict at the end of the wafer and needs no confirmation. Nothing can be said of
    alarms of a version that scores no longer, or whose threshold depends on other rows: they are left out.
    """
    found = {}
    for alarm in find_alarms(connection, AlarmFilter(OPEN), _MOST_ALARMS):
        state = _state(live, connection, alarm) if alarm.kind is AlarmKind.ROWS else None
        if state is not None:
            found[alarm.id] = state
    return found


def _state(live: LiveParts, connection: sqlite3.Connection, alarm: AlarmRecord) -> str | None:
    query = "SELECT * FROM live_equipment WHERE source = ? AND name = ?"
    row = connection.execute(query, (alarm.source, alarm.equipment)).fetchone()
    equipment = None if row is None else equipment_of(row)
    watched = None if equipment is None else live.models.of(equipment)
    threshold = None if watched is None or watched.title != alarm.monitor else row_threshold(watched)
    if equipment is None or threshold is None:
        return None
    first, last = (int(np.datetime64(text, "ns").astype(np.int64)) for text in (alarm.started, alarm.last_seen))
    highest = connection.execute(_HIGHEST, (equipment.id, first, last + _SLACK_NS, _MOST_ROWS)).fetchone()[0]
    if highest is not None and highest > threshold:
        return None
    return DENIED if connection.execute(_BEHIND, (equipment.id, last)).fetchone()[0] else WAITING
