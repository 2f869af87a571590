"""Live monitoring in this process, with a webhook and a broker on loopback: what benchmarks disturb."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

import waferwatch
from waferwatch.live.alarms.service import AlarmService
from waferwatch.live.delivery.channel import ChannelKind
from waferwatch.live.delivery.channels import add_channel
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.scoring.watched import Watch
from waferwatch.live.service import LiveService
from waferwatch.live.sources.chunks import patiently
from waferwatch.settings import read_settings
from waferwatch.store.store import open_store

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.server_process import free_port

CONTEXT = ("timestamp", "equipment", "lot", "wafer", "recipe", "step", "anomaly", "fault_kind")
PATIENCE_S = 180.0


class Receiver:
    """A webhook that takes everything."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.bodies: list[Any] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.bodies.append(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                receiver.ids.append(self.headers["webhook-id"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Line:
    """All of live monitoring in this process, on a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        settings = read_settings(
            {}, data_dir=folder, live_pause_s=60.0, live_silence_s=3600.0, webhook_addresses="127.0.0.0/8"
        )
        self.store = open_store(settings)
        # The server's clock as the fault sets it: datetime.now cannot be turned back from outside.
        self.alarms = AlarmService(
            settings, lambda: self.live.parts.database, clock=lambda: datetime.fromtimestamp(time.time(), UTC)
        )
        self.live = LiveService(settings, self.store, self.alarms.sink)
        self.live.start()
        self.live.watch(Watch("*", "*", "fab"))
        self.receiver = Receiver()
        with self.live.parts.database.writing() as connection:
            target, now = self.receiver.url, self.alarms.desk.clock()
            add_channel(connection, "bench", ChannelKind.WEBHOOK, target, user="bench", now=now)
        self.alarms.start()
        self.refused = 0

    @property
    def path(self) -> Path:
        return self.live.parts.database.path

    def accept(self, rows: list[LiveRow]) -> None:
        """As a source does: what is refused is handed in again."""
        patiently(Counting(self), "fab", rows, threading.Event())

    def drain(self) -> None:
        """Until everything is scored and sent."""
        parts = self.live.parts
        wait(lambda: not parts.waiting and not parts.workers.unsettled, "scores")
        wait(lambda: not self.count("outbox WHERE state <> 'delivered'"), "messages")

    def count(self, what: str) -> int:
        with self.live.parts.database.reading() as connection:
            return int(connection.execute(f"SELECT count(*) FROM {what}").fetchone()[0])

    def close(self) -> None:
        self.alarms.stop()
        self.live.stop()
        self.store.close()
        self.receiver.close()


class Counting:
    """The log of a line; says how often it refused."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def accept(self, source: str, rows: Any, marks: Any = None) -> Any:
        try:
            return self._line.live.parts.log.accept(source, rows, marks)
        except waferwatch.WaferwatchError:
            self._line.refused += 1
            raise


class Broker:
    """Mosquitto on loopback, which keeps its queues over restarts."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        (folder / "broker").mkdir()
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
            f"persistence true\npersistence_location {folder / 'broker'}/\nuser root\n"
        )
        self._process: Any = None
        self.start()

    def start(self) -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._process = subprocess.Popen([program, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        wait(self._answers, "the broker")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def freeze(self, seconds: float) -> None:
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


def wait(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.05)


def message_of(row: LiveRow) -> bytes:
    names = {name: getattr(row, name) for name in ("lot", "wafer", "recipe", "step")}
    return orjson.dumps({**names, "time": row.time, "sensors": dict(row.readings)})


def as_rows(frame: pd.DataFrame) -> list[LiveRow]:
    """Rows of the virtual fab, without readings that are missing."""
    sensors = [name for name in frame.columns if name not in CONTEXT]
    return [
        LiveRow(
            one["equipment"],
            int(one["timestamp"].value),
            {name: one[name] for name in sensors if np.isfinite(one[name])},
            one["lot"],
            str(one["wafer"]),
            one["recipe"],
            one["step"],
        )
        for one in frame.to_dict("records")
    ]
