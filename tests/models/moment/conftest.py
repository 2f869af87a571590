"""Fixtures of the MOMENT tests: a data directory of their own, and a model hub on this machine."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from waferwatch.settings import current_settings

TESTS = Path(__file__).parents[2]
COMMIT = "c0ffee" + "0" * 34


@pytest.fixture
def tiny_moment() -> Path:
    """An official-style folder: config.json, model.safetensors, and momentfm's answers in expected.npz."""
    return TESTS / "tiny_moment"


@pytest.fixture
def tiny_checkpoint() -> Path:
    """A checkpoint folder of waferwatch, with a fault head; torch's answers are in expected.npz."""
    return TESTS / "tiny_checkpoint"


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data directory of this test alone."""
    monkeypatch.setenv("WAFERWATCH_DATA_DIR", str(tmp_path / "data"))
    current_settings.cache_clear()
    yield tmp_path / "data"
    current_settings.cache_clear()


class FakeHub:
    """Speaks as much of the hub's protocol as its own client asks for, over 127.0.0.1."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.requests: list[tuple[str, str, str | None]] = []  # method, path, Range
        self.answer: int | None = None  # when set, the status of every answer
        self.break_once_after: int | None = None  # bytes of a file after which the connection breaks, this once
        self.die_after: int | None = None  # ... and after which the hub answers nobody any more
        self.is_dead = False
        self.pause_s = 0.0  # between pieces of a file
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_HEAD(self) -> None:
                hub.handle(self)

            def do_GET(self) -> None:
                hub.handle(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append((request.command, request.path, request.headers.get("Range")))
        if self.is_dead:
            request.close_connection = True
            return
        path = request.path.split("?")[0]
        listing = re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/\w+|/tree/\w+)?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/\w+/(.+)", path)
        found = listing or file
        if self.answer or not found or found[1] not in self.repositories:
            codes = {401: "RepoNotFound", 403: "GatedRepo", 404: "RepoNotFound"}
            status = self.answer or 404
            self._send(request, status, b"{}", {"X-Error-Code": codes.get(status, "")})
        elif listing:
            self._send(request, 200, json.dumps(self._describe(listing[1], listing[2] or "")).encode(), {})
        elif file:
            self._send_file(request, self.repositories[file[1]][file[2]])

    def _breaks(self, sent: int) -> bool:
        if self.break_once_after is not None and sent >= self.break_once_after:
            self.break_once_after = None
            return True
        self.is_dead = self.die_after is not None and sent >= self.die_after
        return self.is_dead

    def _describe(self, name: str, part: str) -> object:
        files = self.repositories[name]
        if part.startswith("/tree/"):
            return [
                {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for path, content in files.items()
            ]
        return {"id": name, "sha": COMMIT, "siblings": [{"rfilename": path} for path in files]}

    def _send_file(self, request: BaseHTTPRequestHandler, content: bytes) -> None:
        headers = {
            "ETag": f'"{hashlib.sha1(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range") or "")
        start = int(wanted[1]) if wanted else 0
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._send(request, 206 if wanted else 200, content[start:], headers)

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command == "HEAD":
            return
        is_file = "ETag" in headers
        piece = 1 << 20
        for start in range(0, len(body), piece):
            if is_file and self._breaks(start):
                request.close_connection = True
                return
            try:
                request.wfile.write(body[start : start + piece])
            except OSError:  # the client has left
                return
            if is_file:
                time.sleep(self.pause_s)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> Iterator[FakeHub]:
    """A model hub that the settings of this test point to."""
    fake = FakeHub()
    monkeypatch.setenv("WAFERWATCH_HUB_ENDPOINT", fake.endpoint)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    current_settings.cache_clear()
    yield fake
    fake.close()
