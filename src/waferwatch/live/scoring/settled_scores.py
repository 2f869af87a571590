"""Settled scores of the rows of all equipment, in blocks, since a model scores what it keeps again with each."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.reading import EquipmentRecord, logged, rows_of
from waferwatch.live.scoring.progress import SETTLED, keep_progress, progress_of
from waferwatch.live.scoring.settling import SettledRows, SettlingTrack
from waferwatch.live.scoring.watched import WatchedModel

BLOCK = 512  # rows of one push,
MOST_BLOCK = 4096  # and of one while many wait
_MOST_TRACKS = 128  # streams in memory; others are read back when their turn comes


@dataclass(frozen=True)
class Settling:
    """One push."""

    rows: int
    settled: int


class SettledScorer:
    """Used by one thread."""

    def __init__(self, database: LiveDatabase) -> None:
        self._database = database
        self._tracks: OrderedDict[int, SettlingTrack] = OrderedDict()

    def waiting(self, connection: sqlite3.Connection, equipment: int) -> int:
        """How many rows of an equipment have not been taken in."""
        kept = progress_of(connection, SETTLED, equipment)
        query = "SELECT COUNT(*) FROM live_rows WHERE equipment = ? AND position > ? AND series IS NOT NULL"
        return int(connection.execute(query, (equipment, kept.position if kept else 0)).fetchone()[0])

    def push(self, equipment: EquipmentRecord, watched: WatchedModel, most: int = BLOCK) -> Settling:
        """Take the next rows of an equipment in, and keep what has become final, in one transaction."""
        with self._database.reading() as connection:
            kept = progress_of(connection, SETTLED, equipment.id)
            after = kept.position if kept else 0
            rows = rows_of(connection, equipment.id, after, most)
        if not rows:
            return Settling(0, 0)
        track = self._tracks.pop(equipment.id, None)
        if track is None or track.watched.title != watched.title:
            same = kept is not None and kept.version == watched.title
            track = SettlingTrack(watched, equipment.name)
            if same and kept is not None:
                track = SettlingTrack.restored(watched, equipment.name, kept)
        found = track.push(logged(equipment.id, equipment.sensors, rows))
        with self._database.writing() as connection:
            _keep(connection, found)
            keep_progress(connection, SETTLED, equipment.id, track.kept())
        self._remember(equipment.id, track)  # only now: what was not kept is read again
        return Settling(len(rows), len(found.positions))

    def _remember(self, equipment: int, track: SettlingTrack) -> None:
        self._tracks[equipment] = track
        while len(self._tracks) > _MOST_TRACKS:
            self._tracks.popitem(last=False)


_SETTLED = """
INSERT INTO live_scores (position, settled, skipped) VALUES (?, ?, 0)
    ON CONFLICT (position) DO UPDATE SET settled = excluded.settled
"""


def _keep(connection: sqlite3.Connection, found: SettledRows) -> None:
    scores = [None if np.isnan(one) else float(one) for one in found.scores]
    connection.executemany(_SETTLED, list(zip(found.positions.tolist(), scores, strict=True)))
