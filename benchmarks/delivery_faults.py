"""Webhooks under faults: the sender killed at random moments; the receiver down, slow, failing, gone.

For each fault alarms are raised in a process that also sends; after the fault everything that waits is sent. Then every
alarm is there once, and the id of every message has arrived at least once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from waferwatch.live.alarms.service import AlarmService
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.delivery import schedule
from waferwatch.live.delivery.channel import ChannelKind
from waferwatch.live.delivery.channels import add_channel, switch_channel
from waferwatch.live.delivery.outbox import MessageState, list_messages, send_again
from waferwatch.live.scored import EarlyBlock
from waferwatch.settings import Settings

SENSORS = ("flow", "pressure")
PATIENCE_S = 300.0
QUICK = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)  # instead of three days


@dataclass(frozen=True)
class Outcome:
    """What came of one fault."""

    fault: str
    kills: int
    alarms: int
    messages: int
    arrived: int  # ids that have arrived
    doubled: int  # arrivals of an id that was there already
    dead: int  # given up meanwhile, and sent again
    seconds: float

    @property
    def kept(self) -> bool:
        return self.messages == self.arrived and self.alarms > 0


class Receiver:
    """A webhook on loopback that misbehaves on command."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.answer: Callable[[], int] = lambda: 204
        self.delay = 0.0
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    def up(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(receiver.delay)
                status = receiver.answer()
                if status < 300:
                    receiver.ids.append(self.headers["webhook-id"])
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def down(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def block(number: int) -> EarlyBlock:
    """Three rows of an equipment of its own that open an alarm."""
    count = 3
    return EarlyBlock(
        "bench",
        f"E{number}",
        "bench@1",
        np.arange(count, dtype=np.int64),
        np.datetime64("2026-01-01", "us") + np.arange(count).astype("timedelta64[s]"),
        np.full(count, 20.0),
        np.ones((count, 2), np.float32) * [1.0, 0.1],
        np.ones((count, 2), np.int8),
        SENSORS,
        10.0,
        5.0,
        {},
        np.ones(count, np.bool_),
    )


def raise_and_send(folder: Path, first: int, pipe: int) -> None:
    """Run until killed: an alarm after the other, sent as they come; a byte for each goes to a pipe."""
    schedule.WAITS = QUICK
    schedule.LONGEST_PAUSE = 1.0
    database, service = opened(folder)
    service.start()
    for number in range(first, first + 1_000_000):
        with database.writing() as connection:
            service.sink.scored(connection, block(number))
        os.write(pipe, b".")
        time.sleep(0.01)


def opened(folder: Path) -> tuple[LiveDatabase, AlarmService]:
    database = LiveDatabase(folder / "live.sqlite")
    settings = Settings(data_dir=folder, webhook_addresses="127.0.0.0/8")
    return database, AlarmService(settings, lambda: database)


def run_fault(fault: str, kills: int, seed: int) -> Outcome:
    began, chance = time.monotonic(), random.Random(seed)
    receiver = Receiver()
    receiver.up()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database, service = opened(folder)
        with database.writing() as connection:
            url = f"http://127.0.0.1:{receiver.port}/"
            add_channel(connection, "bench", ChannelKind.WEBHOOK, url, user="bench", now=service.desk.clock())
            # So that no flood hides alarms.
            connection.execute("CREATE TRIGGER calm AFTER INSERT ON alarm_floods BEGIN DELETE FROM alarm_floods; END")
        misbehave(receiver, fault, chance)
        for _ in range(kills):
            killed(folder, count(database, "alarms"), chance)
        receiver.answer, receiver.delay = (lambda: 204), 0.0
        if fault == "down":
            receiver.up()
        dead = send_the_rest(database, service)
        found = outcome(fault, kills, database, receiver, dead, time.monotonic() - began)
        database.close()
    receiver.down()
    return found


def misbehave(receiver: Receiver, fault: str, chance: random.Random) -> None:
    if fault == "down":
        receiver.down()
    elif fault == "slow":
        receiver.delay = 0.5
    elif fault == "500":
        receiver.answer = lambda: chance.choice((204, 500, 500))
    elif fault == "410":
        receiver.answer = lambda: chance.choice((204, 204, 204, 410))
    elif fault == "busy":
        receiver.answer = lambda: chance.choice((204, 429, 502, 504))


def killed(folder: Path, first: int, chance: random.Random) -> None:
    """A process that raises alarms and sends, killed a random time after its first alarm."""
    reading, writing = os.pipe()
    process = os.fork()  # a new interpreter would take most of the time
    if process == 0:
        try:
            raise_and_send(folder, first, writing)
        finally:
            os._exit(1)
    os.close(writing)
    begun = os.read(reading, 1)
    time.sleep(chance.uniform(0.0, 0.4))
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(reading)
    if not begun:
        raise RuntimeError("the process that raises alarms has failed")


def send_the_rest(database: LiveDatabase, service: AlarmService) -> int:
    """Everything that waits or was given up is sent; how many messages had been given up."""
    with database.writing() as connection:
        switch_channel(connection, "bench", True)
        dead = [one.message for _, one in list_messages(connection, MessageState.DEAD, 10**6)]
        for message in dead:
            send_again(connection, message, service.desk.clock())
        connection.execute("UPDATE outbox SET due = 0 WHERE state = 'waiting'")
    service.start()
    end = time.monotonic() + PATIENCE_S
    while count(database, "outbox WHERE state <> 'delivered'") and time.monotonic() < end:
        service.wake()
        time.sleep(0.05)
    service.stop()
    return len(dead)


def outcome(fault: str, kills: int, database: LiveDatabase, receiver: Receiver, dead: int, seconds: float) -> Outcome:
    with database.reading() as connection:
        messages = {str(row[0]) for row in connection.execute("SELECT message FROM outbox")}
        alarms = connection.execute("SELECT count(*), count(DISTINCT equipment) FROM alarms").fetchone()
    if alarms[0] != alarms[1]:
        raise RuntimeError(f"{fault}: {alarms[0] - alarms[1]} alarms were raised twice")
    counts = Counter(receiver.ids)
    doubled = sum(times - 1 for times in counts.values())
    return Outcome(
        fault, kills, alarms[0], len(messages), len(messages & set(counts)), doubled, dead, round(seconds, 1)
    )


def count(database: LiveDatabase, what: str) -> int:
    with database.reading() as connection:
        return int(connection.execute(f"SELECT count(*) FROM {what}").fetchone()[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="kill -9 of the sender, in each fault; default: 10")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="none,down,slow,500,410,busy", help="faults of the receiver")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print(f"{'fault':8} {'kills':>6} {'alarms':>7} {'messages':>9} {'arrived':>8} {'doubled':>8} {'dead':>5} {'s':>7}")
    for fault in options.only.split(","):
        one = run_fault(fault, options.kills, options.seed)
        print(
            f"{one.fault:8} {one.kills:6} {one.alarms:7} {one.messages:9} {one.arrived:8} {one.doubled:8} "
            f"{one.dead:5} {one.seconds:7}",
            flush=True,
        )
        rows.append(asdict(one) | {"kept": one.kept})
    print(json.dumps({"kills": options.kills, "faults": rows}))
    return 0 if all(row["kept"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
