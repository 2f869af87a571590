"""The threads that score: a quick one for early scores, a slow one for verdicts on wafers and settled scores."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.reading import EquipmentRecord, LoggedRows, equipment_by_id, every_equipment
from waferwatch.live.scoring.early_scores import EarlyScorer
from waferwatch.live.scoring.settled_scores import BLOCK, MOST_BLOCK, SettledScorer
from waferwatch.live.scoring.wafer_verdicts import WaferJudge
from waferwatch.live.scoring.watched import WatchedModels

TICK_S = 0.2  # between two turns of early scores, unless rows wait
IDLE_S = 5.0  # without a row: what has come is taken in, however little it is
_MANY_BLOCKS = 16  # that wait: larger ones are then taken
_AFTER_FAILURE_S = 1.0
_log = logging.getLogger("waferwatch.live")


@dataclass
class WorkerCounts:
    """What the threads have done since they began; read by others."""

    rows: int = 0
    skipped: int = 0
    settled: int = 0
    wafers: int = 0
    early_s: float = 0.0
    settled_s: float = 0.0
    failures: int = 0


@dataclass
class _Open:
    """What waits of one equipment for the slow thread."""

    pending: int = 0  # rows that are not taken in for settled scores
    received: float = 0.0
    run: str | None = None
    ended: bool = False  # a wafer has
    judged: bool = True  # nothing has come since


@dataclass
class ScoringWorkers:
    """Both threads.

    Args:
        committed: set when rows were committed.
        when_idle: called by the slow thread when nothing waits for it.
        after_turn: called by the quick thread after each turn, at least about every second.
    """

    database: LiveDatabase
    models: WatchedModels
    early: EarlyScorer
    settled: SettledScorer
    wafers: WaferJudge
    committed: threading.Event
    pause_s: float
    after_turn: Sequence[Callable[[], None]]
    when_idle: Sequence[Callable[[], None]]
    counts: WorkerCounts = field(default_factory=WorkerCounts)
    _open: dict[int, _Open] = field(default_factory=dict)
    _judging: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self._find_open()
        for name, work in (("live-early", self._quick), ("live-settled", self._slow)):
            thread = threading.Thread(target=self._loop, args=(work,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, patience_s: float) -> None:
        """End after the turn that is under way."""
        self._ended.set()
        self.committed.set()
        for thread in self._threads:
            thread.join(patience_s)

    @property
    def busy(self) -> bool:
        """Whether rows wait for a verdict on their wafer, or to be taken in for settled scores."""
        with self._guard:
            return self._judging or any(one.ended or not one.judged or one.pending for one in self._open.values())

    @property
    def unsettled(self) -> int:
        """Rows that wait to be taken in for settled scores."""
        with self._guard:
            return sum(one.pending for one in self._open.values())

    def _loop(self, work: Callable[[], None]) -> None:
        while not self._ended.is_set():
            try:
                work()
            except Exception:  # a full disk passes; what was not kept is done again
                self.counts.failures += 1
                _log.exception("live rows could not be scored")
                self._ended.wait(_AFTER_FAILURE_S)

    def _find_open(self) -> None:
        """What waited when the process ended."""
        with self.database.reading() as connection:
            for one in every_equipment(connection):
                pending = self.settled.waiting(connection, one.id)
                if pending:
                    self._open[one.id] = _Open(pending, one.received, judged=False, ended=True)

    def _quick(self) -> None:
        self.committed.clear()
        began = time.perf_counter()
        turn = self.early.turn()
        self.counts.early_s += time.perf_counter() - began
        self.counts.rows += turn.rows
        self.counts.skipped += turn.skipped
        with self._guard:
            for equipment, rows in turn.newest.items():
                _note(self._open.setdefault(equipment, _Open()), rows)
        for act in self.after_turn:
            act()
        if not turn.rows:
            self.committed.wait(TICK_S * 5)
        self._ended.wait(max(0.0, TICK_S - (time.perf_counter() - began)))

    def _slow(self) -> None:
        if not (self._judge_wafers() or self._settle()):
            for act in self.when_idle:
                act()
            self._ended.wait(TICK_S / 2)

    def _judge_wafers(self) -> bool:
        left = self._with_wafers()
        count = 0
        try:
            for equipment in self._equipment(left):
                watched = self.models.of(equipment)
                if watched is not None:
                    count += self.wafers.turn(equipment, watched)
                left.discard(equipment.id)
        finally:
            with self._guard:
                self._judging = False
                for one in left:  # a full disk, a locked file: its turn comes again
                    self._open[one].ended = True
        self.counts.wafers += count
        return count > 0

    def _with_wafers(self) -> set[int]:
        """Equipment of which a wafer has ended, or nothing has come for a while; it is noted as judged."""
        now = time.time()
        with self._guard:
            paused = {one for one, mine in self._open.items() if not mine.judged and now - mine.received > self.pause_s}
            ended = {one for one, mine in self._open.items() if mine.ended} | paused
            for one in ended:
                self._open[one].ended = False
            for one in paused:
                self._open[one].judged = True
            self._judging = bool(ended)
        return ended

    def _settle(self) -> bool:
        """One push: of the equipment with the most rows, or of one that sends nothing."""
        now = time.time()
        with self._guard:
            waiting = {one: mine.pending for one, mine in self._open.items() if mine.pending}
            idle = [one for one in waiting if now - self._open[one].received > IDLE_S]
        most = max(waiting, key=lambda one: waiting[one], default=None)
        chosen = most if most is not None and waiting[most] >= BLOCK else idle[0] if idle else None
        if chosen is None:
            return False
        block = MOST_BLOCK if sum(waiting.values()) > _MANY_BLOCKS * BLOCK else BLOCK
        rows = 0
        for equipment in self._equipment({chosen}):
            watched = self.models.of(equipment)
            if watched is not None:
                began = time.perf_counter()
                done = self.settled.push(equipment, watched, block)
                self.counts.settled_s += time.perf_counter() - began
                self.counts.settled += done.settled
                rows = done.rows
        with self._guard:
            mine = self._open[chosen]
            mine.pending = max(0, mine.pending - rows) if rows else 0
        return rows > 0

    def _equipment(self, ids: set[int]) -> list[EquipmentRecord]:
        if not ids:
            return []
        with self.database.reading() as connection:
            return equipment_by_id(connection, sorted(ids))


def _note(mine: _Open, rows: LoggedRows) -> None:
    runs = {mine.run, *rows.runs.tolist()} if mine.run is not None else set(rows.runs.tolist())
    mine.ended = mine.ended or len(runs) > 1
    mine.run = str(rows.runs[-1])
    mine.pending += len(rows)
    mine.received = float(rows.received[-1])
    mine.judged = False
