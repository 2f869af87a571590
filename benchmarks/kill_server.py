"""Whether a server that is killed loses anything that it has acknowledged.

    python benchmarks/kill_server.py
    python benchmarks/kill_server.py --kills 10 --seed 3

A server on loopback is killed (SIGKILL) at a random moment while clients upload files, detect and move thresholds, and
started again on the same data, KILLS times. Whatever was answered with success must be there at the end:

- an upload: listed once, with its rows, and its values can be read;
- a finished run: done, with a result that can be read;
- a moved threshold: the result has it, or a later one that was sent and not answered before the kill.

What was sent and never answered may be there or not. Then all that is left in the data folder is made two days old, the
server is started again, and its cleaning gets PATIENCE seconds: no hidden folder or file, and no folder that no list
names, may be left.

The server is forked from a process that has its imports done, so a start takes less than a second on an idle machine.
No kill begins later than SECONDS. The last line of stdout is one JSON document; the exit code is 1 when anything
acknowledged was lost or anything is left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.server_process import ServerProcess, as_it_is

QUICK = "squared_difference"
ROWS = 3000
ASK_S, PATIENCE_S = 20.0, 120.0
LATEST_S = 1.0  # a kill comes at most so long after the first finished run of a server
WORKING_S = 10.0  # or after this time without one
OLD_S = 2 * 24 * 3600.0


class Server:
    """One server after the other on the same data folder and port."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._process = ServerProcess(self.data, folder / "log", as_it_is, WAFERWATCH_POSTS_PER_MINUTE="0")
        self.starts_s: list[float] = []

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self._process.url, timeout=ASK_S, trust_env=False)

    def start(self) -> None:
        began = time.monotonic()
        self._process.start()
        self.starts_s.append(time.monotonic() - began)

    def kill(self) -> None:
        self._process.kill()


@dataclass
class Promises:
    """What the server has acknowledged."""

    uploads: dict[str, int] = field(default_factory=dict)  # id -> rows
    runs: dict[str, dict[float, bool]] = field(default_factory=dict)  # id -> threshold -> settled
    sent: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)  # refusals, by kind and status
    lock: threading.Lock = field(default_factory=threading.Lock)


