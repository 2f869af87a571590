"""Whether many people can look at results while the server computes.

    python benchmarks/readers.py
    python benchmarks/readers.py --rows 200000 --readers 20 --seconds 15 --alone

A server process of its own on loopback, a new data folder: a data set of ROWS rows and 12 sensors (virtual fab, 4
tools, seed 0) and one finished detection on it. While a comparison of all detectors runs on the same data (not with
--alone), READERS readers ask for pages and figures at random, each for the next as soon as it has the last, for
SECONDS: the pages of today with what their scripts ask for, and among them 50 zooms, 20 explained events, problems and
trends (--views takes other numbers), none of which was asked for before. GET /healthz is asked every 50 ms on a
connection of its own. Times are from the request to the last byte, compressed as for a browser. The column "first" has
the first answer of each kind, for one reader while nothing else runs. The last line of stdout is one JSON document; the
exit code is 1 when an answer was an error.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parent))
from page import free_port, wait

from waferwatch.read.virtual_fab.generate import generate

QUICK = "squared_difference"
EVERY_S = 0.05
ASK_S = 120.0
HEADERS = {"Accept-Encoding": "gzip", "Accept-Language": "en"}
Addresses = dict[str, Callable[[random.Random], str]]  # kind -> the next address of this kind


class Times:
    """Seconds of every answer by kind, and what went wrong."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []

    def ask(self, connection: http.client.HTTPConnection, kind: str, address: str) -> None:
        began = time.perf_counter()
        try:
            connection.request("GET", address, headers=HEADERS)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self.errors.append(f"{address}: {type(error).__name__}")
            return
        self.took[kind].append(time.perf_counter() - began)
        if answer.status != httpx.codes.OK:
            self.errors.append(f"{address}: {answer.status}")

    def summary(self) -> dict[str, dict[str, float]]:
        kinds = {kind: summary(took) for kind, took in self.took.items()}
        return {"all": summary([one for took in self.took.values() for one in took])} | dict(sorted(kinds.items()))


def summary(took: Sequence[float]) -> dict[str, float]:
    p50, p99 = np.percentile(took, (50, 99)) if took else (np.nan, np.nan)
    return {
        "answers": len(took),
        "p50_s": round(float(p50), 3),
        "p99_s": round(float(p99), 3),
        "max_s": round(max(took, default=np.nan), 3),
    }


def addresses_of(client: httpx.Client, dataset: str, found: dict[str, Any], zooms: int, events: int) -> Addresses:
    run, chance = found["run"], random.Random(1)
    problems, trends = problems_and_trends(client, run, events)
    sensors = [one["sensor"] for one in found["ranking"]]
    explained = [event["id"] for event in chance.sample(found["events"][1:], events)]
    views = []
    for _ in range(zooms):
        start = datetime(2026, 1, 5, 8) + timedelta(minutes=chance.randrange(60 * 24))
        ends = f"start={start.isoformat()}&end={(start + timedelta(hours=chance.randint(1, 24))).isoformat()}"
        views.append(f"/plot/{chance.choice(sensors)}?run={run}&points=3000&{ends}")

    fixed = {
        "/": "/",
        "/problems": f"/problems?run={run}",
        "/trends": f"/trends?run={run}",
        "/runs/ID/trends": f"/runs/{run}/trends",
        "/watch": "/watch",
        "/watch/chambers": "/watch/chambers",
        "/alarms": "/alarms?state=active&limit=500",
        "/data": "/data",
        "/monitors/compare": "/monitors/compare",
        "/runs": "/runs",
        "/runs/ID": f"/runs/{run}",
        "/runs/ID/result": f"/runs/{run}/result",
        "/runs/ID/correlation": f"/runs/{run}/correlation?rows=difference",
        "/runs/ID/groups": f"/runs/{run}/groups",
        "/datasets": "/datasets",
        "/datasets/ID": f"/datasets/{dataset}",
        "/datasets/ID/filters": f"/datasets/{dataset}/filters",
        "/datasets/ID/rows": f"/datasets/{dataset}/rows",
        "/plot/SENSOR": f"/plot/{sensors[0]}?run={run}&points=3000",
    }
    made: Addresses = {kind: lambda _chance, address=address: address for kind, address in fixed.items()}  # type: ignore[misc]
    made["/plot/SENSOR zoomed"] = lambda chance: chance.choice(views)
    made["/runs/ID/events/N"] = lambda chance: f"/runs/{run}/events/{chance.choice(explained)}"
    made["/problems/event"] = lambda chance: f"/problems/event?run={run}&event={chance.choice(explained)}"
    if problems:
        made["/problems/P-N"] = lambda chance: f"/problems/{chance.choice(problems)}?run={run}"
    if trends:
        made["/runs/ID/trends/series"] = lambda chance: f"/runs/{run}/trends/series?{urlencode(chance.choice(trends))}"
    return made


