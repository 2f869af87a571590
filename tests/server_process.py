"""A server in a process of its own, that can be ended and started again on the same data and port."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx

START_S = 120.0  # for a machine with other work
# What a server imports, at the start or with its first detection.
_PRELOADED = [
    "tests.server_process",
    "waferwatch.web.server",
    "waferwatch.models.baselines.one_liners",
    "plotly.graph_objects",
    "pyarrow.parquet",
    "scipy.ndimage",
    "sklearn.ensemble",
]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def without_demo_check() -> None:
    """The check of the demo, which every new server begins with, takes several seconds."""
    from waferwatch.web import server

    server.check_demo = lambda _parts: None


def as_it_is() -> None:
    """A server as users start it."""


class ServerProcess:
    """A server, whose stderr is kept.

    Args:
        data: its data folder.
        log: file for its stderr.
        prepare: called in its process before it serves; it is pickled.
        settings: environment variables.
    """

    def __init__(
        self, data: Path, log: Path, prepare: Callable[[], None] = without_demo_check, **settings: str
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log, self._prepare = log, prepare
        own = {"WAFERWATCH_PORT": str(self.port), "WAFERWATCH_DATA_DIR": str(data)}
        self._environment = dict(os.environ) | own | settings
        self._process: BaseProcess | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        """Returns when it answers."""
        self._process = _processes().Process(target=_serve, args=(self._environment, str(self._log), self._prepare))
        self._process.start()
        until = time.monotonic() + START_S
        while self._process.is_alive() and time.monotonic() < until:
            try:
                httpx.get(f"{self.url}/healthz", trust_env=False).raise_for_status()
                return
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.log}")

    def kill(self) -> None:
        """As the kernel does when memory is short: the process has no word in it."""
        self._end(BaseProcess.kill)

    def stop(self) -> None:
        """As an administrator does: the process ends by itself."""
        self._end(BaseProcess.terminate)

    def _end(self, how: Callable[[BaseProcess], None]) -> None:
        if self._process is not None:
            how(self._process)
            self._process.join(START_S)
            assert self._process.exitcode is not None, f"the server did not end:\n{self.log}"


def _serve(environment: dict[str, str], log: str, prepare: Callable[[], None]) -> None:
    """The whole life of one server process."""
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    os.environ.clear()
    os.environ.update(environment)
    from waferwatch.settings import read_settings
    from waferwatch.web.server import serve

    prepare()
    serve(read_settings())


def _processes() -> ForkServerContext | SpawnContext:
    """A start with all imports takes five seconds; forked from a process that has done them, less than one."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context
