"""All of live monitoring in one process: log, scores, what is silent; started and stopped as one."""

from __future__ import annotations

import time
from pathlib import Path

from waferwatch.errors import WaferwatchError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.writer import LogLimits, RowLog
from waferwatch.live.no_alarms import NoAlarms
from waferwatch.live.scored import AlarmSink
from waferwatch.live.scoring.early_scores import EarlyScorer
from waferwatch.live.scoring.settled_scores import SettledScorer
from waferwatch.live.scoring.wafer_verdicts import WaferJudge
from waferwatch.live.scoring.watched import Watch, WatchedModels, add_watch, remove_watch
from waferwatch.live.scoring.workers import ScoringWorkers
from waferwatch.live.writer_lock import WriterLock
from waferwatch.settings import Settings
from waferwatch.store.store import Store

FOLDER, FILE = "live", "live.sqlite"
_REFRESH_S = 5.0  # between two looks at which versions are in use
_PATIENCE_S = 10.0


class LiveOffError(WaferwatchError):
    """Live monitoring does not run in this process."""

    status, exit_code, code = 503, 2, "live_off"


class LiveService:
    """Use ``start`` once, then ``stop``.

    Args:
        sink: takes what was scored, and raises alarms.
    """

    def __init__(self, settings: Settings, store: Store, sink: AlarmSink | None = None) -> None:
        folder: Path = settings.data_dir / FOLDER
        self.settings = settings
        self._lock = WriterLock(folder)
        self._lock.take()
        self.database = LiveDatabase(folder / FILE)
        self.models = WatchedModels(store)
        alarms = sink or NoAlarms()
        self._early = EarlyScorer(self.database, self.models, alarms)
        limits = LogLimits(settings.live_max_mb, settings.live_max_waiting_rows)
        self.log = RowLog(self.database, limits, self.waiting)
        self.workers = ScoringWorkers(
            self.database,
            self.models,
            self._early,
            SettledScorer(self.database),
            WaferJudge(self.database, alarms, settings.live_pause_s),
            self.log.committed,
            settings.live_pause_s,
            self._after_turn,
        )
        self._refreshed = 0.0

    def start(self) -> None:
        """Begin to take rows in and to score them."""
        self.refresh()
        self.log.start()
        self.workers.start()

    def stop(self) -> None:
        """Commit what was handed in, and end; what is not scored yet is scored after the next start."""
        self.log.stop()
        self.workers.stop(_PATIENCE_S)
        self.database.close()
        self._lock.release()

    def waiting(self) -> int:
        """Rows in the log that have no early score yet."""
        return max(0, self.log.position - self._early.position)

    def refresh(self) -> None:
        """See which monitors watch, and which of their versions are in use."""
        self._refreshed = time.monotonic()
        with self.database.reading() as connection:
            self.models.refresh(connection)

    def watch(self, watch: Watch) -> None:
        """Let a monitor watch sources and equipment from now on."""
        with self.database.writing() as connection:
            add_watch(connection, watch)
        self.refresh()

    def end_watch(self, source: str, equipment: str) -> bool:
        """Whether there was such a watch."""
        with self.database.writing() as connection:
            found = remove_watch(connection, source, equipment)
        self.refresh()
        return found

    def _after_turn(self) -> None:
        if time.monotonic() - self._refreshed > _REFRESH_S:
            self.refresh()
