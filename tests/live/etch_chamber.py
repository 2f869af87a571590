"""A simulated etch chamber that speaks SECS/GEM: traces as they are asked for, an event at each wafer and step."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pandas as pd
import secsgem.common
import secsgem.gem
import secsgem.hsms

from waferwatch.live.sources.secs import in_daemon

STEP_EVENT = 300
VIDS = {301: "lot", 302: "wafer", 303: "recipe", 304: "step"}
FIRST_SVID = 1001


class EtchChamber:
    """Passive: a host connects to it. Rows of a table are its samples, one after the other."""

    def __init__(self, port: int) -> None:
        settings = secsgem.hsms.HsmsSettings(
            address="127.0.0.1",
            port=port,
            connect_mode=secsgem.hsms.HsmsConnectMode.PASSIVE,
            device_type=secsgem.common.DeviceType.EQUIPMENT,
        )
        self._handler = handler = secsgem.gem.GemHandler(settings)
        self.traces = 0  # how often one was asked for
        self._asked = threading.Event()
        self.svids: list[int] = []
        self.unanswered = 0
        for stream, function, reply in ((2, 33, 34), (2, 35, 36), (2, 37, 38)):
            handler.register_stream_function(stream, function, self._agree(reply))
        handler.register_stream_function(2, 23, self._on_trace_asked)
        in_daemon(handler.enable)

    def ready(self) -> bool:
        """Whether a host has asked for a trace."""
        return self._asked.is_set()

    def run(self, frame: pd.DataFrame) -> None:
        """Send rows; what gets no reply is sent again, as from a spool."""
        sensors = list(frame.columns[-len(self.svids) :])
        before = None
        for number, row in enumerate(frame.to_dict("records"), start=1):
            context = [str(row[name]) for name in VIDS.values()]
            if context != before:
                self._send(6, 11, {"DATAID": 1, "CEID": STEP_EVENT, "RPT": [{"RPTID": 1, "V": context}]})
                before = context
            stamp = row["timestamp"].strftime("%Y%m%d%H%M%S") + "00"
            values = [float(row[name]) for name in sensors]
            self._send(6, 1, {"TRID": 1, "SMPLN": number, "STIME": stamp, "SV": values})

    def close(self) -> None:
        in_daemon(self._handler.disable)

    def _send(self, stream: int, function: int, content: dict[str, Any]) -> None:
        for _ in self._attempts():
            answer = self._handler.send_and_waitfor_response(self._handler.stream_function(stream, function)(content))
            if answer is not None:
                return
            self.unanswered += 1

    def _attempts(self) -> Iterator[int]:
        yield from range(10)
        raise AssertionError("the host never replied")

    def _agree(self, reply: int) -> Any:
        return lambda handler, _message: handler.stream_function(2, reply)(0)

    def _on_trace_asked(self, handler: Any, message: Any) -> Any:
        self.svids = list(handler.settings.streams_functions.decode(message).get()["SVID"])
        self.traces += 1
        self._asked.set()
        return handler.stream_function(2, 24)(0)
