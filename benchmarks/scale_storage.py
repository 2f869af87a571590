"""The part s3 of benchmarks/scale.py: storage that slows its clients down."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scale_streams import planned, streams

from waferwatch.scale import results
from waferwatch.scale.driver import run_plan
from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.scale.task import TaskOutcome


def s3(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Through a proxy that answers every fifth request with SlowDown; one object is deleted after planning."""
    streams(folder / "in", 2, 2, 1440)
    local = planned(str(folder / "in"), str(folder / "local"))
    run_plan(local, _InPlace(), lambda *_: None)
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}
    with _moto(options) as (address, slowed):
        rest = f"?endpoint_override={address}&scheme=http&region=us-east-1&allow_bucket_creation=true"
        source, out = results.Storage(f"s3://fab/in{rest}"), f"s3://fab/out{rest}"
        source.system.create_dir("fab")
        for file in sorted((folder / "in").rglob("*.parquet")):
            source.child(file.relative_to(folder / "in").as_posix()).write(file.read_bytes())
        plan = planned(source.url, out)
        record = run_plan(plan, _InPlace(), lambda *_: None)
        same = [
            results.Storage(f"s3://fab/out/{name}{rest}").read() == (folder / "local" / name).read_bytes()
            for name in _tables(folder / "local")
        ]
        missing = next(iter(plan.units())).files[0]
        source.child(missing).remove()
        shutil.rmtree(folder / "local")
        again = planned_as_before(plan, f"s3://fab/again{rest}")
        code = run_plan(again, _InPlace(), lambda *_: None)
    return {
        "seconds": record.seconds,
        "counts": record.counts,
        "requests_slowed": slowed[0],
        "tables_equal_to_those_on_disk": f"{sum(same)} of {len(same)}",
        "missing": {"exit": code.exit_code, "counts": code.counts["score"], "sentences": code.failures[-1:]},
    }


def planned_as_before(plan: ScalePlan, out: str) -> ScalePlan:
    """The same plan with its results elsewhere."""
    from dataclasses import replace

    moved = replace(plan, out=out)
    moved.save(list(plan.units()))
    return moved


class _InPlace:
    name, workers = "in place", 1

    def run(self, tasks: Any) -> Iterator[TaskOutcome]:
        from waferwatch.scale.tasks import run_task

        return map(run_task, tasks)

    def close(self) -> None:
        pass


def _tables(out: Path) -> Iterator[str]:
    for name in ("scores", "flagged", "wafers", "events", "problems", "fleet"):
        yield from (file.relative_to(out).as_posix() for file in sorted((out / name).rglob("*.parquet")))


class _moto:  # noqa: N801 - a context
    """A moto server behind a proxy that slows clients down."""

    def __init__(self, options: argparse.Namespace) -> None:
        if not options.moto:
            raise SystemExit("Name moto_server with --moto; see --help.")
        self._program, self._port, self._slowed = options.moto, options.port, [0]

    def __enter__(self) -> tuple[str, list[int]]:
        from http.server import ThreadingHTTPServer

        arguments = [self._program, "-H", "127.0.0.1", "-p", str(self._port + 1)]
        self._moto = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        handler = _slowing(self._port + 1, self._slowed)
        self._proxy = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        threading.Thread(target=self._proxy.serve_forever, daemon=True).start()
        time.sleep(10)
        return f"127.0.0.1:{self._port}", self._slowed

    def __exit__(self, *_: object) -> None:
        self._proxy.shutdown()
        self._moto.terminate()
        self._moto.wait()


_SLOW = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"


def _slowing(port: int, slowed: list[int]) -> Any:
    import http.client
    from http.server import BaseHTTPRequestHandler

    asked = [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self._body()
            asked[0] += 1
            if asked[0] % 5 == 0:
                slowed[0] += 1
                self._answer(503, {}, _SLOW)
                return
            upstream = http.client.HTTPConnection("127.0.0.1", port)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "transfer-encoding"}
            upstream.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
            answer = upstream.getresponse()
            self._answer(answer.status, dict(answer.getheaders()), answer.read())

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            kept = {
                name: value
                for name, value in headers.items()
                if not re.match("(?i)transfer|connection|date|server|content-length", name)
            }
            length = headers.get("Content-Length", str(len(body))) if self.command == "HEAD" else str(len(body))
            for name, value in (kept | {"Content-Length": length}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815

    return Handler
