"""All of live monitoring in one process: log, scores, what is silent; started and stopped as one."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from waferwatch.errors import WaferwatchError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.learning.from_rows import LiveLearning
from waferwatch.live.learning.maintenance import AfterMaintenance, Maintenance
from waferwatch.live.learning.rebase import LiveRebase
from waferwatch.live.log.sealing import Keeping, Sealing
from waferwatch.live.log.writer import LogLimits, RowLog
from waferwatch.live.scored import AlarmSink
from waferwatch.live.scoring.early_scores import EarlyScorer
from waferwatch.live.scoring.recent import RecentScores
from waferwatch.live.scoring.settled_scores import SettledScorer
from waferwatch.live.scoring.wafer_verdicts import WaferJudge
from waferwatch.live.scoring.watched import Watch, WatchedModels, add_watch, remove_watch
from waferwatch.live.scoring.workers import ScoringWorkers
from waferwatch.live.silence import Silence
from waferwatch.live.sources.configured import read_sources
from waferwatch.live.sources.replays import Replays
from waferwatch.live.sources.running import RunningSources
from waferwatch.live.writer_lock import WriterLock
from waferwatch.settings import Settings
from waferwatch.store.monitors.names import check_monitor_name
from waferwatch.store.store import Store

FOLDER, FILE = "live", "live.sqlite"
_REFRESH_S = 5.0  # between two looks at which versions are in use
_PATIENCE_S = 10.0
_log = logging.getLogger("waferwatch.live")


class LiveOffError(WaferwatchError):
    """Live monitoring does not run in this process."""

    status, exit_code, code = 503, 2, "live_off"


@dataclass(frozen=True)
class LiveParts:
    """What runs."""

    database: LiveDatabase
    log: RowLog
    models: WatchedModels
    early: EarlyScorer
    recent: RecentScores
    maintenance: Maintenance
    workers: ScoringWorkers
    learning: LiveLearning
    sources: RunningSources
    replays: Replays

    @property
    def waiting(self) -> int:
        """Rows in the log that have no early score yet."""
        return max(0, self.log.position - self.early.position)


class LiveService:
    """Nothing is opened before ``start``.

    Args:
        sink: takes what was scored, and raises alarms.
    """

    def __init__(self, settings: Settings, store: Store, sink: AlarmSink) -> None:
        self._settings = settings
        self._store = store
        self._sink = sink
        self._lock = WriterLock(settings.data_dir / FOLDER)
        self._parts: LiveParts | None = None
        self._refused: WaferwatchError | None = None
        self._refreshed = 0.0

    @property
    def parts(self) -> LiveParts:
        """
        Raises:
            WaferwatchError: live monitoring does not run, and why.
        """
        if self._refused is not None:
            raise LiveOffError(self._refused.message_template, hint=self._refused.hint_template, **self._refused.values)
        if self._parts is None:
            raise LiveOffError(
                "Live monitoring is switched off.", hint="Set WAFERWATCH_LIVE=true and start the server again."
            )
        return self._parts

    @property
    def running(self) -> LiveParts | None:
        """What runs; None where nothing does."""
        return self._parts

    def start(self) -> None:
        """Begin to take rows in and to score them.

        Raises:
            InputError: another process does so for this data folder.
            StoreError: the file of live data cannot be used.
        """
        self._lock.take()
        try:
            database = LiveDatabase(self._settings.data_dir / FOLDER / FILE)
        except BaseException:
            self._lock.release()
            raise
        self._parts = self._made(database)
        self.refresh()
        self._parts.log.start()
        self._parts.workers.start()
        self._parts.learning.start()
        self._parts.replays.begin()
        if self._settings.live_sources:
            tables = read_sources(Path(self._settings.live_sources)).sources
            self._parts.sources.start(tables, database, self._parts.log, self._watch_source)

    def try_start(self) -> None:
        """As ``start``; where that fails the server works without it and says why to requests for live data."""
        try:
            self.start()
        except WaferwatchError as error:
            _log.warning("live monitoring does not run: %s", error)
            self.stop()
            self._refused = error

    def stop(self) -> None:
        """Commit what was handed in, and end; what is not scored yet is scored after the next start."""
        running, self._parts = self._parts, None
        if running is not None:
            running.sources.stop()
            running.replays.stop()
            running.learning.stop()
            running.log.stop()
            running.workers.stop(_PATIENCE_S)
            running.database.close()
        self._lock.release()

    def refresh(self) -> None:
        """See which monitors watch, and which of their versions are in use."""
        self._refreshed = time.monotonic()
        with self.parts.database.reading() as connection:
            self.parts.models.refresh(connection)

    def watch(self, watch: Watch) -> None:
        """Let a monitor watch sources and equipment from now on.

        Raises:
            NotFoundError, InputError: when there is no such monitor, or no version of it is in use; where it is to be
                learnt from the rows that come, when its name cannot be one.
        """
        if watch.learns:
            check_monitor_name(watch.monitor)
        else:
            self._store.monitors.version(watch.monitor)
        with self.parts.database.writing() as connection:
            add_watch(connection, watch)
        self.refresh()

    def end_watch(self, source: str, equipment: str) -> bool:
        """Whether there was such a watch."""
        with self.parts.database.writing() as connection:
            found = remove_watch(connection, source, equipment)
        self.refresh()
        return found

    def _watch_source(self, source: str, monitor: str) -> None:
        self.watch(Watch(source, "*", monitor))

    def _made(self, database: LiveDatabase) -> LiveParts:
        settings, models, recent = self._settings, WatchedModels(self._store), RecentScores()
        log = RowLog(database, LogLimits(settings.live_max_mb, settings.live_max_waiting_rows))
        rebase_wafers = settings.live_rebase_wafers if settings.live_rebase != "off" else 0
        after = AfterMaintenance(settings.live_quiet_wafers, rebase_wafers)
        maintenance = Maintenance(database, log, self._sink, after)
        early = EarlyScorer(database, models, self._sink, recent, maintenance)
        log.waiting = lambda: max(0, log.position - early.position)
        silence = Silence(database, self._sink, settings.live_silence_s)
        workers = ScoringWorkers(
            database,
            models,
            early,
            SettledScorer(database),
            WaferJudge(database, self._sink, maintenance, settings.live_pause_s),
            log.committed,
            settings.live_pause_s,
            (self._look_again, silence.look),
            (Sealing(database, Keeping(settings.live_keep_hours, settings.live_keep_days), models.will_score).look,),
        )
        rebasing = LiveRebase(database, self._store, models, maintenance, activate=settings.live_rebase == "active")
        learning = LiveLearning(database, self._store, models, maintenance, (rebasing.look,))
        replays = Replays(database, log, self._store.datasets.table)
        return LiveParts(
            database, log, models, early, recent, maintenance, workers, learning, RunningSources(), replays
        )

    def _look_again(self) -> None:
        if time.monotonic() - self._refreshed > _REFRESH_S:
            self.refresh()
