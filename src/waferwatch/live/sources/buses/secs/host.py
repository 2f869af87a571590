"""Rows from a tool that speaks SECS-II over HSMS (SEMI E5, E30, E37). waferwatch is its host.

The tool is asked for traces with S2F23 and sends them as S6F1; events come as S6F11. The reply to either goes out once
the rows are on the disk, so that a tool that spools sends again what was not kept.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from waferwatch.errors import InputError, MissingExtraError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.buses.insist import insist
from waferwatch.live.sources.buses.report import SourceReport
from waferwatch.live.sources.buses.secs.ending import hang_up
from waferwatch.live.sources.buses.secs.reports import ToolReports
from waferwatch.live.sources.buses.secs.times import period_text
from waferwatch.live.sources.buses.settings import SecsSettings, TraceSettings
from waferwatch.live.sources.source import Taker

if TYPE_CHECKING:
    from secsgem.gem import GemHostHandler

_SETUP_RETRY_S = 10.0
_TICK_S = 0.5
_PATIENCE_S = 10.0


class SecsSource:
    """One tool. A thread of its own asks for traces when the tool communicates, and again before they end."""

    def __init__(self, settings: SecsSettings) -> None:
        self.name = settings.name
        self.report = SourceReport()
        self._settings = settings
        self._reports = ToolReports(settings)
        self._stop = threading.Event()
        self._asked: dict[int, float] = {}  # TRID -> until when its samples come, by the monotonic clock
        self._subscribed: dict[int, list[tuple[int, list[str]]]] = {}  # RPTID -> events and places of its values
        self._thread: threading.Thread | None = None
        self._host: GemHostHandler | None = None
        self._taker: Taker | None = None

    def start(self, taker: Taker) -> None:
        """Begin; a tool that cannot be reached is tried again and again.

        Raises:
            MissingExtraError: secsgem is not installed.
        """
        self._taker = taker
        host = self._host = self._made()
        host.register_stream_function(6, 1, self._on_trace)
        host.register_stream_function(6, 11, self._on_event)
        host.events.disconnected += self._on_disconnected
        host.enable()
        self._thread = threading.Thread(target=self._keep_up, args=(host,), name=f"secs-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; a tool that spools keeps what comes now for the next start."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)
        if self._host is not None:
            hang_up(self._host)

    def _made(self) -> GemHostHandler:
        try:
            from secsgem.common import DeviceType
            from secsgem.gem import GemHostHandler
            from secsgem.hsms import HsmsConnectMode, HsmsSettings
        except ImportError as error:
            raise MissingExtraError(
                "SECS/GEM needs the package secsgem.", hint="Install it: pip install 'waferwatch[secs]'."
            ) from error
        mode = HsmsConnectMode.ACTIVE if self._settings.mode == "active" else HsmsConnectMode.PASSIVE
        return GemHostHandler(
            HsmsSettings(
                address=self._settings.host,
                port=self._settings.port,
                connect_mode=mode,
                session_id=self._settings.session,
                device_type=DeviceType.HOST,
            )
        )

    def _keep_up(self, host: GemHostHandler) -> None:
        """Ask the tool for what the settings name, whenever it communicates."""
        while not self._stop.is_set():
            if not host.waitfor_communicating(_TICK_S):
                self.report.connected(False, self.report.state.problem)
                continue
            try:
                self._set_up(host)
            except Exception as error:  # whatever a tool answers; the next try may succeed
                self.report.waits(f"the tool could not be set up: {error}")
                self._stop.wait(_SETUP_RETRY_S)
                continue
            self._stop.wait(_TICK_S)

    def _set_up(self, host: GemHostHandler) -> None:
        if not self.report.state.connected:
            self._subscribe(host)
            self.report.connected(True)
        for trace in self._settings.traces:
            if time.monotonic() >= self._asked.get(trace.id, 0.0):
                self._ask(host, trace)

    def _subscribe(self, host: GemHostHandler) -> None:
        self._subscribed = {}
        if not self._settings.events:
            return
        host.clear_collection_events()
        for number, (ceid, event) in enumerate(self._settings.events.items(), start=1):
            self._subscribed.setdefault(number, []).append((ceid, list(event.values)))
            host.subscribe_collection_event(ceid, list(event.values.values()), number)

    def _ask(self, host: GemHostHandler, trace: TraceSettings) -> None:
        """Ask for a trace; again a little before its last sample, which ends the former one."""
        from secsgem.secs.variables import U4

        said = {
            "TRID": trace.id,
            "DSPER": period_text(trace.period_s),
            "TOTSMP": U4(trace.samples),
            "REPGSZ": U4(trace.group),
            "SVID": list(trace.sensors.values()),
        }
        answer = host.send_and_waitfor_response(host.stream_function(2, 23)(said))
        code = None if answer is None else host.settings.streams_functions.decode(answer).get()
        if code != 0:
            raise InputError(
                "The tool refused the trace {trid} (TIAACK {code}).", hint="See its manual.", trid=trace.id, code=code
            )
        lasts = trace.samples * trace.period_s
        self._asked[trace.id] = time.monotonic() + lasts - min(2 * trace.period_s, lasts / 10)

    def _on_disconnected(self, _data: Any) -> None:
        self._asked.clear()
        self.report.connected(False, "the connection to the tool ended")

    def _on_trace(self, host: GemHostHandler, message: Any) -> Any:
        said = host.settings.streams_functions.decode(message).get()
        try:
            rows = self._reports.trace(int(said["TRID"]), int(said["SMPLN"]), str(said["STIME"]), said["SV"])
        except InputError as error:
            self.report.refused(str(error))
            rows = []
        return host.stream_function(6, 2)(0) if self._kept(rows) else None

    def _on_event(self, host: GemHostHandler, message: Any) -> Any:
        said = host.settings.streams_functions.decode(message).get()
        values: dict[str, Any] = {}
        for report in said["RPT"]:
            for ceid, places in self._subscribed.get(report["RPTID"], []):
                if ceid == said["CEID"]:
                    values |= dict(zip(places, report["V"], strict=False))
        rows = self._reports.event(int(said["CEID"]), values)
        return host.stream_function(6, 12)(0) if self._kept(rows) else None

    def _kept(self, rows: list[LiveRow]) -> bool:
        if not rows or self._taker is None:
            return True
        return insist(self._taker, self.name, rows, self.report, self._stop)
