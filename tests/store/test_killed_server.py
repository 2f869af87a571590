"""A server that is killed loses no finished run and no uploaded data set, and says what was interrupted."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from waferwatch.settings import Settings

_START = (
    "from waferwatch.settings import read_settings; from waferwatch.web.server import serve; serve(read_settings())"
)
QUICK = "squared_difference"
CSV = "time,equipment,pressure\n" + "\n".join(f"{at},E{at % 2},{9 if at == 500 else at % 5}" for at in range(1000))
_PATIENCE_S = 60.0


class Server:
    """A server process on the store of ``settings``."""

    def __init__(self, settings: Settings, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._log = log
        self._environment = os.environ | {
            "WAFERWATCH_PORT": str(port),
            "WAFERWATCH_DATA_DIR": str(settings.data_dir),
            "WAFERWATCH_DATABASE_URL": settings.database_url.get_secret_value(),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE_S)

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([sys.executable, "-c", _START], env=self._environment, stderr=log)
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and self._process.poll() is None:
            try:
                self.client.get("/healthz").raise_for_status()
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not start:\n{self.log}")

    def kill(self) -> None:
        """As the kernel does when memory is short: the process has no word in it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(_PATIENCE_S)

    def stop(self) -> None:
        """As an administrator does: the process ends by itself."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(_PATIENCE_S)

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Server]:
    made = Server(settings, tmp_path / "log")
    made.start()
    yield made
    made.kill()
    made.client.close()


def _running(client: httpx.Client, run: str) -> bool:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        state = client.get(f"/runs/{run}").json()["state"]
        if state != "queued":
            return bool(state == "running")
        time.sleep(0.02)
    return False


def test_a_killed_server_keeps_what_was_done_and_tells_what_was_interrupted(server: Server) -> None:
    client = server.client
    dataset = client.post("/datasets", files={"file": ("a.csv", CSV.encode(), "text/csv")}).json()["id"]
    done = client.post("/detect", json={"dataset": dataset, "detector": QUICK}).json()
    event = done["events"][0]
    slow = [
        client.post("/runs", json={"kind": "comparison", "contamination": share}).json()["id"] for share in (0.1, 0.2)
    ]
    assert _running(client, slow[0])
    server.kill()

    server.start()
    assert dataset in [one["id"] for one in client.get("/datasets").json()["datasets"]]
    kept = client.get(f"/runs/{done['run']}/result").json()
    assert kept["events"][0] == event
    assert kept["anomalies"] == done["anomalies"]
    for run in slow:
        now = client.get(f"/runs/{run}").json()
        assert now["state"] == "interrupted", "a run is never taken to be on its way for ever"
        assert now["finished"] is not None
        assert f"run {run} was interrupted" in server.log
    again = client.post(f"/runs/{slow[0]}/repeat", json={"dataset": "demo"}).json()
    assert again["state"] in ("queued", "running")
    assert again["id"] != slow[0]


def test_an_upload_that_was_cut_off_leaves_no_data_set(server: Server, settings: Settings) -> None:
    half = CSV.encode()[:-100]
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="half.csv"\r\n\r\n'
    address = server.client.base_url
    with socket.create_connection((address.host, address.port or 80)) as connection:
        request = f"POST /datasets HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\nContent-Length: 99999\r\n"
        connection.sendall(request.encode() + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + head + half)
        until = time.monotonic() + 10
        while not list((settings.data_dir / "datasets").glob(".incoming-*")) and time.monotonic() < until:
            time.sleep(0.02)
        server.kill()
    assert list((settings.data_dir / "datasets").glob(".incoming-*")), "the upload had begun"
    server.start()
    assert [one["id"] for one in server.client.get("/datasets").json()["datasets"]] == ["demo"]


def _comparison(client: httpx.Client, share: float) -> str:
    return str(client.post("/runs", json={"kind": "comparison", "contamination": share}).json()["id"])


def test_a_stopped_server_says_what_was_interrupted(server: Server) -> None:
    running, waiting = (_comparison(server.client, share) for share in (0.1, 0.2))
    assert _running(server.client, running)
    server.stop()
    assert "Traceback" not in server.log
    server.start()
    for run in (running, waiting):
        now = server.client.get(f"/runs/{run}").json()
        assert now["state"] == "interrupted"
        assert "server ended" in now["error"]["message"], "written when it stopped, not found at the next start"


def test_a_server_is_stopped_while_its_database_is_locked(tmp_path: Path) -> None:
    server = Server(Settings(data_dir=tmp_path), tmp_path / "log")
    server.start()
    try:
        runs = [_comparison(server.client, share) for share in (0.1, 0.2)]
        assert _running(server.client, runs[0])
        other = sqlite3.connect(tmp_path / "waferwatch.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        server.stop()
        assert "Traceback" not in server.log
        assert "marked at the next start" in server.log
        other.execute("ROLLBACK")
        other.close()
        server.start()
        assert {server.client.get(f"/runs/{run}").json()["state"] for run in runs} == {"interrupted"}
    finally:
        server.kill()
        server.client.close()


def test_a_server_is_stopped_while_postgresql_is_away(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    from tests.store.postgres import PostgresServer, newest_binaries

    binaries = newest_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    with PostgresServer(binaries) as postgres:
        server = Server(Settings(data_dir=tmp_path, database_url=postgres.address()), tmp_path / "log")
        server.start()
        try:
            run = _comparison(server.client, 0.1)
            assert _running(server.client, run)
            postgres.stop()
            assert server.client.get(f"/runs/{run}").status_code == 503
            assert server.client.get("/readyz").json()["error"]["code"] == "not_ready"
            assert server.client.get("/healthz").status_code == 200
            server.stop()
            assert "Traceback" not in server.log
            postgres.start()
            server.start()
            assert server.client.get(f"/runs/{run}").json()["state"] == "interrupted"
        finally:
            server.kill()
            server.client.close()


def test_a_server_killed_while_it_learns_a_monitor_leaves_none(server: Server, settings: Settings) -> None:
    client = server.client
    kept = client.post("/monitors", json={"name": "kept", "detector": QUICK}).json()["id"]
    while client.get(f"/runs/{kept}").json()["state"] != "done":
        time.sleep(0.05)
    digest = client.get("/monitors/kept/versions/1").json()["model_digest"]
    slow = client.post("/monitors", json={"name": "slow", "detector": "moment"}).json()["id"]
    assert _running(client, slow)
    server.kill()

    server.start()
    assert client.get(f"/runs/{slow}").json()["state"] == "interrupted"
    assert [one["name"] for one in client.get("/monitors").json()["monitors"]] == ["kept"]
    assert client.get("/monitors/kept/versions/1").json()["model_digest"] == digest
    assert client.post("/detect", json={"monitor": "kept"}).json()["monitor"] == "kept@1"
    assert not [path for path in (settings.data_dir / "monitors").iterdir() if (path / ".unlisted").exists()]
