"""Whether the server answers while it works, and whether its memory grows.

    python benchmarks/responsiveness.py
    python benchmarks/responsiveness.py --detectors isolation_forest moment --limit 300

A server process of its own on loopback, a new data folder. First: GET /healthz once every 20 ms on one kept connection
while a data set of ROWS rows and 8 sensors (virtual fab, seed 0) is judged; each detector's run is cancelled after
LIMIT seconds. A request that is late does not delay the next: times count from when it was due. Then: 20 detections of
the demo, each with another contamination, a result and 10 zooms, and the resident memory of the process after each.
The server keeps results in memory up to a bound (256 MB), so it grows until that is full; --kept 8 shows the rest.
The last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parent))
from page import free_port, wait

from waferwatch.read.virtual_fab.generate import generate

SENSORS = 8
EVERY_S = 0.02
QUICK = "squared_difference"
DEMO_RUNS, ZOOMS, SETTLED = 20, 10, 5


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--detectors", nargs="*", default=["isolation_forest", "moment"])
    parser.add_argument("--limit", type=float, default=300, help="seconds until a run is cancelled")
    parser.add_argument("--kept", type=int, default=256, help="MB of results that the server keeps in memory")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        own = {
            "WAFERWATCH_PORT": str(port),
            "WAFERWATCH_DATA_DIR": f"{folder}/data",
            "WAFERWATCH_POSTS_PER_MINUTE": "0",
        }
        keep = f"import waferwatch.store.results as r; r._RECENT_BYTES = {options.kept} << 20; "
        start = keep + "from waferwatch.cli import main; main(['serve'])"
        server = subprocess.Popen([sys.executable, "-c", start], env=os.environ | own, stderr=subprocess.DEVNULL)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
                wait(client)
                found: dict[str, Any] = {"memory": memory(client, server.pid)}
                if options.detectors:
                    body = long_data(client, Path(folder), options.rows)
                    found["idle"] = probed(client, lambda: time.sleep(3))
                    for name in options.detectors:
                        found[name] = busy(client, body | {"detector": name}, options.limit)
                        print(f"{name:<18} {json.dumps(found[name])}", flush=True)
        finally:
            server.terminate()
            server.wait(30)
    print(f"memory             {json.dumps(found['memory'])}")
    print(
        json.dumps(
            {"rows": options.rows, "sensors": SENSORS, "cores": os.cpu_count(), "kept_mb": options.kept, **found}
        )
    )
    return 0


def long_data(client: httpx.Client, folder: Path, rows: int) -> dict[str, Any]:
    """Upload the long data set. Returns what a run on it is asked with."""
    generate(rows=rows, equipment=4, seed=0).to_parquet(folder / "long.parquet", index=False)
    with (folder / "long.parquet").open("rb") as file:
        upload = client.post("/datasets", files={"file": ("long.parquet", file)})
    roles = upload.raise_for_status().json()["roles"]
    return {
        "dataset": upload.json()["id"],
        "features": [name for name, role in roles.items() if role == "sensor"][:SENSORS],
    }


def busy(client: httpx.Client, body: dict[str, Any], limit_s: float) -> dict[str, Any]:
    """The server's answers while one run is worked off."""
    ended: dict[str, Any] = {}

    def work() -> None:
        began = time.perf_counter()
        run = client.post("/runs", json=body).raise_for_status().json()
        while run["state"] in ("queued", "running"):
            time.sleep(1)
            run = client.get(f"/runs/{run['id']}").json()
            if time.perf_counter() - began > limit_s:
                run = client.post(f"/runs/{run['id']}/cancel").json()
                ended["progress"] = run["progress"]
                break
        ended["state"], ended["run_s"] = run["state"], round(time.perf_counter() - began, 1)

    return probed(client, work) | ended


def probed(client: httpx.Client, work: Any) -> dict[str, float]:
    """Milliseconds of /healthz while ``work`` runs in another thread."""
    worker = threading.Thread(target=work)
    took: list[float] = []
    with httpx.Client(base_url=client.base_url, timeout=120) as probe:
        probe.get("/healthz")
        worker.start()
        due = time.perf_counter()
        while worker.is_alive():
            time.sleep(max(0.0, due - time.perf_counter()))
            probe.get("/healthz").raise_for_status()
            now = time.perf_counter()
            took.append(1e3 * (now - due))
            due = max(due + EVERY_S, now)
    worker.join()
    p50, p99 = np.percentile(took, (50, 99))
    return {"asked": len(took), "p50_ms": round(p50, 1), "p99_ms": round(p99, 1), "max_ms": round(max(took), 1)}


def memory(client: httpx.Client, pid: int) -> dict[str, Any]:
    """Resident megabytes after each detection of the demo, and how much the last five hold above runs 6 to 10."""
    process, chance, held = psutil.Process(pid), random.Random(0), []
    for number in range(1, DEMO_RUNS + 1):
        body = {"detector": QUICK, "contamination": 0.002 * number}
        answer = client.post("/detect", json=body).raise_for_status().json()
        client.get(f"/runs/{answer['run']}/result").raise_for_status()
        for _ in range(ZOOMS):
            query = {"run": answer["run"], "points": 3000, "start": f"2026-01-05 08:{chance.randrange(50):02d}"}
            client.get(f"/plot/{chance.choice(answer['features'])}", params=query).raise_for_status()
        held.append(round(process.memory_info().rss / 1e6, 1))
    return {
        "rss_mb": held,
        "run_5_to_20_mb": round(held[-1] - held[SETTLED - 1], 1),
        "growth_mb": round(float(np.median(held[-SETTLED:]) - np.median(held[SETTLED : 2 * SETTLED])), 1),
        "runs": DEMO_RUNS,
        "zooms_each": ZOOMS,
    }


if __name__ == "__main__":
    sys.exit(main())
