"""The server of hostile_requests.py, and the ways to ask it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

WAIT_S, SILENCE_S = 60.0, 3.0
QUICK = "squared_difference"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


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


Case = tuple[str, str, Callable[[], Answer]]  # what is sent, the allowed statuses ("4": any 4xx), and the sending


@dataclass
class Server:
    """A process of its own, and the ways to ask it."""

    folder: Path
    settings: dict[str, str]
    files: int = 0  # most open files of the process; 0: as many as this one
    port: int = 0
    client: httpx.Client = field(init=False)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        own = {"WAFERWATCH_PORT": str(self.port), "WAFERWATCH_DATA_DIR": str(self.folder / "data")}
        limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({self.files}, {self.files}))\n"
        start = (limit if self.files else "") + "from waferwatch.cli import main; main(['serve'])"
        with (self.folder / "log").open("w") as log:
            environment = os.environ | own | self.settings
            self.process = subprocess.Popen([sys.executable, "-c", start], env=environment, stderr=log)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=WAIT_S)
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                self.client.get("/healthz")
                return
            time.sleep(0.1)
        raise SystemExit(f"the server did not start: {self.log[-2000:]}")

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait(30)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

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

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_S)

    def raw(self, content: bytes, *, cut: bool = False) -> Answer:
        """Send bytes as they are; ``cut``: and hang up before the answer."""
        with self.connect() as line:
            with contextlib.suppress(OSError):  # the server may answer and hang up before it has everything
                line.sendall(content)
            if cut:
                return Answer([], "The client hung up.")
            got = _read(line)
        status = re.match(rb"HTTP/1\.1 (\d+)", got)
        _, _, body = got.partition(b"\r\n\r\n")
        text = body.decode("utf-8", "replace")
        said = re.search(r'"message":"(.*?[.?])","hint":"(.*?)"', text)
        return Answer([int(status[1])] if status else [], " ".join(said.groups()) if said else text[:150], text)

    def together(self, requests: list[Callable[[], Answer]]) -> Answer:
        """All at once."""
        with ThreadPoolExecutor(len(requests)) as pool:
            answers = [future.result(WAIT_S) for future in [pool.submit(one) for one in requests]]
        refused = next((one.sentence for one in answers if one.statuses[0] >= 400), "")
        statuses = [status for one in answers for status in one.statuses]
        return Answer(statuses, refused, "".join(one.text for one in answers))


class Watch:
    """Asks /healthz and looks at the memory of one server, again and again while a block runs.

    Attributes:
        peak_mb: most resident memory that was seen.
        worst_ms: longest answer of /healthz; infinite when one did not come.
    """

    def __init__(self, server: Server) -> None:
        self._address = f"http://127.0.0.1:{server.port}/healthz"
        self._process = psutil.Process(server.process.pid)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._measure), threading.Thread(target=self._ask)]
        self.peak_mb, self.worst_ms = 0.0, 0.0

    def __enter__(self) -> Watch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _measure(self) -> None:
        while True:
            with contextlib.suppress(psutil.Error):
                self.peak_mb = max(self.peak_mb, self._process.memory_info().rss / 1e6)
            if self._over.wait(0.02):
                return

    def _ask(self) -> None:
        with httpx.Client(timeout=WAIT_S) as client:
            while True:
                self.worst_ms = max(self.worst_ms, _asked(client, self._address))
                if self._over.wait(0.1):
                    return


def _asked(client: httpx.Client, address: str) -> float:
    """Milliseconds. A connection that the server has closed meanwhile is opened anew."""
    for _ in range(3):
        began = time.perf_counter()
        with contextlib.suppress(httpx.TransportError):
            if client.get(address).status_code == 200:
                return 1e3 * (time.perf_counter() - began)
        if time.perf_counter() - began > WAIT_S / 2:
            break
    return float("inf")


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