def upload(client: httpx.Client, promises: Promises, chance: random.Random) -> None:
    rows = chance.randint(ROWS // 2, ROWS)
    lines = (f"{at},E{at % 3},{chance.random():.4f},{chance.gauss(0, 1):.4f}" for at in range(rows))
    text = "\n".join(("time,equipment,pressure,flow", *lines))
    answer = client.post("/datasets", files={"file": ("a.csv", text.encode(), "text/csv")}).raise_for_status().json()
    with promises.lock:
        promises.uploads[answer["id"]] = rows


def detect(client: httpx.Client, promises: Promises, chance: random.Random) -> None:
    body: dict[str, Any] = {"detector": QUICK, "contamination": chance.uniform(0.001, 0.3)}
    with promises.lock:
        if promises.uploads and chance.random() < 0.9:
            body["dataset"] = chance.choice(list(promises.uploads))
    answer = client.post("/detect", json=body).raise_for_status().json()
    with promises.lock:
        promises.runs.setdefault(answer["run"], {answer["threshold"]: True})


def move(client: httpx.Client, promises: Promises, chance: random.Random) -> None:
    """Of two that are on their way at once, either may be the last; one that is answered replaces all earlier ones."""
    with promises.lock:
        run = chance.choice(list(promises.runs)[-20:])
        thresholds, threshold = promises.runs[run], chance.uniform(0.01, 5.0)
        earlier = [one for one, settled in thresholds.items() if settled]
        thresholds[threshold] = False
    client.post(f"/runs/{run}/threshold", json={"threshold": threshold}).raise_for_status()
    with promises.lock:
        thresholds[threshold] = True
        for one in earlier:
            thresholds.pop(one, None)


ACTS: dict[str, Callable[[httpx.Client, Promises, random.Random], None]] = {
    "upload": upload,
    "detection": detect,
    "threshold": move,
}


def work(server: Server, promises: Promises, name: str, seed: int, over: threading.Event) -> None:
    """One client: the same act again and again until the server is killed."""
    chance = random.Random(seed)
    with server.client() as client:
        while not over.is_set():
            if name == "threshold" and not promises.runs:
                time.sleep(0.05)
                continue
            with promises.lock:
                promises.sent[name] += 1
            try:
                ACTS[name](client, promises, chance)
            except httpx.HTTPStatusError as error:
                with promises.lock:
                    promises.faults[f"{name} {error.response.status_code}"] += 1
                time.sleep(0.05)
            except httpx.TransportError:
                return
            else:
                with promises.lock:
                    promises.kept[name] += 1


def one_life(server: Server, promises: Promises, chance: random.Random) -> None:
    server.start()
    over, before = threading.Event(), len(promises.runs)
    clients = [
        threading.Thread(target=work, args=(server, promises, name, chance.randrange(2**31), over))
        for name in (*ACTS, "threshold")
    ]
    for client in clients:
        client.start()
    until = time.monotonic() + WORKING_S
    while len(promises.runs) == before and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(chance.uniform(0, LATEST_S))
    server.kill()
    over.set()
    for client in clients:
        client.join()
    for thresholds in promises.runs.values():
        thresholds.update(dict.fromkeys(thresholds, True))  # nothing is on its way any more


def lost(client: httpx.Client, promises: Promises) -> dict[str, list[str]]:
    """What was acknowledged and is not there, by kind, with the reason."""
    listed = Counter(one["id"] for one in client.get("/datasets").raise_for_status().json()["datasets"])
    found: dict[str, list[str]] = {"uploads": [], "runs": [], "thresholds": [], "unfinished": []}
    for dataset, rows in promises.uploads.items():
        about = client.get(f"/datasets/{dataset}").json()
        drawn = client.get("/plot/pressure", params={"dataset": dataset}).status_code
        if listed[dataset] != 1 or about.get("rows") != rows or drawn != httpx.codes.OK:
            found["uploads"].append(f"{dataset}: listed {listed[dataset]} times, plot {drawn}")
    for run, thresholds in promises.runs.items():
        state = client.get(f"/runs/{run}").json().get("state")
        answer = client.get(f"/runs/{run}/result")
        if state != "done" or answer.status_code != httpx.codes.OK:
            found["runs"].append(f"{run}: {state}, result {answer.status_code}")
        elif answer.json()["threshold"] not in thresholds:
            found["thresholds"].append(f"{run}: {answer.json()['threshold']} of {sorted(thresholds)}")
    found["unfinished"] = [run["id"] for run in all_runs(client) if run["state"] in ("queued", "running")]
    return found


def all_runs(client: httpx.Client) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = []
    while True:
        part = client.get("/runs", params={"limit": 100, "skip": len(runs)}).raise_for_status().json()["runs"]
        runs += part
        if not part:
            return runs


def left_over(client: httpx.Client, data: Path) -> list[Path]:
    """Hidden files and folders, and folders that belong to nothing that is listed."""
    known = {
        "datasets": {one["id"] for one in client.get("/datasets").raise_for_status().json()["datasets"]},
        "runs": {run["id"] for run in all_runs(client)},
    }
    found = [path for path in data.rglob("*") if path.name.startswith(".")]
    for kind, names in known.items():
        found += [path for path in (data / kind).iterdir() if path.name not in names and not path.name.startswith(".")]
    return sorted(found)


def make_old(data: Path) -> None:
    """As if two days had passed since: what is young may belong to a request that is on its way."""
    moment = time.time() - OLD_S
    for path in data.rglob("*"):
        if path.suffix not in (".sqlite3", ".sqlite3-wal", ".sqlite3-shm"):
            os.utime(path, (moment, moment))


def cleaned(client: httpx.Client, data: Path, patience_s: float) -> list[Path]:
    """What is left when the server's cleaning had its time."""
    until = time.monotonic() + patience_s
    while (left := left_over(client, data)) and time.monotonic() < until:
        time.sleep(2)
    return left


def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    server, promises, chance = Server(folder), Promises(), random.Random(options.seed)
    until, kills = time.monotonic() + options.seconds, 0
    try:
        while kills < options.kills and time.monotonic() < until:
            one_life(server, promises, chance)
            kills += 1
            print(f"\r{kills} kills, {len(promises.runs)} runs", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        server.start()
        with server.client() as client:
            gone = lost(client, promises)
            before = left_over(client, server.data)
            server.kill()
            make_old(server.data)
            server.start()
            after = cleaned(client, server.data, options.patience)
    finally:
        server.kill()
    for kind, items in gone.items():
        for item in items:
            print(f"lost {kind}: {item}", file=sys.stderr)
    for path in after:
        print(f"left: {path.relative_to(server.data)}", file=sys.stderr)
    return {
        "kills": kills,
        "start_s": {
            "mean": round(sum(server.starts_s) / len(server.starts_s), 2),
            "max": round(max(server.starts_s), 2),
        },
        "sent": dict(promises.sent),
        "acknowledged": dict(promises.kept) | {"runs": len(promises.runs)},
        "lost": {kind: len(items) for kind, items in gone.items()},
        "refused": dict(promises.faults),
        "left_after_the_kills": len(before),
        "left_after_cleaning": len(after),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=360.0, help="no kill begins later than this")
    parser.add_argument("--patience", type=float, default=PATIENCE_S, help="seconds that the server's cleaning gets")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = run(options, Path(folder))
    tell(found)
    print(json.dumps(found))
    return int(bool(sum(found["lost"].values()) or found["left_after_cleaning"]))


def tell(found: dict[str, Any]) -> None:
    starts = found["start_s"]
    print(f"{found['kills']} kills; a start took {starts['mean']} s on average, {starts['max']} s at most")
    print(f"{'':<12}{'sent':>8}{'acknowledged':>14}{'lost':>8}")
    for name, kind in (("upload", "uploads"), ("detection", "runs"), ("threshold", "thresholds")):
        sent, kept = found["sent"].get(name, 0), found["acknowledged"].get(name, 0)
        print(f"{name:<12}{sent:>8}{kept:>14}{found['lost'][kind]:>8}")
    print(f"runs that look unfinished: {found['lost']['unfinished']}")
    print(f"refusals: {found['refused'] or 'none'}")
    print(f"folders and files left: {found['left_after_the_kills']}, after cleaning {found['left_after_cleaning']}")


if __name__ == "__main__":
    sys.exit(main())
