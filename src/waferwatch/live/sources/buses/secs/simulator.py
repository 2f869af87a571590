"""A simulated etch chamber that speaks SECS/GEM, to try the source without a tool: wafers of the virtual fab."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from waferwatch.errors import MissingExtraError
from waferwatch.live.sources.buses.secs.ending import hang_up

WAFER_STARTED, STEP_STARTED, WAFER_ENDED = 100, 101, 102  # collection events
LOT, WAFER, RECIPE, STEP = 1, 2, 3, 4  # variables of their reports
FIRST_SENSOR = 1001  # variables of the sensors follow from here
_NAMES = {LOT: "lot", WAFER: "wafer", RECIPE: "recipe", STEP: "step"}


@dataclass(frozen=True)
class _Trace:
    trid: Any
    period_s: float
    samples: int
    group: int
    variables: Sequence[int]


class ToolSimulator:
    """A tool that waits for a host on a port, and sends the rows of a frame when it is asked for a trace.

    Args:
        frame: rows of one equipment, with lot, wafer, recipe and step.
        sensors: columns that the host may ask for; the first one is variable 1001.
        speed: how many times faster than the trace's period samples are sent; 0: as fast as they are answered.
    """

    def __init__(self, frame: pd.DataFrame, sensors: Sequence[str], port: int, speed: float = 1.0) -> None:
        self._frame, self._sensors, self._speed = frame, list(sensors), speed
        self._equipment = _equipment(port)
        self._stop = threading.Event()
        self._traces: dict[Any, threading.Event] = {}  # TRID -> set to end it
        self._reports: dict[int, list[int]] = {}
        self._links: dict[int, list[int]] = {}
        self._place = 0  # of the next row
        self.acknowledged = 0  # samples that the host has answered
        for function in (23, 33, 35, 37):
            self._equipment.register_stream_function(2, function, getattr(self, f"_s2f{function}"))

    def start(self) -> None:
        """Listen."""
        self._equipment.enable()

    def stop(self) -> None:
        """Send nothing more, and hang up."""
        self._stop.set()
        for end in self._traces.values():
            end.set()
        hang_up(self._equipment)

    @property
    def is_done(self) -> bool:
        """Whether every row was sent."""
        return self._place >= len(self._frame)

    def _s2f33(self, handler: Any, message: Any) -> Any:
        for report in _decoded(handler, message)["DATA"]:
            self._reports[report["RPTID"]] = list(report["VID"])
        return handler.stream_function(2, 34)(0)

    def _s2f35(self, handler: Any, message: Any) -> Any:
        for link in _decoded(handler, message)["DATA"]:
            self._links[link["CEID"]] = list(link["RPTID"])
        return handler.stream_function(2, 36)(0)

    def _s2f37(self, handler: Any, _message: Any) -> Any:
        return handler.stream_function(2, 38)(0)

    def _s2f23(self, handler: Any, message: Any) -> Any:
        """Begin a trace; one of the same number ends."""
        said = _decoded(handler, message)
        period = _seconds(str(said["DSPER"]))
        trace = _Trace(said["TRID"], period, int(said["TOTSMP"]), int(said["REPGSZ"]), list(said["SVID"]))
        if any(not 0 <= one - FIRST_SENSOR < len(self._sensors) for one in trace.variables):
            return handler.stream_function(2, 24)(4)  # unknown variable
        former, self._traces[trace.trid] = self._traces.get(trace.trid), threading.Event()
        if former is not None:
            former.set()
        threading.Thread(target=self._send, args=(trace, self._traces[trace.trid]), daemon=True).start()
        return handler.stream_function(2, 24)(0)

    def _send(self, trace: _Trace, end: threading.Event) -> None:
        for sample in range(trace.group, trace.samples + 1, trace.group):
            rows = self._frame.iloc[self._place : self._place + trace.group]
            if len(rows) < trace.group or end.is_set() or self._stop.is_set():
                return
            self._announce(self._place)
            if not self._send_samples(trace, sample, rows):
                return
            self._place += trace.group
            self.acknowledged += trace.group
            if self._speed and end.wait(trace.period_s * trace.group / self._speed):
                return

    def _send_samples(self, trace: _Trace, sample: int, rows: pd.DataFrame) -> bool:
        names = [self._sensors[one - FIRST_SENSOR] for one in trace.variables]
        tool = self._equipment
        said = {
            "TRID": trace.trid,
            "SMPLN": sample,
            "STIME": pd.Timestamp(rows["timestamp"].iloc[-1]).strftime("%Y%m%d%H%M%S%f")[:16],
            "SV": [float(value) for value in rows[names].to_numpy().ravel()],
        }
        return tool.send_and_waitfor_response(tool.stream_function(6, 1)(said)) is not None

    def _announce(self, place: int) -> None:
        """Events where wafer or step change."""
        row = self._frame.iloc[place]
        before = self._frame.iloc[place - 1] if place else None
        if before is None or tuple(before[["lot", "wafer"]]) != tuple(row[["lot", "wafer"]]):
            if before is not None:
                self._event(WAFER_ENDED, before)
            self._event(WAFER_STARTED, row)
        if before is None or before["step"] != row["step"]:
            self._event(STEP_STARTED, row)

    def _event(self, ceid: int, row: Mapping[Any, Any] | pd.Series[Any]) -> None:
        if ceid not in self._links:
            return
        reports = [
            {"RPTID": report, "V": [str(row[_NAMES[one]]) for one in self._reports[report]]}
            for report in self._links[ceid]
        ]
        tool = self._equipment
        tool.send_and_waitfor_response(tool.stream_function(6, 11)({"DATAID": 1, "CEID": ceid, "RPT": reports}))


def _equipment(port: int) -> Any:
    try:
        from secsgem.common import DeviceType
        from secsgem.gem import GemEquipmentHandler
        from secsgem.hsms import HsmsConnectMode, HsmsSettings
    except ImportError as error:
        raise MissingExtraError(
            "SECS/GEM needs the package secsgem.", hint="Install it: pip install 'waferwatch[secs]'."
        ) from error
    settings = HsmsSettings(
        address="127.0.0.1", port=port, connect_mode=HsmsConnectMode.PASSIVE, device_type=DeviceType.EQUIPMENT
    )
    return GemEquipmentHandler(settings)


def _decoded(handler: Any, message: Any) -> Any:
    return handler.settings.streams_functions.decode(message).get()


def _seconds(period: str) -> float:
    hundredths = int(period[6:8] or 0)
    return int(period[:2]) * 3600 + int(period[2:4]) * 60 + int(period[4:6]) + hundredths / 100
