"""Watch with thousands of simulated chambers: how long the server takes, and what the browser has to do.

    python benchmarks/watch_page.py --chambers 5000

A server process learns one monitor, is sent ``--rows`` rows of every chamber, and opens alarms on every 200th of them.
Then a browser (Chromium) shows ``/watch`` for ``--seconds`` at 1440 x 900 while rows go on coming, all on loopback.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import numpy as np
import pandas as pd
from live_load import SERVE, wait_for
from playwright.sync_api import CDPSession, sync_playwright

AREAS = ("ETCH", "CVD", "IMP", "CMP", "LITHO", "PVD", "DIFF", "WET", "METRO", "RTP")
CHROMIUM = "/usr/bin/chromium"
BLOCK = 500  # chambers in one request
FAULTY = 200  # every so many chambers one has a fault
ASKED = 20  # times that the server is asked


def names(count: int) -> list[str]:
    """Chambers of four to a tool, in ten areas."""
    return [f"{AREAS[at % 10]}{at // 40:03d}-PM{at // 10 % 4 + 1}" for at in range(count)]


def golden() -> bytes:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"time": pd.date_range("2026-01-01", periods=4000, freq="s")})
    for name in ("a", "b"):
        frame[name] = rng.normal(size=len(frame))
    file = io.BytesIO()
    frame.to_csv(file, index=False)
    return file.getvalue()


def learn(client: httpx.Client) -> None:
    dataset = client.post("/datasets", files={"file": ("golden.csv", golden())}).raise_for_status().json()["id"]
    body = {"name": "watch", "dataset": dataset, "detector": "statistical"}
    run = client.post("/monitors", json=body).raise_for_status().json()["id"]
    while client.get(f"/runs/{run}").json()["state"] != "done":
        time.sleep(0.2)


def send(client: httpx.Client, chambers: list[str], rows: int, rng: np.random.Generator, faults: bool) -> None:
    """``rows`` rows of each chamber, a second apart, the newest of them now."""
    begin = time.time() - rows
    for first in range(0, len(chambers), BLOCK):
        lines = []
        for at, name in enumerate(chambers[first : first + BLOCK], first):
            values = rng.normal(size=(rows, 2))
            if faults and at % FAULTY == 0:
                values[-5:] += 25.0
            lines += [
                json.dumps({"equipment": name, "time": begin + second, "a": a, "b": b})
                for second, (a, b) in enumerate(values.tolist())
            ]
        while client.post("/live/line/rows?monitor=watch", content="\n".join(lines)).status_code == 429:
            time.sleep(1)


def asked(client: httpx.Client, query: str) -> dict[str, Any]:
    """Seconds and bytes of ``/watch/chambers``, asked more slowly than its answer is kept."""
    took, size = [], 0
    for _ in range(ASKED):
        begin = time.perf_counter()
        with client.stream("GET", f"/watch/chambers{query}") as answer:
            size = sum(len(part) for part in answer.iter_raw())
        took.append(time.perf_counter() - begin)
        time.sleep(1.1)
    return {"median_s": round(median(took), 3), "longest_s": round(max(took), 3), "packed_bytes": size}


def metrics(session: CDPSession) -> dict[str, float]:
    return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}


def shown(url: str, seconds: float) -> dict[str, Any]:
    """What the page costs in the browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        begin = time.perf_counter()
        page.goto(f"{url}/watch")
        page.locator(".group canvas").first.wait_for()
        drawn = time.perf_counter() - begin
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000
        before = metrics(session)
        page.wait_for_timeout(seconds * 1000)
        after = metrics(session)
        browser.close()
    busy = {name: (after[name] - before[name]) / seconds for name in ("TaskDuration", "ScriptDuration")}
    return {
        "first_paint_s": round(paint, 2),
        "squares_s": round(drawn, 2),
        "core_share": round(busy["TaskDuration"], 3),
        "script_share": round(busy["ScriptDuration"], 3),
        "nodes": int(after["Nodes"]),
        "heap_mb": round(after["JSHeapUsedSize"] / 1e6, 1),
    }


def measured(url: str, wanted: argparse.Namespace) -> dict[str, Any]:
    chambers, rng = names(wanted.chambers), np.random.default_rng(1)
    with httpx.Client(base_url=url, timeout=120, headers={"Accept": "application/json"}) as client:
        learn(client)
        send(client, chambers, wanted.rows, rng, faults=True)
        while client.get("/watch/chambers").json()["waiting"]:
            time.sleep(0.5)
        still = asked(client, "")
        ended = threading.Event()

        def go_on() -> None:
            with httpx.Client(base_url=url, timeout=120) as other:
                while not ended.is_set():
                    send(other, chambers, 1, rng, faults=False)
                    ended.wait(5)

        sending = threading.Thread(target=go_on)
        sending.start()
        try:
            return {"still": still, "while_rows_come": asked(client, ""), "browser": shown(url, wanted.seconds)}
        finally:
            ended.set()
            sending.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chambers", type=int, default=5000)
    parser.add_argument("--rows", type=int, default=40, help="of each chamber before anything is measured")
    parser.add_argument("--seconds", type=float, default=30.0, help="for which the page is shown")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        own = {
            "WAFERWATCH_PORT": str(port),
            "WAFERWATCH_DATA_DIR": str(Path(folder) / "data"),
            "WAFERWATCH_POSTS_PER_MINUTE": "0",
        }
        server = subprocess.Popen([sys.executable, "-c", SERVE], env=os.environ | own, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(url)
            print(json.dumps({"chambers": wanted.chambers, **measured(url, wanted)}, indent=2))
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
