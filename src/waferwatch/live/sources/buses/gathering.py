"""Readings that come one sensor at a time, put together to rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from waferwatch.live.log.rows import LiveRow


@dataclass
class _Open:
    """A row that is not complete yet."""

    row: LiveRow
    begun: float  # by this machine's monotonic clock
    readings: dict[str, float] = field(default_factory=dict)
    messages: list[Any] = field(default_factory=list)  # to acknowledge with it


class Gathering:
    """Readings of one equipment within one step of time are one row, at the beginning of that step.

    A row is complete when a reading of a later step has come, or when no more time than a step has passed since its
    first reading. What comes for it afterwards makes another row of the same time.

    Args:
        step_s: seconds.
    """

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._step = max(1, round(step_s * 1e9))
        self._open: dict[tuple[str, ...], _Open] = {}

    def add(self, row: LiveRow, message: Any) -> None:
        """A row with the reading of one sensor, and the message that it came with."""
        begin = row.time - row.time % self._step
        key = (row.equipment, str(begin), row.named_run, row.step)
        one = self._open.setdefault(key, _Open(replace(row, time=begin, readings={}), time.monotonic()))
        one.readings.update(row.readings)
        one.messages.append(message)

    def complete(self, everything: bool = False) -> Iterator[tuple[LiveRow, list[Any]]]:
        """Rows that are complete, oldest first, each with its messages.

        Args:
            everything: also those that are not.
        """
        now = time.monotonic()
        newest: dict[str, int] = {}
        for one in self._open.values():
            newest[one.row.equipment] = max(one.row.time, newest.get(one.row.equipment, 0))
        done = [
            key
            for key, one in self._open.items()
            if everything or one.row.time < newest[one.row.equipment] or now - one.begun >= self._step_s
        ]
        for key in sorted(done, key=lambda key: self._open[key].row.time):
            one = self._open.pop(key)
            yield replace(one.row, readings=one.readings), one.messages

    @property
    def waits(self) -> bool:
        """Whether any row is open."""
        return bool(self._open)