def problems_and_trends(client: httpx.Client, run: str, count: int) -> tuple[list[str], list[dict[str, str]]]:
    """Names of some problems, and the queries of some trends."""
    chance = random.Random(2)
    listed = client.get(f"/runs/{run}/problems").raise_for_status().json()["problems"]
    cells = client.get(f"/runs/{run}/trends").raise_for_status().json()["cells"]
    names = ("sensor", "step", "recipe", "statistic")
    trends = [{name: one[name] for name in names} for one in chance.sample(cells, min(count, len(cells)))]
    return [one["name"] for one in chance.sample(listed, min(count, len(listed)))], trends


def first_answers(port: int, addresses: Addresses) -> dict[str, float]:
    """Seconds of the first answer of each kind."""
    times, chance = Times(), random.Random(0)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_S)
    for kind, address in addresses.items():
        times.ask(connection, kind, address(chance))
    connection.close()
    if times.errors:
        raise SystemExit("\n".join(times.errors))
    return {kind: round(took[0], 3) for kind, took in sorted(times.took.items())}


def read_all(port: int, addresses: Addresses, readers: int, seconds: float) -> tuple[Times, list[float]]:
    """Every reader's answers, and those of /healthz."""
    times, until, kinds = Times(), time.perf_counter() + seconds, list(addresses)

    def read(seed: int) -> None:
        chance = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_S)
        while time.perf_counter() < until:
            kind = chance.choice(kinds)
            times.ask(connection, kind, addresses[kind](chance))
        connection.close()

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(1, readers + 1)]
    for thread in threads:
        thread.start()
    health = Times()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_S)
    while time.perf_counter() < until:
        health.ask(connection, "/healthz", "/healthz")
        time.sleep(EVERY_S)
    for thread in threads:
        thread.join()
    times.errors += health.errors
    return times, health.took["/healthz"]


def comparison(client: httpx.Client, dataset: str) -> str:
    """A comparison of all detectors that has begun."""
    run = client.post("/runs", json={"kind": "comparison", "dataset": dataset}).raise_for_status().json()["id"]
    while client.get(f"/runs/{run}").json()["state"] == "queued":
        time.sleep(0.1)
    return str(run)


def measure(port: int, pid: int, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600, trust_env=False) as client:
        wait(client)
        generate(rows=options.rows, equipment=4, seed=0).to_parquet(folder / "long.parquet", index=False)
        with (folder / "long.parquet").open("rb") as file:
            dataset = client.post("/datasets", files={"file": ("long.parquet", file)}).raise_for_status().json()["id"]
        body = {"dataset": dataset, "detector": QUICK, "contamination": 0.01}
        found = client.post("/detect", json=body).raise_for_status().json()
        addresses = addresses_of(client, dataset, found, *options.views)
        first = first_answers(port, addresses)
        run = None if options.alone else comparison(client, dataset)
        worked = psutil.Process(pid).cpu_times()
        times, health = read_all(port, addresses, options.readers, options.seconds)
        used = psutil.Process(pid).cpu_times()
        state = "none" if run is None else client.get(f"/runs/{run}").json()["state"]
        if run is not None:
            client.post(f"/runs/{run}/cancel")
        return {
            "processor_s": round(used.user + used.system - worked.user - worked.system, 1),
            "errors": len(times.errors),
            "healthz": summary(health),
            "answers": times.summary(),
            "first_s": first,
            "comparison": state,
            "rss_mb": round(psutil.Process(pid).memory_info().rss / 1e6),
            "which_errors": sorted(set(times.errors))[:20],
        }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--views", type=int, nargs=2, default=(50, 20), metavar=("ZOOMS", "EVENTS"), help="that differ")
    parser.add_argument("--alone", action="store_true", help="without a comparison that runs at the same time")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        own = {
            "WAFERWATCH_PORT": str(port),
            "WAFERWATCH_DATA_DIR": f"{folder}/data",
            "WAFERWATCH_POSTS_PER_MINUTE": "0",
        }
        start = "from waferwatch.cli import main; main(['serve'])"
        server = subprocess.Popen([sys.executable, "-c", start], env=os.environ | own, stderr=subprocess.DEVNULL)
        try:
            found = measure(port, server.pid, Path(folder), options)
        finally:
            server.terminate()
            server.wait(60)
    tell(found)
    asked = {"rows": options.rows, "readers": options.readers, "seconds": options.seconds, "cores": os.cpu_count()}
    print(json.dumps(asked | found))
    return int(found["errors"] > 0)


def tell(found: dict[str, Any]) -> None:
    print(f"{'':<24}{'answers':>9}{'p50 s':>8}{'p99 s':>8}{'max s':>8}{'first s':>9}")
    for kind, took in {"/healthz": found["healthz"], **found["answers"]}.items():
        first = found["first_s"].get(kind, "")
        print(f"{kind:<24}{took['answers']:>9}{took['p50_s']:>8}{took['p99_s']:>8}{took['max_s']:>8}{first:>9}")
    print(f"errors: {found['errors']}; the comparison at the end: {found['comparison']}; {found['rss_mb']} MB resident")
    print(f"{found['processor_s']} s of processor time for {found['answers']['all']['answers']} answers")
    for error in found["which_errors"]:
        print(error, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
