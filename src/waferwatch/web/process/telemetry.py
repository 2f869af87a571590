"""A few counters in the Prometheus text format (exposition format 0.0.4)."""

from __future__ import annotations

import threading
from collections import defaultdict

from waferwatch.store.runs import Run

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HELP = {
    "waferwatch_requests_total": "Requests answered, by route, method and status.",
    "waferwatch_request_seconds_total": "Seconds spent on requests, by route.",
    "waferwatch_detections_total": "Detections run, by detector.",
    "waferwatch_detection_seconds_total": "Seconds spent detecting, by detector.",
    "waferwatch_runs_total": "Runs done, by kind.",
    "waferwatch_uploads_total": "Data sets uploaded.",
}


class Telemetry:
    """Counters that only go up. Labels must come from a small fixed set, never from what a visitor sends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, dict[tuple[tuple[str, str], ...], float]] = {name: defaultdict(float) for name in _HELP}

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        with self._lock:
            self._counts[name][tuple(sorted(labels.items()))] += amount

    def count_run(self, run: Run, seconds: float) -> None:
        """Count a run that was done."""
        self.count("waferwatch_runs_total", kind=run.kind)
        if run.kind == "detection":
            detector = str(run.options["detector"])
            self.count("waferwatch_detections_total", detector=detector)
            self.count("waferwatch_detection_seconds_total", seconds, detector=detector)

    def text(self) -> str:
        lines = []
        with self._lock:
            for name, counts in self._counts.items():
                lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} counter"]
                lines += [f"{name}{_labels(labels)} {value:.15g}" for labels, value in sorted(counts.items())]
        return "\n".join(lines) + "\n"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    escape = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
    return "{" + ",".join(f'{name}="{value.translate(escape)}"' for name, value in labels) + "}"
