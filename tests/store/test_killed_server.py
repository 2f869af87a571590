"""A server that is killed loses no finished run and no uploaded data set, and says what was interrupted."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.server_process import ServerProcess
from waferwatch.settings import Settings

QUICK = "squared_difference"
CSV = "time,equipment,pressure\n" + "\n".join(f"{at},E{at % 2},{9 if at == 500 else at % 5}" for at in range(1000))
_PATIENCE_S = 60.0


@dataclass
class Killable:
    """A server process on a store, and a client of it."""

    process: ServerProcess
    client: httpx.Client

    @classmethod
    def of(cls, settings: Settings, log: Path) -> Killable:
        address = settings.database_url.get_secret_value()
        process = ServerProcess(settings.data_dir, log, WAFERWATCH_DATABASE_URL=address)
        return cls(process, httpx.Client(base_url=process.url, timeout=_PATIENCE_S))

    def end(self) -> None:
        self.process.kill()
        self.client.close()


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Killable]:
    made = Killable.of(settings, tmp_path / "log")
    made.process.start()
    yield made
    made.end()


def _running(client: httpx.Client, run: str) -> bool:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        state = client.get(f"/runs/{run}").json()["state"]
        if state != "queued":
            return bool(state == "running")
        time.sleep(0.02)
    return False


def test_a_killed_server_keeps_what_was_done_and_tells_what_was_interrupted(server: Killable) -> None:
    client = server.client
    dataset = client.post("/datasets", files={"file": ("a.csv", CSV.encode(), "text/csv")}).json()["id"]
    done = client.post("/detect", json={"dataset": dataset, "detector": QUICK}).json()
    event = done["events"][0]
    slow = [
        client.post("/runs", json={"kind": "comparison", "contamination": share}).json()["id"] for share in (0.1, 0.2)
    ]
    assert _running(client, slow[0])
    server.process.kill()

    server.process.start()
    assert dataset in [one["id"] for one in client.get("/datasets").json()["datasets"]]
    kept = client.get(f"/runs/{done['run']}/result").json()
    assert kept["events"][0] == event
    assert kept["anomalies"] == done["anomalies"]
    for run in slow:
        now = client.get(f"/runs/{run}").json()
        assert now["state"] == "interrupted", "a run is never taken to be on its way for ever"
        assert now["finished"] is not None
        assert f"run {run} was interrupted" in server.process.log
    again = client.post(f"/runs/{slow[0]}/repeat", json={"dataset": "demo"}).json()
    assert again["state"] in ("queued", "running")
    assert again["id"] != slow[0]


def test_an_upload_that_was_cut_off_leaves_no_data_set(server: Killable, settings: Settings) -> None:
    half = CSV.encode()[:-100]
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="half.csv"\r\n\r\n'
    address = server.client.base_url
    with socket.create_connection((address.host, address.port or 80)) as connection:
        request = f"POST /datasets HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\nContent-Length: 99999\r\n"
        connection.sendall(request.encode() + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + head + half)
        until = time.monotonic() + 10
        while not list((settings.data_dir / "datasets").glob(".incoming-*")) and time.monotonic() < until:
            time.sleep(0.02)
        server.process.kill()
    assert list((settings.data_dir / "datasets").glob(".incoming-*")), "the upload had begun"
    server.process.start()
    assert [one["id"] for one in server.client.get("/datasets").json()["datasets"]] == ["demo"]


def _comparison(client: httpx.Client, share: float) -> str:
    return str(client.post("/runs", json={"kind": "comparison", "contamination": share}).json()["id"])


def test_a_stopped_server_says_what_was_interrupted(server: Killable) -> None:
    running, waiting = (_comparison(server.client, share) for share in (0.1, 0.2))
    assert _running(server.client, running)
    server.process.stop()
    assert "Traceback" not in server.process.log
    server.process.start()
    for run in (running, waiting):
        now = server.client.get(f"/runs/{run}").json()
        assert now["state"] == "interrupted"
        assert "server ended" in now["error"]["message"], "written when it stopped, not found at the next start"


def test_a_server_is_stopped_while_its_database_is_locked(tmp_path: Path) -> None:
    server = Killable.of(Settings(data_dir=tmp_path), tmp_path / "log")
    server.process.start()
    try:
        runs = [_comparison(server.client, share) for share in (0.1, 0.2)]
        assert _running(server.client, runs[0])
        other = sqlite3.connect(tmp_path / "waferwatch.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        server.process.stop()
        assert "Traceback" not in server.process.log
        assert "marked at the next start" in server.process.log
        other.execute("ROLLBACK")
        other.close()
        server.process.start()
        assert {server.client.get(f"/runs/{run}").json()["state"] for run in runs} == {"interrupted"}
    finally:
        server.end()


def test_a_server_is_stopped_while_postgresql_is_away(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    from tests.store.postgres import PostgresServer, newest_binaries

    binaries = newest_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    with PostgresServer(binaries) as postgres:
        server = Killable.of(Settings(data_dir=tmp_path, database_url=postgres.address()), tmp_path / "log")
        server.process.start()
        try:
            run = _comparison(server.client, 0.1)
            assert _running(server.client, run)
            postgres.stop()
            assert server.client.get(f"/runs/{run}").status_code == 503
            assert server.client.get("/readyz").json()["error"]["code"] == "not_ready"
            assert server.client.get("/healthz").status_code == 200
            server.process.stop()
            assert "Traceback" not in server.process.log
            postgres.start()
            server.process.start()
            assert server.client.get(f"/runs/{run}").json()["state"] == "interrupted"
        finally:
            server.end()


def test_a_server_killed_while_it_learns_a_monitor_leaves_none(server: Killable, settings: Settings) -> None:
    client = server.client
    kept = client.post("/monitors", json={"name": "kept", "detector": QUICK}).json()["id"]
    while client.get(f"/runs/{kept}").json()["state"] != "done":
        time.sleep(0.05)
    digest = client.get("/monitors/kept/versions/1").json()["model_digest"]
    slow = client.post("/monitors", json={"name": "slow", "detector": "moment"}).json()["id"]
    assert _running(client, slow)
    server.process.kill()

    server.process.start()
    assert client.get(f"/runs/{slow}").json()["state"] == "interrupted"
    assert [one["name"] for one in client.get("/monitors").json()["monitors"]] == ["kept"]
    assert client.get("/monitors/kept/versions/1").json()["model_digest"] == digest
    assert client.post("/detect", json={"monitor": "kept"}).json()["monitor"] == "kept@1"
    assert not [path for path in (settings.data_dir / "monitors").iterdir() if (path / ".unlisted").exists()]
