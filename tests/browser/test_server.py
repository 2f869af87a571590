"""A real server process: it answers while it detects, refuses a used port, and ends when it is told to."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import numpy as np

from tests.server_process import ServerProcess, as_it_is

ROWS, SENSORS = 150_000, 8


def _big_csv() -> bytes:
    values = np.random.default_rng(0).normal(size=(ROWS, SENSORS))
    text = io.StringIO()
    text.write("time," + ",".join(f"s{number}" for number in range(SENSORS)) + "\n")
    np.savetxt(text, np.column_stack([np.arange(ROWS), values]), fmt="%.4g", delimiter=",")
    return text.getvalue().encode()


def test_the_page_and_healthz_answer_while_a_large_detection_runs(server: str) -> None:
    with httpx.Client(base_url=server, timeout=120) as client:
        dataset = client.post("/datasets", files={"file": ("big.csv", _big_csv())}).json()["id"]
        outcome: list[httpx.Response] = []
        body = {"dataset": dataset, "detector": "isolation_forest", "contamination": 0.001}
        worker = threading.Thread(target=lambda: outcome.append(httpx.post(f"{server}/detect", json=body, timeout=600)))
        worker.start()
        waits = []
        while worker.is_alive():
            for path in ("/healthz", "/"):
                began = time.perf_counter()
                assert client.get(path).status_code == 200
                waits.append(time.perf_counter() - began)
            time.sleep(0.02)
        assert outcome[0].status_code == 200, outcome[0].text
        assert outcome[0].json()["rows"] == ROWS
        assert len(waits) > 20, "the detection was too short to prove anything"
        assert max(waits) < sum(waits) / 4, "one answer waited for the detection"
        client.delete(f"/datasets/{dataset}")


def test_an_address_that_is_escaped_twice_is_unescaped_once(server: str) -> None:
    name = "%2e%2e%2f"
    text = f"time,{name}\n" + "\n".join(f"{at},{at % 5}" for at in range(50))
    with httpx.Client(base_url=server) as client:
        dataset = client.post("/datasets", files={"file": ("a.csv", text.encode())}).json()["id"]
        answer = client.get(f"/plot/{quote(name, safe='')}", params={"dataset": dataset})
        assert answer.json()["layout"]["meta"]["sensor"] == name
        client.delete(f"/datasets/{dataset}")


def test_an_upload_that_announces_too_much_is_refused_in_a_sentence_while_it_is_sent(server: str) -> None:
    address = urlsplit(server)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    connection.putrequest("POST", "/datasets")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", "2000000000")
    connection.endheaders()
    connection.send(b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n')
    for _ in range(300):  # 20 MB of the 2 GB
        connection.send(b"1,2\n" * 16_384)
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["error"]["code"] == "too_large"


def test_a_used_port_is_reported_in_a_sentence(server: str, tmp_path: Path) -> None:
    port = urlsplit(server).port
    code = (
        "from waferwatch.settings import read_settings; from waferwatch.web.server import serve\n"
        "from waferwatch.errors import InputError\n"
        "try:\n    serve(read_settings())\nexcept InputError as error:\n    print(error)"
    )
    environment = os.environ | {"WAFERWATCH_PORT": str(port), "WAFERWATCH_DATA_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith(f"Port {port} is already in use.")


def test_it_ends_even_while_it_detects(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", tmp_path / "log", as_it_is)
    server.start()
    assert "http://localhost:" in server.log.splitlines()[0]

    def ask() -> None:
        with contextlib.suppress(httpx.TransportError):
            httpx.post(f"{server.url}/detect", json={}, timeout=60)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(1.5)
    server.stop()
    asking.join()
