"""A table as a live source, at any speed: live monitoring without a tool."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from waferwatch.errors import InputError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.chunks import ROWS, patiently
from waferwatch.live.sources.forms.table_rows import live_rows
from waferwatch.live.sources.source import Taker
from waferwatch.read.table import Table

MARK = "replayed rows"  # how far it is, kept with the rows
_TICK_S = 0.1
_NS = 1e9
_PATIENCE_S = 10.0


class ReplaySource:
    """Hands over the rows of a table in the order of their times.

    Args:
        speed: times as fast as they were recorded; 0: as fast as they are taken.
        keep_times: as they are in the table, so that a second replay gives nothing new; otherwise the first row is now.
        report: called with the number of rows handed over so far.
        first: how many rows were handed over before; it goes on behind them.
        shift: nanoseconds that are added to every time; None: as ``keep_times`` says.
    """

    def __init__(
        self,
        table: Table,
        name: str,
        *,
        speed: float = 1.0,
        keep_times: bool = False,
        report: Callable[[int], None] = lambda _rows: None,
        first: int = 0,
        shift: int | None = None,
    ) -> None:
        if not 0 <= speed <= 1e6:
            raise InputError(
                "The speed cannot be {speed}.",
                hint="Give a number from 0, which is as fast as can be, to 1,000,000.",
                field="speed",
                speed=speed,
            )
        self.name = name
        self._speed = speed
        self._rows = list(live_rows(table, name, time.time_ns()))
        now = time.time_ns() - self._rows[0].time if self._rows and not keep_times else 0
        self.shift = now if shift is None else shift
        self._report = report
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.sent = first
        self.failure: Exception | None = None

    @property
    def rows(self) -> int:
        """How many there are in all."""
        return len(self._rows)

    @property
    def done(self) -> bool:
        """Whether all rows were handed over, or it was stopped."""
        return self._thread is not None and not self._thread.is_alive()

    def start(self, taker: Taker) -> None:
        """Begin with the first row."""
        self._thread = threading.Thread(target=self._work, args=(taker,), name=f"replay-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End where it is, also when rows were refused before: ``failure`` says so."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)

    def wait(self, longest_s: float | None = None) -> None:
        """Until all rows are handed over.

        Raises:
            WaferwatchError: rows were refused.
        """
        if self._thread is not None:
            self._thread.join(longest_s)
        if self.failure is not None:
            raise self.failure

    def _work(self, taker: Taker) -> None:
        began, first = time.monotonic(), self.sent
        try:
            while self.sent < len(self._rows) and not self._ended.is_set():
                due = self._due(first, time.monotonic() - began)
                if due:
                    marks = {MARK: self.sent + len(due)}
                    if patiently(taker, self.name, due, self._ended, marks) is not None:
                        self.sent += len(due)
                        self._report(self.sent)
                else:
                    self._ended.wait(_TICK_S)
        except Exception as error:
            self.failure = error

    def _due(self, first: int, elapsed_s: float) -> Sequence[LiveRow]:
        rest = self._rows[self.sent : self.sent + ROWS]
        if self._speed:
            until = self._rows[first].time + elapsed_s * self._speed * _NS
            rest = [row for row in rest if row.time <= until]
        return [replace(row, time=row.time + self.shift) for row in rest]
