"""Early scores of the rows of all equipment, in the order of the log."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass, field, replace

import numpy as np

from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.equipment_states import is_down
from waferwatch.live.learning.maintenance import Maintenance
from waferwatch.live.log.reading import EquipmentRecord, LoggedRows, equipment_by_id, logged, rows_after, rows_of
from waferwatch.live.scored import AlarmSink, EarlyBlock
from waferwatch.live.scoring.progress import (
    EARLY,
    EVERY,
    Progress,
    forget_progress,
    keep_progress,
    progress_of,
)
from waferwatch.live.scoring.recent import RecentScores
from waferwatch.live.scoring.track import EarlyScores, EarlyTrack
from waferwatch.live.scoring.watched import WatchedModel, WatchedModels

MOST_ROWS = 4000  # of one transaction
KEPT_EVERY = 256  # rows of an equipment after which its track is kept: at most this many are read again at a restart
LATEST_S = 10.0  # rows that waited for longer are not scored early: those that come now go first
_CONTEXT = ("lot", "wafer", "recipe", "step")


@dataclass(frozen=True)
class EarlyTurn:
    """What one turn did."""

    rows: int
    scored: int
    skipped: int
    newest: dict[int, LoggedRows] = field(default_factory=dict)  # equipment -> its rows of this turn


@dataclass
class _Track:
    track: EarlyTrack
    since_kept: int = 0


@dataclass(frozen=True)
class _Made:
    """Of one equipment."""

    equipment: EquipmentRecord
    rows: LoggedRows
    watched: WatchedModel
    scores: EarlyScores | None  # None: left out
    turns: tuple[int, ...] = ()  # rows with which it goes down or comes up again, by their state


class EarlyScorer:
    """Used by one thread."""

    def __init__(
        self,
        database: LiveDatabase,
        models: WatchedModels,
        sink: AlarmSink,
        recent: RecentScores,
        maintenance: Maintenance,
    ) -> None:
        self._database = database
        self._models = models
        self._sink = sink
        self._recent = recent
        self._maintenance = maintenance
        self._tracks: dict[int, _Track] = {}
        self._began = time.time()  # rows of before waited for no scorer
        with database.reading() as connection:
            found = progress_of(connection, EARLY)
        self.position = 0 if found is None else found.position

    def turn(self) -> EarlyTurn:
        """Score the next rows, if there are any, and keep all that follows from them in one transaction."""
        try:
            return self._turn()
        except BaseException:
            self._tracks.clear()  # they may have gone on with rows that were not kept
            self._maintenance.reload()
            raise

    def _turn(self) -> EarlyTurn:
        with self._database.reading() as connection:
            position, count, by_equipment = rows_after(connection, self.position, MOST_ROWS)
            if not count:
                return EarlyTurn(0, 0, 0)
            known = {one.id: one for one in equipment_by_id(connection, list(by_equipment))}
            newest = {one: logged(one, known[one].sensors, rows) for one, rows in by_equipment.items()}
            made = [self._made(connection, known[one], rows) for one, rows in newest.items()]
        watched = [one for one in made if one is not None]
        with self._database.writing() as connection:
            for equipment in set(newest) - {one.equipment.id for one in watched}:
                forget_progress(connection, EARLY, equipment)  # a track that has missed rows cannot go on
            for one in watched:
                self._keep(connection, one)
            keep_progress(connection, EARLY, EVERY, Progress(position))
        self.position = position
        for one in watched:
            if one.scores is not None:
                self._recent.add(one.equipment.id, one.scores.points)
        skipped = sum(len(one.rows) for one in watched if one.scores is None)
        return EarlyTurn(count, sum(len(one.rows) for one in watched) - skipped, skipped, newest)

    def _made(self, connection: sqlite3.Connection, equipment: EquipmentRecord, rows: LoggedRows) -> _Made | None:
        watched = self._models.of(equipment)
        if watched is None:
            self._tracks.pop(equipment.id, None)
            return None
        if time.time() - max(float(rows.received[0]), self._began) > LATEST_S:
            self._tracks.pop(equipment.id, None)
            return _Made(equipment, rows, watched, None)
        track = self._track(connection, equipment, watched, int(rows.positions[0]))
        was_down = track.track.down
        return _Made(equipment, rows, watched, track.track.score(rows), _turns(rows, was_down))

    def _track(
        self, connection: sqlite3.Connection, equipment: EquipmentRecord, watched: WatchedModel, first: int
    ) -> _Track:
        found = self._tracks.get(equipment.id)
        if found is None or found.track.watched.title != watched.title:
            found = self._tracks[equipment.id] = self._restored(connection, equipment, watched, first)
        found.track.watched = watched
        return found

    def _restored(
        self, connection: sqlite3.Connection, equipment: EquipmentRecord, watched: WatchedModel, first: int
    ) -> _Track:
        """As it stood before a row: rows since it was kept are read again, which gives the scores that they had."""
        kept = progress_of(connection, EARLY, equipment.id)
        if kept is None or kept.version != watched.title:
            return _Track(EarlyTrack(watched, equipment.name), KEPT_EVERY)
        track = EarlyTrack.restored(watched, equipment.name, kept.detail, kept.state)
        again = [row for row in rows_of(connection, equipment.id, kept.position, MOST_ROWS) if row["position"] < first]
        if again:
            track.score(logged(equipment.id, equipment.sensors, again))
        return _Track(track, len(again))

    def _keep(self, connection: sqlite3.Connection, made: _Made) -> None:
        scores, rows = made.scores, made.rows
        if scores is None:
            forget_progress(connection, EARLY, made.equipment.id)
            connection.executemany(_SKIPPED, [(int(one),) for one in rows.positions])
            return
        points = [None if np.isnan(one) else float(one) for one in scores.points]
        connection.executemany(_SCORED, list(zip(rows.positions.tolist(), points, strict=True)))
        self._maintain(connection, made)
        allowed = self._maintenance.may_alarm(made.equipment.name, rows.received)
        self._sink.scored(connection, _block(made, replace(scores, productive=scores.productive & allowed)))
        mine = self._tracks[made.equipment.id]
        mine.since_kept += len(rows)
        if mine.since_kept >= KEPT_EVERY:
            detail, state = mine.track.kept()
            kept = Progress(int(rows.positions[-1]), made.watched.title, detail, state)
            keep_progress(connection, EARLY, made.equipment.id, kept)
            mine.since_kept = 0

    def _maintain(self, connection: sqlite3.Connection, made: _Made) -> None:
        """What rows say of maintenance, before their scores are handed to the alarms."""
        rows, name = made.rows, made.equipment.name
        for at in made.turns:
            state = str(rows.context["state"][at])
            self._maintenance.state_changed(connection, name, float(rows.received[at]), state)
            if is_down(state):
                self._sink.maintained(connection, name, rows.times[at].view("datetime64[ns]"), state)
        if not (rows.context["wafer"] != "").any():
            self._maintenance.rows_came(connection, name, rows.received)


_SCORED = """
INSERT INTO live_scores (position, early, skipped) VALUES (?, ?, 0)
    ON CONFLICT (position) DO UPDATE SET early = excluded.early, skipped = 0
"""
_SKIPPED = "INSERT INTO live_scores (position, skipped) VALUES (?, 1) ON CONFLICT (position) DO UPDATE SET skipped = 1"


def _turns(rows: LoggedRows, was_down: bool) -> tuple[int, ...]:
    down = np.array([is_down(state) for state in rows.context["state"].tolist()], np.bool_)
    return tuple(np.flatnonzero(np.diff(down, prepend=was_down)).tolist())


def _block(made: _Made, scores: EarlyScores) -> EarlyBlock:
    rows, watched = made.rows, made.watched
    return EarlyBlock(
        source=made.equipment.source,
        equipment=made.equipment.name,
        monitor=watched.title,
        positions=rows.positions,
        times=rows.times.view("datetime64[ns]"),
        scores=scores.points,
        contributions=scores.contributions,
        signs=scores.signs,
        sensors=watched.model.features,
        threshold=watched.threshold,
        lower_threshold=watched.lower_threshold,
        context={name: rows.context[name] for name in _CONTEXT if (rows.context[name] != "").any()},
        productive=scores.productive,
    )
