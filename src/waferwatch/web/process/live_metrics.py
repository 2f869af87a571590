"""What live monitoring counts, as Prometheus asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from waferwatch.live.numbers import LiveNumbers

_COUNTERS = {
    "rows": "Live rows that were read from the log to be scored.",
    "skipped": "Live rows without an early score, since too many waited.",
    "settled": "Live rows that were given their settled score.",
    "wafers": "Wafers that were judged.",
    "early_seconds": "Seconds spent on early scores.",
    "settled_seconds": "Seconds spent on settled scores.",
    "failures": "Times that live rows could not be scored or kept.",
}
_GAUGES = {
    "waiting": "Live rows that wait for their early score.",
    "unsettled": "Live rows that wait to be taken in for their settled score.",
    "lag_seconds": "How long the oldest live row without an early score has waited.",
    "equipment": "Live equipment that is known.",
}


class LiveCollector(Collector):
    """Reads the numbers whenever somebody asks; nothing while live monitoring does not run."""

    def __init__(self, live: Callable[[], LiveNumbers | None]) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        found = self._live()
        if found is None:
            return
        for name, text in _COUNTERS.items():
            yield CounterMetricFamily(f"waferwatch_live_{name}", text, value=getattr(found, name))
        for name, text in _GAUGES.items():
            yield GaugeMetricFamily(f"waferwatch_live_{name}", text, value=getattr(found, name))
