"""How live monitoring bears load: rows of many equipment over HTTP, and how long each waits for its early score.

    python benchmarks/live_load.py --seconds 600
    python benchmarks/live_load.py --seconds 30 --rates 1000,2000,4000,8000

A server process takes the rows of ``--equipment`` tools, ``--hz`` rows a second each. The lag of a row is the time from
its acceptance to the commit of its early score, read from the database every 20 ms by this process. With ``--rates``
each rate (rows a second over all tools) is held for ``--seconds``: the first with a lag over a second is too much.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import orjson
import pandas as pd
import psutil

import waferwatch

STEPS = ("stabilise", "ramp", "etch", "over_etch", "purge")
WAFER_ROWS = 600
GOLDEN_WAFERS = 24
POST_S = 0.2  # each connection sends the rows of so long at once
CONNECTIONS = 10
SERVE = "from waferwatch.settings import read_settings; from waferwatch.web.server import serve; serve(read_settings())"


def readings(rows: np.ndarray, sensors: int, rng: np.random.Generator) -> np.ndarray:
    """(n, sensors) of rows by their number: a level for each step, and noise."""
    step = rows % WAFER_ROWS * len(STEPS) // WAFER_ROWS
    level = 10.0 + 5 * np.sin(step[:, None] * 1.7 + np.arange(sensors))
    return level + rng.normal(size=(len(rows), sensors)) * 0.2


def golden(sensors: int, hz: float) -> pd.DataFrame:
    rows = np.arange(GOLDEN_WAFERS * WAFER_ROWS)
    values = readings(rows, sensors, np.random.default_rng(0))
    columns = {
        "time": pd.Timestamp("2026-01-05") + pd.to_timedelta(rows / hz, unit="s"),
        "lot": "L0",
        "wafer": (rows // WAFER_ROWS).astype(str),
        "recipe": "R",
        "step": np.array(STEPS)[rows % WAFER_ROWS * len(STEPS) // WAFER_ROWS],
    }
    return pd.DataFrame(columns | {f"s{at}": values[:, at] for at in range(sensors)})


@dataclass
class Measured:
    acknowledged: list[float] = field(default_factory=list)  # seconds of each request
    refused: int = 0
    sent: int = 0


class Load:
    """Sends the rows of all tools for some time."""

    def __init__(self, url: str, equipment: int, sensors: int) -> None:
        self._url = url
        self._equipment = equipment
        self._sensors = sensors
        self._number = 0  # of the next row of each tool

    def hold(self, hz: float, seconds: float) -> Measured:
        found, parts = Measured(), np.array_split(np.arange(self._equipment), CONNECTIONS)
        first, lock = self._number, threading.Lock()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for one in [pool.submit(self._send, part, first, hz, seconds, found, lock) for part in parts]:
                one.result()
        self._number = first + round(hz * seconds)
        return found

    def _send(
        self, tools: np.ndarray, first: int, hz: float, seconds: float, found: Measured, lock: threading.Lock
    ) -> None:
        rng, began, done = np.random.default_rng(int(tools[0])), time.time(), 0
        with httpx.Client(timeout=60) as client:
            while time.time() - began < seconds:
                due = min(int((time.time() - began) * hz), round(hz * seconds))
                if due > done:
                    body = self._body(tools, np.arange(first + done, first + due), began, hz, first, rng)
                    self._post(client, body, (due - done) * len(tools), found, lock)
                    done = due
                time.sleep(POST_S)

    def _post(self, client: httpx.Client, body: bytes, rows: int, found: Measured, lock: threading.Lock) -> None:
        while True:
            asked = time.perf_counter()
            answer = client.post(f"{self._url}/live/load/rows?monitor=load", content=body)
            with lock:
                found.acknowledged.append(time.perf_counter() - asked)
                if answer.status_code == 202:
                    found.sent += rows
                    return
                found.refused += 1
            if answer.status_code != 429:
                answer.raise_for_status()
            time.sleep(float(answer.headers.get("Retry-After", 1)))

    def _body(
        self, tools: np.ndarray, rows: np.ndarray, began: float, hz: float, first: int, rng: np.random.Generator
    ) -> bytes:
        lines = []
        for tool in tools.tolist():
            values = readings(rows, self._sensors, rng)
            for at, row in enumerate(rows.tolist()):
                record = {
                    "equipment": f"T{tool:04d}",
                    "time": int((began + (row - first) / hz) * 1e9),
                    "lot": "L1",
                    "wafer": str(row // WAFER_ROWS),
                    "recipe": "R",
                    "step": STEPS[row % WAFER_ROWS * len(STEPS) // WAFER_ROWS],
                    "sensors": {f"s{sensor}": value for sensor, value in enumerate(values[at].tolist())},
                }
                lines.append(orjson.dumps(record))
        return b"\n".join(lines)


class Lag:
    """Watches how far early scores have come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: list[tuple[float, int]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        connection = sqlite3.connect(self._path, timeout=30)
        query = "SELECT position FROM live_progress WHERE stage = 'early' AND equipment = 0"
        while not self._ended.wait(0.02):
            row = connection.execute(query).fetchone()
            if row and (not self._seen or row[0] != self._seen[-1][1]):
                self._seen.append((time.time(), row[0]))
        connection.close()

    def stop(self) -> np.ndarray:
        """(rows,) seconds of each row from its acceptance to its score."""
        self._ended.set()
        self._thread.join()
        if not self._seen:
            return np.empty(0)
        connection = sqlite3.connect(self._path, timeout=30)
        first, last = self._seen[0][1], self._seen[-1][1]
        query = "SELECT position, received FROM live_rows WHERE position > ? AND position <= ? ORDER BY position"
        rows = np.array(connection.execute(query, (first, last)).fetchall(), np.float64).reshape(-1, 2)
        connection.close()
        at = np.searchsorted([position for _, position in self._seen], rows[:, 0])
        return np.array([moment for moment, _ in self._seen])[at] - rows[:, 1]


def quantiles(values: np.ndarray) -> dict[str, float]:
    if not len(values):
        return {}
    return {
        name: round(float(np.quantile(values, share)), 3) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))
    }


