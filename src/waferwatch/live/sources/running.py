"""The sources that a server reads by itself, while they run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.writer import RowLog
from waferwatch.live.sources.configured import SourceTable
from waferwatch.live.sources.source import LiveSource, SourceStatus
from waferwatch.read.table import Note

_log = logging.getLogger("waferwatch.live")


@dataclass(frozen=True)
class RunningSource:
    """One of the file of sources."""

    name: str
    kind: str  # folder, mqtt, kafka or secs
    monitor: str | None
    source: LiveSource | None  # None: it could not begin
    failure: WaferwatchError | None = None

    def status(self) -> SourceStatus:
        """How it stands."""
        if self.failure is not None:
            return SourceStatus(False, Note(self.failure.message_template, dict(self.failure.values)))
        return SourceStatus(False) if self.source is None else self.source.status()


class RunningSources:
    """All of the file."""

    def __init__(self) -> None:
        self._sources: list[RunningSource] = []

    def start(
        self,
        tables: Sequence[SourceTable],
        database: LiveDatabase,
        log: RowLog,
        watch: Callable[[str, str], None],
    ) -> None:
        """Begin with each. One that cannot work is reported, and stops no other.

        Args:
            watch: called with a source and the monitor that scores it.
        """
        for table in tables:
            source, failure = None, None
            try:
                source = table.made(database)
                if table.monitor is not None:
                    watch(table.name, table.monitor)
                source.start(log)
            except WaferwatchError as error:
                failure = error
            except OSError as error:
                failure = _unreadable(table.name, error)
            if failure is not None:
                _log.error("the live source %s does not run: %s", table.name, failure)
            self._sources.append(RunningSource(table.name, table.kind, table.monitor, source, failure))

    def stop(self) -> None:
        """End all of them."""
        for one in self._sources:
            if one.source is not None:
                one.source.stop()
        self._sources.clear()

    @property
    def all(self) -> list[RunningSource]:
        """In the order of the file."""
        return list(self._sources)


def _unreadable(name: str, error: OSError) -> InputError:
    return InputError(
        "A file that the live source {name} needs cannot be read: {reason}.",
        hint="Name a file that the server may read.",
        field="live_sources",
        name=name,
        reason=f"{error.filename or ''} {error.strerror or type(error).__name__}".strip(),
    )
