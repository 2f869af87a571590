"""What the server counts and measures, read as Prometheus reads it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from waferwatch.jobs import jobs as module
from waferwatch.models.contract import Progress
from waferwatch.settings import Settings
from waferwatch.store.runs import Run
from waferwatch.store.store import Store
from waferwatch.web.app import create_app

ASKED = {"detector": "squared_difference"}
WAIT_S = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(Settings(data_dir=tmp_path, threads=0, posts_per_minute=0))  # one run at a time
    with TestClient(app, base_url="http://127.0.0.1") as opened:
        yield opened


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Detections wait until it is set, and fail where more than 0.4 of the rows are expected to be anomalous."""
    opened = threading.Event()

    def work(_store: Store, _settings: Settings, run: Run, progress: Progress) -> dict[str, Any]:
        while not opened.wait(0.01):
            progress(0.3)
        return {"rows": 1 // int(run.options["contamination"] < 0.4)}

    monkeypatch.setitem(module.KINDS, "detection", work)
    return opened


def metrics(client: TestClient, name: str) -> dict[tuple[str, ...], float]:
    """Values of one metric by its labels' values."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    assert samples or name.startswith("waferwatch_"), name
    return {tuple(value for _, value in sorted(one.labels.items())): one.value for one in samples}


def start(client: TestClient, contamination: float) -> str:
    return str(client.post("/runs", json=ASKED | {"contamination": contamination}).json()["id"])


def until(client: TestClient, name: str, labels: tuple[str, ...], value: float) -> None:
    limit = time.monotonic() + WAIT_S
    while metrics(client, name).get(labels) != value:
        assert time.monotonic() < limit, client.get("/metrics").text
        time.sleep(0.02)


def test_the_queue_and_how_runs_ended_are_shown(server: TestClient, gate: threading.Event) -> None:
    assert metrics(server, "waferwatch_queue_waiting") == {(): 0}
    first, second = start(server, 0.1), start(server, 0.2)
    start(server, 0.5)
    until(server, "waferwatch_queue_running", (), 1)
    until(server, "waferwatch_queue_waiting", (), 2)
    server.post(f"/runs/{first}/cancel")
    until(server, "waferwatch_runs_total", ("detection", "cancelled"), 1)
    gate.set()
    until(server, "waferwatch_runs_total", ("detection", "failed"), 1)
    until(server, "waferwatch_runs_total", ("detection", "done"), 1)
    assert metrics(server, "waferwatch_detections_total") == {(ASKED["detector"],): 1}
    assert server.get(f"/runs/{second}").json()["state"] == "done"
    assert metrics(server, "waferwatch_queue_running") == metrics(server, "waferwatch_queue_waiting") == {(): 0}


def test_request_times_are_a_histogram_of_each_route(server: TestClient) -> None:
    for _ in range(3):
        server.get("/healthz")
    assert metrics(server, "waferwatch_requests_total")["GET", "/healthz", "200"] == 3
    assert metrics(server, "waferwatch_request_seconds_count")[("/healthz",)] == 3
    assert 0 < metrics(server, "waferwatch_request_seconds_sum")[("/healthz",)] < WAIT_S
    buckets = {
        float(le): value
        for (le, route), value in metrics(server, "waferwatch_request_seconds_bucket").items()
        if route == "/healthz"
    }
    assert list(buckets.values()) == sorted(buckets.values())
    assert buckets[math.inf] == 3


def test_two_servers_of_one_process_count_for_themselves(server: TestClient, tmp_path: Path) -> None:
    with TestClient(create_app(Settings(data_dir=tmp_path / "other")), base_url="http://127.0.0.1") as other:
        server.get("/healthz")
        assert ("GET", "/healthz", "200") not in metrics(other, "waferwatch_requests_total")


def test_uploads_are_counted_and_the_memory_of_the_process_is_shown(server: TestClient) -> None:
    before = metrics(server, "waferwatch_uploads_total")
    text = "time,a\n" + "\n".join(f"{at},{at % 7}" for at in range(50))
    assert server.post("/datasets", files={"file": ("a.csv", text.encode())}).status_code == 201
    assert (before, metrics(server, "waferwatch_uploads_total")) == ({(): 0}, {(): 1})
    assert metrics(server, "process_resident_memory_bytes")[()] > 1e7
