"""Attacks of hostile_requests.py that need more than one request: proxies, sessions, silence, floods, locks."""

from __future__ import annotations

import contextlib
import gzip
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
from hostile_server import FORM, WAIT_S, Answer, Case, Server, sentence

FORMULA = "=HYPERLINK(1)"
PART = '--x\r\nContent-Disposition: form-data; name="file"; filename="half.csv"\r\n\r\na,b\n1,2\n'


def alive(server: Server, what: str) -> Answer:
    answer = server.ask("GET", "/healthz")
    return Answer(answer.statuses, f"{what} Meanwhile /healthz answered.", answer.text)


def through_a_proxy(server: Server) -> Iterator[Case]:
    """A server without a token that a proxy on the same machine would open to the network."""
    table = b"time,a\n" + b"".join(b"%d,1\n" % n for n in range(9))
    for name, value in (
        ("X-Forwarded-For", "10.1.2.3"),
        ("X-Forwarded-Host", "fab.example"),
        ("X-Real-IP", "10.1.2.3"),
        ("Forwarded", "for=10.1.2.3"),
        ("Via", "1.1 proxy"),
    ):
        passed = {name: value}
        yield f"{name}, reading", "4", lambda passed=passed: server.ask("GET", "/audit", headers=passed)
    passed, file = {"X-Forwarded-For": "10.1.2.3"}, {"file": ("a.csv", table)}
    yield (
        "X-Forwarded-For, writing",
        "4",
        lambda: server.ask("POST", "/datasets", headers=passed, files=file),
    )
    yield "a trailing slash, redirected", "3", lambda: redirected(server)


def redirected(server: Server) -> Answer:
    answer = server.client.get("/data/", follow_redirects=False)
    target = answer.headers.get("location", "")
    return Answer([answer.status_code if target.startswith("/") else 0], f"It goes to {target}")


def sessions(server: Server, token: str) -> Iterator[Case]:
    """A server with a token. These cases come before those that use up its limits."""
    bearer = {"Authorization": f"Bearer {token}"}

    def log_in(name: str) -> httpx.Response:
        return server.client.post("/login", content=f"token={token}&name={name}", headers=FORM)

    def after_log_out() -> Answer:
        cookie = {"Cookie": log_in("Kim").headers["set-cookie"].partition(";")[0]}
        server.client.cookies.clear()
        server.client.post("/logout", headers=cookie)
        return server.ask("GET", "/datasets", headers=cookie)

    def named(name: str) -> Answer:
        answer = log_in(name)
        server.client.cookies.clear()
        return Answer([answer.status_code], sentence(answer), answer.text)

    def then_right() -> Answer:
        for _ in range(12):
            server.client.get("/datasets", headers={"Authorization": "Bearer guess"})
        return server.ask("GET", "/datasets", headers=bearer)

    def invented() -> Answer:
        guess = {"Authorization": "Bearer guess"}
        tries = [guess | {"X-Forwarded-For": f"10.0.0.{n}"} for n in range(40)]
        answers = [server.ask("GET", "/runs", headers=headers) for headers in tries]
        statuses = [status for answer in answers for status in answer.statuses]
        return Answer(statuses if 429 in statuses else [0], answers[-1].sentence)

    def subject() -> Answer:
        hostile = {"Authorization": "Bearer guess", "X-Forwarded-For": "<script>alert(1)</script>"}
        server.client.get("/runs", headers=hostile)
        answer = server.ask("GET", "/audit", headers=bearer)
        found = "<script>" in answer.text
        return Answer([0] if found else answer.statuses, "The audit log names an address.", answer.text)

    yield "the cookie of before, after the log-out", "4", after_log_out
    for name in ("admin", "program", "LOCAL"):
        yield f"a log-in as {name}", "4", lambda name=name: named(name)
    yield "script as the address that a proxy names", "2", subject
    yield "12 wrong tokens, then the right one", "2", then_right
    yield "40 wrong tokens, each from another invented address", "4", invented
    yield (
        "a page of the audit log before the first",
        "4",
        lambda: server.ask("GET", "/audit?before=0", headers=bearer),
    )


