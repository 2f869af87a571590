"""Requests that no client library sends, for hostile_requests.py."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

from hostile_attacks import PART, alive
from hostile_files import SCRIPT
from hostile_server import QUICK, WAIT_S, Answer, Case, Server


def requests_as_bytes(server: Server) -> Iterator[Case]:
    """What no client library sends."""
    host = f"127.0.0.1:{server.port}"
    get, post = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n", f"POST /detect HTTP/1.1\r\nHost: {host}\r\n"
    chunked = "Transfer-Encoding: chunked\r\n"
    kind, close = "Content-Type: application/json\r\n", "Connection: close\r\n\r\n"
    sent: list[tuple[str, str, str]] = [
        ("no HTTP", "hello\r\n\r\n", "4"),
        ("another server's name (DNS rebinding)", f"GET / HTTP/1.1\r\nHost: evil.example\r\n{close}", "4"),
        ("no server's name", f"GET / HTTP/1.1\r\n{close}", "4"),
        ("two server's names", f"{get}Host: evil.example\r\n{close}", "4"),
        ("an absolute address of another host", f"GET http://evil.example/ HTTP/1.1\r\nHost: {host}\r\n{close}", "24"),
        ("a header of 200 KB", f"{get}X-Big: {'x' * 200_000}\r\n{close}", "4"),
        ("a header with a NUL byte", f"{get}X-Bad: a\0b\r\n{close}", "4"),
        ("a request id with script", f"{get}X-Request-ID: {SCRIPT}\r\n{close}", "2"),
        ("a line break in an address", f"GET /?lang=en%0d%0aX:%20y HTTP/1.1\r\nHost: {host}\r\n{close}", "23"),
        ("length and chunks at once", f"{post}{kind}Content-Length: 5\r\n{chunked}{close}0\r\n\r\n", "4"),
        ("two lengths", f"{post}{kind}Content-Length: 2\r\nContent-Length: 3\r\n{close}{{}}", "4"),
        ("a length below zero", f"{post}{kind}Content-Length: -1\r\n{close}", "4"),
        ("a length that is not a number", f"{post}{kind}Content-Length: many\r\n{close}", "4"),
        ("a broken chunk", f"{post}{kind}{chunked}{close}zz\r\n{{}}\r\n", "4"),
        ("a page of another site", f"{post}{kind}Origin: http://evil.example\r\nContent-Length: 2\r\n{close}{{}}", "4"),
        ("a page without an origin", f"{post}{kind}Origin: null\r\nContent-Length: 2\r\n{close}{{}}", "4"),
        ("a cross-site form", f"{post}Sec-Fetch-Site: cross-site\r\nContent-Length: 2\r\n{close}{{}}", "4"),
        ("a wish for a web socket", f"{get}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", "24"),
    ]  # fmt: skip
    for what, text, allowed in sent:
        yield what, allowed, lambda text=text: server.raw(text.encode("latin-1"))
    yield "a client that sends one byte a second", "2", lambda: slow(server, get)
    yield "200 connections that say nothing", "2", lambda: silent(server)
    yield "an upload that breaks off", "2", lambda: half_upload(server, host)
    yield "an answer that is not waited for, 20 times", "2", lambda: left(server, f"{post}{kind}")


def slow(server: Server, text: str) -> Answer:
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as line:
        for letter in text[:5]:
            line.sendall(letter.encode())
            time.sleep(1)
        return alive(server, "It waits for nobody else.")


def silent(server: Server) -> Answer:
    with contextlib.ExitStack() as lines:
        for _ in range(200):
            lines.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S))
        return alive(server, "They hold nobody up.")


def half_upload(server: Server, host: str) -> Answer:
    head = f"POST /datasets HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    before = folders(server)
    server.raw(f"{head}Content-Length: 100000\r\n\r\n{PART}".encode(), cut=True)
    for _ in range(50):
        if folders(server) == before:
            return alive(server, "Nothing of it is kept.")
        time.sleep(0.1)
    return Answer([], "Something of it is kept.")


def folders(server: Server) -> set[str]:
    return {path.name for path in (server.folder / "data" / "datasets").iterdir()}


def left(server: Server, head: str) -> Answer:
    body = json.dumps({"detector": QUICK, "contamination": 0.031})
    for _ in range(20):
        server.raw(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode(), cut=True)
    return alive(server, "The work is done once and kept.")
