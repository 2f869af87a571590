"""What the server counts and measures, in the Prometheus text format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE

from waferwatch.live.numbers import LiveNumbers
from waferwatch.store.runs import Run, State
from waferwatch.web.process.live_metrics import LiveCollector

__all__ = ["CONTENT_TYPE", "Telemetry"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

# Without the moment at which each series began: a line for each that nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Telemetry:
    """Metrics of one server. Labels must come from a small fixed set, never from what a visitor sends."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        counter, gauge = partial(Counter, registry=self._registry), partial(Gauge, registry=self._registry)
        self._requests = counter(
            "waferwatch_requests", "Requests answered, by route, method and status.", ("route", "method", "status")
        )
        self._request_seconds = Histogram(
            "waferwatch_request_seconds",
            "Seconds spent on requests, by route.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._detections = counter("waferwatch_detections", "Detections run, by detector.", ("detector",))
        self._detection_seconds = counter(
            "waferwatch_detection_seconds", "Seconds spent detecting, by detector.", ("detector",)
        )
        self._runs = counter(
            "waferwatch_runs", "Runs that ended after they had begun, by kind and state.", ("kind", "state")
        )
        self._uploads = counter("waferwatch_uploads", "Data sets uploaded.")
        self._waiting = gauge("waferwatch_queue_waiting", "Runs that wait.")
        self._running = gauge("waferwatch_queue_running", "Runs that are worked on.")
        self._alarms = gauge("waferwatch_alarms", "Alarms, by state.", ("state",))
        self._messages = gauge("waferwatch_messages", "Messages about alarms, by state.", ("state",))
        self._count_alarms: Callable[[], tuple[Mapping[str, int], Mapping[str, int]] | None] = lambda: None
        ProcessCollector(registry=self._registry)

    def watch_live(self, live: Callable[[], LiveNumbers | None]) -> None:
        """Read what live monitoring has done whenever somebody asks."""
        self._registry.register(LiveCollector(live))

    def watch_queue(self, waiting: Callable[[], int], running: Callable[[], int]) -> None:
        """Read the number of runs that wait and that are worked on whenever somebody asks."""
        self._waiting.set_function(waiting)
        self._running.set_function(running)

    def watch_alarms(self, counts: Callable[[], tuple[Mapping[str, int], Mapping[str, int]] | None]) -> None:
        """Read how many alarms and messages are in each state whenever somebody asks.

        Args:
            counts: None where that is not known now.
        """
        self._count_alarms = counts

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, method, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def count_upload(self) -> None:
        """Count a data set that was uploaded."""
        self._uploads.inc()

    def count_run(self, run: Run, state: State, seconds: float) -> None:
        """Count a run that ended."""
        self._runs.labels(run.kind, state.value).inc()
        if run.kind == "detection" and state is State.DONE:
            detector = str(run.options["detector"])
            self._detections.labels(detector).inc()
            self._detection_seconds.labels(detector).inc(seconds)

    def text(self) -> bytes:
        """Everything in the Prometheus text format, as ``CONTENT_TYPE`` says."""
        found = self._count_alarms()
        for gauge, counts in zip((self._alarms, self._messages), found or ({}, {}), strict=True):
            for state, count in counts.items():
                gauge.labels(state).set(count)
        return generate_latest(self._registry)
