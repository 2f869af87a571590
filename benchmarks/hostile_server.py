"""The server of hostile_requests.py, and the ways to ask it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

WAIT_S, SILENCE_S = 60.0, 3.0
QUICK = "squared_difference"


@dataclass
class Answer:
    """What came back. Several statuses where several requests were sent."""

    statuses: list[int]
    sentence: str
    text: str = ""
    seconds: float = 0.0

    def shown(self) -> str:
        counted = Counter(self.statuses)
        return ", ".join(f"{status} ({n}x)" if n > 1 else str(status) for status, n in sorted(counted.items()))


@dataclass
class Server:
    """A process of its own, and the ways to ask it."""

    folder: Path
    settings: dict[str, str]
    port: int = 0
    client: httpx.Client = field(init=False)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        own = {"WAFERWATCH_PORT": str(self.port), "WAFERWATCH_DATA_DIR": str(self.folder / "data")}
        start = "from waferwatch.cli import main; main(['serve'])"
        with (self.folder / "log").open("w") as log:
            environment = os.environ | own | self.settings
            self.process = subprocess.Popen([sys.executable, "-c", start], env=environment, stderr=log)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=WAIT_S)
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                self.client.get("/healthz")
                return
            time.sleep(0.1)
        raise SystemExit(f"the server did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait(30)

    def ask(self, method: str, path: str, **more: Any) -> Answer:
        began = time.perf_counter()
        answer = self.client.request(method, path, **more)
        return Answer([answer.status_code], sentence(answer), answer.text, time.perf_counter() - began)

    def json(self, path: str, body: Any, method: str = "POST", **headers: str) -> Answer:
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.ask(method, path, content=content, headers={"Content-Type": "application/json", **headers})

    def upload(self, name: str, content: bytes) -> Answer:
        return self.ask("POST", "/datasets", files={"file": (name, content)})

    def kept(self, name: str, content: bytes) -> str:
        answer = self.client.post("/datasets", files={"file": (name, content)})
        return str(answer.raise_for_status().json()["id"])

    def run(self, **body: Any) -> str:
        answer = self.client.post("/detect", json={"detector": QUICK, "contamination": 0.02, **body})
        return str(answer.raise_for_status().json()["run"])

    def raw(self, content: bytes, *, cut: bool = False) -> Answer:
        """Send bytes as they are; ``cut``: and hang up before the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_S) as line:
            with contextlib.suppress(OSError):  # the server may answer and hang up before it has everything
                line.sendall(content)
            if cut:
                return Answer([], "The client hung up.")
            got = _read(line)
        status = re.match(rb"HTTP/1\.1 (\d+)", got)
        _, _, body = got.partition(b"\r\n\r\n")
        text = body.decode("utf-8", "replace")
        told = re.search(r'"message":"(.*?[.?])","hint":"(.*?)"', text)
        return Answer([int(status[1])] if status else [], " ".join(told.groups()) if told else text[:150], text)

    def together(self, requests: list[Callable[[], Answer]]) -> Answer:
        """All at once."""
        with ThreadPoolExecutor(len(requests)) as pool:
            answers = [future.result(WAIT_S) for future in [pool.submit(one) for one in requests]]
        refused = next((one.sentence for one in answers if one.statuses[0] >= 400), "")
        statuses = [status for one in answers for status in one.statuses]
        return Answer(statuses, refused, "".join(one.text for one in answers))


def _read(line: socket.socket) -> bytes:
    """All that comes until the server hangs up or is silent; it is when it keeps the connection."""
    got = b""
    line.settimeout(SILENCE_S)
    with contextlib.suppress(OSError):
        while more := line.recv(65536):
            got += more
    return got


def sentence(answer: httpx.Response) -> str:
    """What an answer says to a person."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind != "application/json":
        return {"text/html": "A page.", "": "Done."}.get(kind, f"A file ({kind}).")
    body = answer.json()
    if "error" in body and body["error"] is not None and answer.status_code >= 400:
        return f"{body['error']['message']} {body['error']['hint']}".strip()
    if "notes" in body and "bytes" in body:
        notes = " ".join(f"Note: {note}" for note in body["notes"])
        return f"Kept as {body['name']}: {body['rows']} rows. {notes}".strip()
    if "state" in body:
        return f"The run is {body['state']}."
    if "anomaly_ratio" in body:
        return f"{body['anomalies']} of {body['rows']} rows are flagged."
    return "Answered."