def run(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    with waferwatch.MonitorLibrary(folder) as monitors:
        monitors.fit("load", golden(options.sensors, options.hz), detector=options.detector)
    with socket.socket() as free:
        free.bind(("127.0.0.1", options.port))
        port = free.getsockname()[1]
    environment = os.environ | {"WAFERWATCH_DATA_DIR": str(folder), "WAFERWATCH_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-c", SERVE], env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url)
        rates = [float(rate) for rate in options.rates.split(",")] if options.rates else []
        rates = rates or [options.equipment * options.hz]
        load = Load(url, options.equipment, options.sensors)
        found = [held(load, url, folder, process.pid, rate, options) for rate in rates]
    finally:
        process.terminate()
        process.wait(60)
    return {"options": {name: value for name, value in vars(options).items() if name != "output"}, "rates": found}


def held(load: Load, url: str, folder: Path, pid: int, rate: float, options: argparse.Namespace) -> dict[str, object]:
    before, server = numbers(url), psutil.Process(pid)
    memory, used = [server.memory_info().rss / 1e6], sum(server.cpu_times()[:2])
    lag, began = Lag(folder / "live" / "live.sqlite"), time.time()
    half = load.hold(rate / options.equipment, options.seconds / 2)
    memory.append(server.memory_info().rss / 1e6)
    rest = load.hold(rate / options.equipment, options.seconds / 2)
    memory.append(server.memory_info().rss / 1e6)
    took, after = time.time() - began, numbers(url)
    time.sleep(2)
    cores = (sum(server.cpu_times()[:2]) - used) / (time.time() - began)
    return {
        "rows_a_second_asked": rate,
        "rows_a_second_accepted": round((half.sent + rest.sent) / took, 1),
        "acknowledged_s": quantiles(np.array(half.acknowledged + rest.acknowledged)),
        "refused_429": half.refused + rest.refused,
        "lag_s": quantiles(lag.stop()),
        "waiting_at_end": after["waiting"],
        "unsettled_at_end": after["unsettled"],
        "skipped": after["skipped_total"] - before["skipped_total"],
        "wafers": after["wafers_total"] - before["wafers_total"],
        "early_core_share": round((after["early_seconds_total"] - before["early_seconds_total"]) / took, 2),
        "settled_core_share": round((after["settled_seconds_total"] - before["settled_seconds_total"]) / took, 2),
        "cores": round(cores, 2),
        "memory_mb": [round(one) for one in memory],
        "load_average": os.getloadavg()[0],
    }


def numbers(url: str) -> dict[str, float]:
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    values = [line.split() for line in lines if line.startswith("waferwatch_live_")]
    return {name.removeprefix("waferwatch_live_"): float(value) for name, value in values}


def wait_for(url: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            httpx.get(f"{url}/healthz").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--equipment", type=int, default=200)
    parser.add_argument("--hz", type=float, default=10.0)
    parser.add_argument("--sensors", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--detector", default="moment")
    parser.add_argument("--rates", default="", help="rows a second, one after the other; default: equipment x hz")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waferwatch-load-") as folder:
        found = json.dumps(run(options, Path(folder)), indent=1, default=str)
    print(found)
    if options.output:
        options.output.write_text(found + "\n")


if __name__ == "__main__":
    main()