def floods(server: Server, run: str) -> Iterator[Case]:
    """Much at once, or silence at the wrong moment."""
    host = f"127.0.0.1:{server.port}"
    kind = "Content-Type: application/json\r\n"
    many = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n" * 1000
    packed = gzip.compress(b" " * 3_000_000)
    bomb = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    yield "1,000 requests in one piece", "2", lambda: server.raw(many.encode())
    yield "a packed body", "4", lambda: server.ask("POST", "/detect", content=packed, headers=bomb)
    yield (
        "a body that is announced and never comes, 100 times",
        "2",
        lambda: unsent(server, f"POST /detect HTTP/1.1\r\nHost: {host}\r\n{kind}Content-Length: 9\r\n\r\n", 100),
    )
    yield "escape codes in an address", "4", lambda: logged(server)
    yield "32 moves of one threshold, 8 at a time", "2", lambda: moves(server, run)
    yield "12 downloads that nobody reads", "2", lambda: unread(server, run)
    yield "the database locked by another process for 5 s", "2", lambda: locked(server)
    yield "60 uploads that stop in the middle", "2", lambda: stopped(server, host)


def unsent(server: Server, head: str, times: int) -> Answer:
    with contextlib.ExitStack() as held:
        for _ in range(times):
            held.enter_context(server.connect()).sendall(head.encode())
        return alive(server, "They hold nobody up.")


def logged(server: Server) -> Answer:
    before = len(server.log)
    answer = server.ask("GET", "/plot/x%1b%5b31mFORGED%0dLINE?run=0123456789abcdef")
    written = server.log[before:]
    return Answer([0] if "\x1b" in written or "\r" in written else answer.statuses, answer.sentence, answer.text)


def moves(server: Server, run: str) -> Answer:
    statuses: list[int] = []
    refused = ""
    for start in range(4):
        wishes = [0.3 + 0.01 * (8 * start + n) for n in range(8)]
        answer = server.together(
            [lambda value=value: server.json(f"/runs/{run}/threshold", {"threshold": value}) for value in wishes]
        )
        statuses += answer.statuses
        refused = refused or answer.sentence
    return Answer(statuses, refused or "The last one counts.")


def unread(server: Server, run: str) -> Answer:
    address = f"GET /runs/{run}/export?what=rows&format=csv HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n"
    before = shutil.disk_usage(server.folder).free
    with contextlib.ExitStack() as held:
        for _ in range(12):
            line = held.enter_context(socket.socket())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.settimeout(WAIT_S)
            line.connect(("127.0.0.1", server.port))
            line.sendall(address.encode())
        time.sleep(2)
        used = max(0.0, (before - shutil.disk_usage(server.folder).free) / 1e6)
        return alive(server, f"They hold {used:.0f} MB of disk for at most two minutes.")


def locked(server: Server) -> Answer:
    """What a backup does."""
    path = server.folder / "data" / "waferwatch.sqlite3"
    with contextlib.closing(sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(server.ask, "GET", "/runs")
            time.sleep(5)
            other.execute("ROLLBACK")
            return answer.result(WAIT_S)


def stopped(server: Server, host: str) -> Answer:
    head = f"POST /datasets HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with contextlib.ExitStack() as held:
        lines = [held.enter_context(server.connect()) for _ in range(60)]
        for line in lines:
            line.sendall(f"{head}Content-Length: 100000\r\n\r\n{PART}".encode())
        began = time.perf_counter()
        while lines and time.perf_counter() - began < WAIT_S:
            time.sleep(0.5)
            lines = [line for line in lines if not ended(line)]
        if lines:
            return Answer([0], f"{len(lines)} are still open.")
        return alive(server, f"All were given up within {time.perf_counter() - began:.0f} s.")


def ended(line: socket.socket) -> bool:
    line.settimeout(0.01)
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def few_files(server: Server) -> Iterator[Case]:
    """A server that may open 1,024 files, as is usual on Linux."""
    yield "1,100 connections that send half a head", "2", lambda: half_heads(server)


def half_heads(server: Server) -> Answer:
    before = len(server.log)
    with contextlib.ExitStack() as held:
        for _ in range(1100):
            line = held.enter_context(server.connect())
            with contextlib.suppress(OSError):  # the server makes room for the newest
                line.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half:")
        answer = alive(server, "")
        grown = (len(server.log) - before) / 1e3
        said = f"The oldest are hung up on. The log grew by {grown:.0f} KB. Meanwhile /healthz answered."
        return Answer(answer.statuses if grown < 100 else [0], said)


def lists(server: Server) -> Iterator[Case]:
    """Cells that a spreadsheet with another list separator would split."""
    table = "time,equipment,a\n" + "".join(f'{n},"x;{FORMULA};y",{9 if n == 50 else n % 3}\n' for n in range(100))
    yield "a formula behind a semicolon, exported", "2", lambda: split(server, table)


def split(server: Server, table: str) -> Answer:
    dataset = server.kept("list.csv", table.encode())
    answer = server.ask("GET", f"/runs/{server.run(dataset=dataset)}/export?what=rows&format=csv")
    found = f";{FORMULA}" in answer.text
    return Answer([0] if found else answer.statuses, "A spreadsheet takes it as text.", answer.text)
