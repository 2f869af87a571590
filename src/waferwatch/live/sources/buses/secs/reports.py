"""Traces and events of a tool as live rows."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from waferwatch.errors import InputError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.buses.secs.times import SampleClock, nanoseconds_of
from waferwatch.live.sources.buses.settings import SecsSettings, TraceSettings

CONTEXT = ("lot", "wafer", "recipe", "step", "state", "run")


class ToolReports:
    """What a tool has said so far of lot, wafer, recipe, step and state holds for the samples that follow."""

    def __init__(self, settings: SecsSettings) -> None:
        self._equipment = settings.equipment
        self._traces = {trace.id: trace for trace in settings.traces}
        self._events = settings.events
        self._clocks = {trace.id: SampleClock(trace.period_s) for trace in settings.traces}
        self._context: dict[str, Any] = dict.fromkeys(CONTEXT, "")

    def trace(self, trid: int, sample: int, stime: str, values: Sequence[Any]) -> list[LiveRow]:
        """The samples of one S6F1, oldest first.

        Raises:
            InputError: a trace that was not asked for, or values that are not whole samples.
        """
        trace = self._traces.get(trid)
        if trace is None or not values or len(values) % len(trace.sensors):
            raise InputError(
                "The trace {trid} with {count} values is not as it was asked for.",
                hint="Compare its sensors with those of the tool.",
                trid=trid,
                count=len(values),
            )
        written = nanoseconds_of(stime)
        newest = self._clocks[trid].time_of(sample, time.time_ns() if written is None else written)
        return list(self._samples(trace, sample, newest, values))

    def _samples(self, trace: TraceSettings, newest: int, at: int, values: Sequence[Any]) -> Iterator[LiveRow]:
        width = len(trace.sensors)
        count = len(values) // width
        for number in range(count):
            back = count - 1 - number
            readings = {
                sensor: _number(value)
                for sensor, value in zip(trace.sensors, values[number * width : (number + 1) * width], strict=True)
            }
            yield LiveRow(
                self._equipment,
                at - back * round(trace.period_s * 1e9),
                readings,
                sequence=newest - back,
                **self._context,
            )

    def event(self, ceid: int, values: Mapping[str, Any]) -> list[LiveRow]:
        """What a collection event changes; a row where it brings readings.

        Args:
            values: place or sensor -> what the report has for it.
        """
        known = self._events.get(ceid)
        said: dict[str, Any] = dict(known.sets) if known is not None else {}
        said |= values
        self._context |= {name: _text(said[name]) for name in CONTEXT if name in said}
        readings = {name: _number(value) for name, value in said.items() if name not in CONTEXT}
        return [LiveRow(self._equipment, time.time_ns(), readings, **self._context)] if readings else []


def _number(value: Any) -> float:
    """A reading; NaN for what is no number."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return math.nan
    return found if math.isfinite(found) else math.nan


def _text(value: Any) -> str:
    return str(value).strip()
