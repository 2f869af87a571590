"""The sources of the settings file, started and stopped with the server."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from waferwatch.errors import WaferwatchError
from waferwatch.live.sources.buses.kinds import BusSource, made
from waferwatch.live.sources.buses.settings import AnySource, read_sources, shown
from waferwatch.live.sources.source import MarkingTaker

_log = logging.getLogger("waferwatch.live")


class SourcesRunner:
    """Starts what the file names; a source that cannot work is reported and takes no other with it.

    Args:
        path: the settings file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._running: dict[str, tuple[AnySource, BusSource]] = {}
        self._failed: dict[str, tuple[AnySource, WaferwatchError]] = {}
        self.refused: WaferwatchError | None = None  # why the file cannot be read

    def start(self, taker: MarkingTaker) -> None:
        """Begin with all sources that are enabled."""
        try:
            found = read_sources(self._path)
        except WaferwatchError as error:
            _log.error("no sources were started: %s", error)
            self.refused = error
            return
        for settings in found:
            if settings.enabled:
                self._start(settings, taker)

    def stop(self) -> None:
        """End all of them."""
        for _, source in self._running.values():
            source.stop()
        self._running.clear()

    def answers(self) -> list[dict[str, Any]]:
        """Settings without secrets and the state of each, as plain JSON types."""
        running = [{**shown(settings), "state": source.report.to_dict()} for settings, source in self._running.values()]
        failed = [{**shown(settings), "failure": str(error)} for settings, error in self._failed.values()]
        return running + failed

    def _start(self, settings: AnySource, taker: MarkingTaker) -> None:
        try:
            source = made(settings)
            source.start(taker)
        except WaferwatchError as error:
            _log.error("the source %s was not started: %s", settings.name, error)
            self._failed[settings.name] = (settings, error)
            return
        self._running[settings.name] = (settings, source)
