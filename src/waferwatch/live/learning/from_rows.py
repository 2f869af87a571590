"""Monitors that are learnt from the rows that come: how far that is, why it waits, and the learning itself."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from waferwatch.errors import WaferwatchError
from waferwatch.jobs.monitors.learning import LearnWish, learn_version
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.equipment_states import may_alarm
from waferwatch.live.learning.good_rows import good_rows
from waferwatch.live.learning.maintenance import Maintenance
from waferwatch.live.log.reading import CONTEXT, EquipmentRecord, LoggedRows, every_equipment, logged, rows_up_to
from waferwatch.live.scoring.passes import passes_of
from waferwatch.live.scoring.watched import Watch, WatchedModels
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Note, Table
from waferwatch.store.store import Store

MOST_ROWS = 200_000  # of one equipment that are learnt from
_EVERY_S = 3.0
_REST = 5  # times as long as a look took before the next one: counting many rows takes no more than a sixth of a core
_USER = "live"
_log = logging.getLogger("waferwatch.live")


@dataclass(frozen=True)
class LearningState:
    """How far a monitor is learnt from rows that come."""

    monitor: str
    have: int
    need: int
    unit: str  # wafers or rows
    why: Note | None  # why it waits


class LiveLearning:
    """A thread that looks every few seconds whether enough has come for a monitor that is still to be learnt.

    Rows in maintenance, under an alarm, marked as faulty, in states other than productive, and late ones are not learnt
    from. Of each equipment that the watch names as many wafers or rows are needed; the one with the fewest counts.
    """

    def __init__(
        self,
        database: LiveDatabase,
        store: Store,
        models: WatchedModels,
        maintenance: Maintenance,
        others: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._others = others
        self._database = database
        self._store = store
        self._models = models
        self._maintenance = maintenance
        self._states: dict[str, LearningState] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="live-learning", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No learning begins after this; one on its way ends with the process."""
        self._ended.set()

    def of(self, monitor: str) -> LearningState | None:
        """Of a monitor that is still to be learnt."""
        return self._states.get(monitor)

    def look(self) -> None:
        """Count what has come for every monitor that is still to be learnt, and learn where it is enough."""
        found: dict[str, LearningState] = {}
        for watch in self._models.watches:
            need = watch.settings.get("learn_wafers") or watch.settings.get("learn_rows")
            if need and not self._store.monitors.has(watch.monitor):
                state = self._of_watch(watch, int(need))
                found |= {watch.monitor: state} if state is not None else {}
        self._states = found

    def _of_watch(self, watch: Watch, need: int) -> LearningState | None:
        """None once it is learnt."""
        unit = "wafers" if watch.settings.get("learn_wafers") else "rows"
        with self._database.reading() as connection:
            mine = [one for one in every_equipment(connection) if self._models.watch_of(one.source, one.name) == watch]
            rows = {one.name: self._learnable(connection, one) for one in mine}
            why = self._why(connection, mine)
        counts = [_wafers(one) if unit == "wafers" else len(one) for one in rows.values()]
        have = min(counts, default=0)
        if have < need or not rows:
            return LearningState(watch.monitor, have, need, unit, why)
        failure = self._learn(watch, rows)
        return None if failure is None else LearningState(watch.monitor, have, need, unit, failure)

    def _why(self, connection: sqlite3.Connection, equipment: Sequence[EquipmentRecord]) -> Note:
        if not equipment:
            return Note("No row has come yet.")
        held = [one.name for one in equipment if self._maintenance.goes_on(one.name) or not may_alarm(one.state)]
        if held:
            return Note("{equipment} is not productive.", {"equipment": ", ".join(held[:5])})
        if any(self._faulty(connection, one) for one in equipment):
            return Note("Rows under alarms and rows marked as faulty are not learnt from; it waits for others.")
        return Note("It waits for more rows.")

    def _faulty(self, connection: sqlite3.Connection, one: EquipmentRecord) -> bool:
        rows = logged(one.id, one.sensors, rows_up_to(connection, one.id, one.position, 1))
        return not good_rows(connection, one.name, rows).all()

    def _learnable(self, connection: sqlite3.Connection, one: EquipmentRecord) -> LoggedRows:
        rows = logged(one.id, one.sensors, rows_up_to(connection, one.id, one.position, MOST_ROWS))
        good = good_rows(connection, one.name, rows)
        return rows.at(good & self._maintenance.may_alarm(one.name, rows.received))

    def _learn(self, watch: Watch, rows: dict[str, LoggedRows]) -> Note | None:
        """Why it could not be learnt; None when it is."""
        frame = pd.concat([frame_of(name, one) for name, one in rows.items()], ignore_index=True)
        wish = LearnWish(detector=str(watch.settings.get("detector") or "moment"))
        try:
            table = live_table(frame)
            made = learn_version(self._store, watch.monitor, [table], wish, _USER)
        except WaferwatchError as error:
            return Note(error.message_template, dict(error.values))
        _log.info("%s was learnt from %d live rows", made.title, len(frame))
        with self._database.reading() as connection:
            self._models.refresh(connection)
        return None

    def _work(self) -> None:
        took = 0.0
        while not self._ended.wait(max(_EVERY_S, _REST * took)):
            began = time.monotonic()
            for look in (self.look, *self._others):
                try:
                    look()
                except Exception:
                    _log.exception("nothing could be learnt from live rows")
            took = time.monotonic() - began


def _wafers(rows: LoggedRows) -> int:
    return sum(one.ended for one in passes_of(rows))


def live_table(frame: pd.DataFrame) -> Table:
    """Live rows as a table."""
    roles = {name: name for name in ("time", "equipment", *CONTEXT[:-1]) if name in frame}
    return table_from_frame(frame, name="the live rows", roles=roles)


def frame_of(equipment: str, rows: LoggedRows, *, ended: bool = True) -> pd.DataFrame:
    """Rows with time, equipment, context and sensors.

    Args:
        ended: where rows name wafers, only those of wafers that have ended.
    """
    over = [one for one in passes_of(rows) if one.ended] if ended else []
    if over:
        rows = rows.at(rows.positions <= over[-1].last)
    columns: dict[str, object] = {"time": rows.times.view("datetime64[ns]"), "equipment": equipment}
    columns |= {name: rows.context[name] for name in CONTEXT[:-1] if (rows.context[name] != "").any()}
    taken = {str(name) for name in columns}
    sensors = [name for name in rows.sensors if name not in taken]
    return pd.DataFrame(columns | {name: rows.values[:, rows.sensors.index(name)] for name in sensors})
