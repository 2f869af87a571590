"""Equipment over SECS/GEM: traces (S6F1) are rows, events (S6F11) say which lot, wafer, recipe and step they belong to.

The reply to either goes out only once what it brought is on the disk. A trace ends after its samples and is asked for
again before that. GEM allows one host: where a MES holds it, rows come from its bus. Needs the extra ``secs``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from waferwatch.errors import InputError, MissingExtraError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.chunks import patiently
from waferwatch.live.sources.forms.texts import number_of, text_of
from waferwatch.live.sources.source import SourceStatus, Taker
from waferwatch.read.table import Note

CONTEXT = ("lot", "wafer", "recipe", "step", "state")
TRACE = 1  # number of our trace
LONGEST_S = 30.0  # an equipment waits 45 s for a reply (T3); later it would be of no use
_RENEWED_AT = 0.9  # of its samples, after which a trace is asked for again
_PATIENCE_S = 5.0
_NS = 1_000_000_000
_log = logging.getLogger("waferwatch.live")


@dataclass(frozen=True)
class SecsOptions:
    """One equipment, and what its numbers mean."""

    name: str
    equipment: str
    host: str
    port: int = 5000
    active: bool = True  # we connect; False: the equipment does, to this address
    session: int = 0
    sensors: Mapping[int, str] = field(default_factory=dict)  # SVID -> sensor
    events: Mapping[int, Mapping[int, str]] = field(default_factory=dict)  # CEID -> VID -> lot, wafer, recipe ...
    period_s: float = 1.0
    samples: int = 100_000  # of one trace
    group: int = 1  # samples of one message


class SecsSource:
    """Host of one equipment.

    Args:
        kept: lot, wafer, recipe ... as they were kept last.
        keep: keeps them; they are on the disk when it returns.
    """

    def __init__(
        self,
        options: SecsOptions,
        kept: Callable[[], Mapping[str, str]] = dict,
        keep: Callable[[Mapping[str, str]], None] = lambda _context: None,
    ) -> None:
        self.name = options.name
        self._options = options
        self._context = dict(kept())
        self._keep = keep
        self._taker: Taker | None = None
        self._handler: Any = None
        self._ended = threading.Event()
        self._reports = {number: list(vids.items()) for number, vids in enumerate(options.events.values(), start=1)}
        unknown = {name for vids in options.events.values() for name in vids.values()} - set(CONTEXT)
        if unknown or not options.sensors:
            raise InputError(
                "The map of the equipment {equipment} cannot be used.",
                hint="Give it sensors (SVID = name), and events whose values are among {names}.",
                field="sensors",
                equipment=options.equipment,
                names=", ".join(CONTEXT),
            )

    def start(self, taker: Taker) -> None:
        """
        Raises:
            MissingExtraError: secsgem is not installed.
        """
        self._taker = taker
        self._handler = handler = self._made()
        handler.register_stream_function(6, 1, self._on_trace)
        handler.register_stream_function(6, 11, self._on_event)
        handler.events.handler_communicating += self._on_communicating
        in_daemon(handler.enable)

    def status(self) -> SourceStatus:
        """Connected while the equipment communicates, as GEM means it."""
        options = self._options
        values: dict[str, object] = {"equipment": options.equipment, "address": f"{options.host}:{options.port}"}
        if self._handler is not None and self._handler.communication_state.current.name == "COMMUNICATING":
            return SourceStatus(True)
        if options.active:
            return SourceStatus(False, Note("{equipment} does not answer at {address}.", values))
        return SourceStatus(False, Note("{equipment} has not connected to {address}.", values))

    def stop(self) -> None:
        """What was not accepted is not replied to: the equipment keeps it, where it spools."""
        self._ended.set()
        if self._handler is not None:
            in_daemon(self._handler.disable)

    def _made(self) -> Any:
        try:
            import secsgem.common
            import secsgem.gem
            import secsgem.hsms
        except ImportError as error:
            raise MissingExtraError(
                "SECS/GEM needs the extra secs, which is not installed.",
                hint="Install it with: pip install 'waferwatch[secs]'",
            ) from error
        mode = secsgem.hsms.HsmsConnectMode
        settings = secsgem.hsms.HsmsSettings(
            address=self._options.host,
            port=self._options.port,
            session_id=self._options.session,
            connect_mode=mode.ACTIVE if self._options.active else mode.PASSIVE,
            device_type=secsgem.common.DeviceType.HOST,
        )
        return secsgem.gem.GemHostHandler(settings)

    def _on_communicating(self, _event: Any) -> None:
        """Asks the equipment for what we want; in a thread of its own, since it waits for replies."""
        threading.Thread(target=self._set_up, name=f"secs-{self.name}", daemon=True).start()

    def _set_up(self) -> None:
        try:
            self._handler.clear_collection_events()
            for report, (event, vids) in enumerate(self._options.events.items(), start=1):
                self._handler.subscribe_collection_event(event, list(vids), report)
            self._ask_for_trace()
        except Exception as error:  # the connection broke meanwhile: it is set up with the next one
            _log.warning("%s could not be set up: %s", self.name, error)

    def _ask_for_trace(self) -> None:
        options = self._options
        asked = {
            "TRID": TRACE,
            "DSPER": period_text(options.period_s),
            "TOTSMP": options.samples,
            "REPGSZ": options.group,
            "SVID": list(options.sensors),
        }
        self._handler.send_and_waitfor_response(self._handler.stream_function(2, 23)(asked))

    def _on_trace(self, handler: Any, message: Any) -> Any:
        """S6F1; None leaves it without a reply."""
        function = handler.settings.streams_functions.decode(message)
        said = function.get()
        if not self._accept(self._rows(str(said["STIME"]), said["SV"])):
            return None
        if int(said["SMPLN"]) >= _RENEWED_AT * self._options.samples:
            threading.Thread(target=self._ask_for_trace, daemon=True).start()
        return handler.stream_function(6, 2)(0)

    def _on_event(self, handler: Any, message: Any) -> Any:
        """S6F11."""
        said = handler.settings.streams_functions.decode(message).get()
        for report in said["RPT"]:
            for (_, name), value in zip(self._reports.get(int(report["RPTID"]), []), report["V"], strict=False):
                self._context[name] = text_of(value)
        try:
            self._keep(self._context)
        except Exception as error:
            _log.warning("an event of %s could not be kept: %s", self.name, error)
            return None
        return handler.stream_function(6, 12)(0)

    def _rows(self, time_text: str, values: Sequence[Any]) -> list[LiveRow]:
        """Samples of one message, the last of which was at its time."""
        names = list(self._options.sensors.values())
        count = len(values) // len(names)
        last, period = stime(time_text), round(self._options.period_s * _NS)
        return [
            LiveRow(
                self._options.equipment,
                last - (count - 1 - sample) * period,
                {
                    name: _number(value)
                    for name, value in zip(names, values[sample * len(names) : (sample + 1) * len(names)], strict=True)
                },
                **self._context,  # type: ignore[arg-type]
            )
            for sample in range(count)
        ]

    def _accept(self, rows: list[LiveRow]) -> bool:
        if self._taker is None:
            return False
        return patiently(self._taker, self.name, rows, self._ended, longest_s=LONGEST_S) is not None


def period_text(seconds: float) -> str:
    """hhmmss, or hhmmsscc where it is not a whole number of seconds (DSPER of SEMI E5)."""
    whole = int(seconds)
    text = f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}"
    return text if seconds == whole else text + f"{round((seconds - whole) * 100):02d}"


def stime(text: str) -> int:
    """Nanoseconds since 1970: YYYYMMDDhhmmss with hundredths or without, YYMMDDhhmmss, or ISO 8601.

    Raises:
        InputError: it is none of these.
    """
    plain = text.strip().strip("\x00")
    digits = "".join(letter for letter in plain if letter.isdigit())
    try:
        if "T" in plain or "-" in plain:
            return int(np.datetime64(plain[:23].replace(" ", "T").rstrip("Z"), "ns").astype(np.int64))
        if len(digits) == 12:
            digits = ("20" if int(digits[:2]) < 70 else "19") + digits
        day, clock = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}", f"{digits[8:10]}:{digits[10:12]}:{digits[12:14]}"
        fraction = f".{digits[14:]}" if len(digits) > 14 else ""
        return int(np.datetime64(f"{day}T{clock}{fraction}", "ns").astype(np.int64))
    except ValueError as error:
        raise InputError(
            "The time of a trace cannot be read: {text}.",
            hint="Set the equipment's TimeFormat to 1: YYYYMMDDhhmmsscc.",
            text=plain[:40],
        ) from error


def _number(value: Any) -> float:
    found = number_of(value[0] if isinstance(value, list) and len(value) == 1 else value)
    return float("nan") if found is None else found


def in_daemon(work: Callable[[], object]) -> None:
    """Let secsgem 0.3.0 start and end its threads from one that nobody waits for when the process ends.

    What it starts is a daemon then as well. Its accepting thread may outlive ``disable``, which may wait for it for
    ever: the server could not end.
    """
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(_PATIENCE_S)
