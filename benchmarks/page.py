"""What a visitor waits for: first view, detection to first figure, zoom on a long data set, moved threshold.

    python benchmarks/page.py
    python benchmarks/page.py --rows 200000 --zooms 10

A server process of its own on loopback, a new data folder. The first view is loaded by Chromium with an empty cache
(bytes as sent, packed); the rest are requests of one client, one after the other. The zooms go to random stretches of
random widths of a data set of ROWS rows and 8 sensors (virtual fab, seed 0), each with its score, flags and events.
Server times are from the request to the last byte, on loopback. The last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import sync_playwright

from waferwatch.read.virtual_fab.generate import generate

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
QUICK = "squared_difference"
SENSORS = 8
WAIT_S = 600


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the long data set")
    parser.add_argument("--zooms", type=int, default=40)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = os.environ | {"WAFERWATCH_PORT": str(port), "WAFERWATCH_DATA_DIR": f"{folder}/data"}
        start = "from waferwatch.cli import main; main(['serve'])"
        server = subprocess.Popen([sys.executable, "-c", start], env=environment, stderr=subprocess.DEVNULL)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=WAIT_S) as client:
                wait(client)
                found = {
                    "first_view": first_view(str(client.base_url)),
                    "demo": demo(client),
                    **long_data(client, Path(folder), options),
                }
        finally:
            server.terminate()
            server.wait(30)
    tell(found)
    print(json.dumps({"rows": options.rows, "sensors": SENSORS, **found}))
    return 0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait(client: httpx.Client) -> None:
    for _ in range(600):
        try:
            client.get("/healthz")
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def first_view(address: str) -> dict[str, Any]:
    """Bytes and milliseconds until the demo's figure is drawn, with an empty cache and then with a full one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        context = browser.new_context(base_url=address)
        views = [view(context.new_page()) for _ in range(2)]
        browser.close()
    return {"cold": views[0], "warm": views[1]}


def view(page: Any) -> dict[str, Any]:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    sent: list[float] = []
    session.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    began = time.perf_counter()
    page.goto("/", wait_until="domcontentloaded")
    ready = time.perf_counter() - began
    page.wait_for_selector("h1.sentence")  # the demo is checked when the server starts
    drawn = time.perf_counter() - began
    page.wait_for_timeout(300)
    return {"bytes": int(sum(sent)), "html_ready_ms": round(1e3 * ready), "figure_ms": round(1e3 * drawn)}


def demo(client: httpx.Client) -> dict[str, float]:
    """Seconds from the wish to the answer with every first figure, for the default detector, then for a quick one."""
    return {name: round(timed(client, {"detector": name})[0], 2) for name in ("moment", QUICK)}


def timed(client: httpx.Client, body: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    answer = client.post("/detect", json=body)
    answer.raise_for_status()
    return time.perf_counter() - began, dict(answer.json())


def long_data(client: httpx.Client, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    frame = generate(rows=options.rows, equipment=4, seed=0)
    frame.to_parquet(folder / "long.parquet", index=False)
    began = time.perf_counter()
    with (folder / "long.parquet").open("rb") as file:
        upload = client.post("/datasets", files={"file": ("long.parquet", file)})
    upload.raise_for_status()
    uploaded = time.perf_counter() - began
    sensors = [name for name, role in upload.json()["roles"].items() if role == "sensor"][:SENSORS]
    body = {"dataset": upload.json()["id"], "features": sensors, "detector": QUICK}
    seconds, answer = timed(client, body)
    run, threshold = answer["run"], answer["threshold"]
    ends = (frame["timestamp"].min(), frame["timestamp"].max())
    del frame
    zooms = [zoom(client, run, sensors, ends, random.Random(number)) for number in range(options.zooms)]
    moves = [move(client, run, threshold * factor) for factor in (1.1, 1.2, 1.5, 1.0)]
    return {
        "upload_s": round(uploaded, 2),
        "detect_s": round(seconds, 2),
        "zoom_ms": percentiles([took for took, _ in zooms]),
        "zoom_bytes": percentiles([float(size) for _, size in zooms]),
        "threshold_ms": percentiles(moves),
    }


def zoom(client: httpx.Client, run: str, sensors: list[str], ends: tuple[Any, Any], chance: random.Random) -> Any:
    first, last = (datetime.fromisoformat(str(end)) for end in ends)
    width = (last - first) * 10 ** -chance.uniform(0, 3)
    start = first + (last - first - width) * chance.random()
    query = {"run": run, "start": start.isoformat(), "end": (start + width).isoformat(), "points": "3000"}
    began = time.perf_counter()
    answer = client.get(f"/plot/{chance.choice(sensors)}", params=query)
    answer.raise_for_status()
    return 1e3 * (time.perf_counter() - began), int(answer.num_bytes_downloaded)


def move(client: httpx.Client, run: str, threshold: float) -> float:
    began = time.perf_counter()
    client.post(f"/runs/{run}/threshold", json={"threshold": threshold}).raise_for_status()
    return 1e3 * (time.perf_counter() - began)


def percentiles(values: list[float]) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(values, share)), 1) for share in (50, 95)}


def tell(found: dict[str, Any]) -> None:
    for name, value in found.items():
        print(f"{name:<14} {json.dumps(value)}")


if __name__ == "__main__":
    sys.exit(main())
