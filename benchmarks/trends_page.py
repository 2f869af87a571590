"""Trends with many linked panels: how long a drag over wafers takes to be drawn, and what it costs the browser.

    python benchmarks/trends_page.py --chambers 24

A server process on loopback detects in WAFERS wafers of each chamber. Chromium (1440 x 900) shows one indicator with a
panel for each chamber, and DRAGS times wafers are selected by dragging. ``drawn_ms`` is from the browser's own
``pointerup`` to the end of the frame that shows the selection and the sentence about it; ``work_ms`` is what the main
thread did from there until 250 ms later. The last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
from page import CHROMIUM, FLAGS, free_port, wait

STEPS = ("stabilise", "etch", "purge")
ROWS = 10  # of a step
WATCH_FRAMES = """() => {
  window.took = [];
  let released = 0;
  window.addEventListener("pointerup", () => { released = performance.now(); }, true);
  const chosen = document.getElementById("chosen");
  new MutationObserver(() => {
    if (chosen.hidden || !released) return;
    const from = released;
    released = 0;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.took.push(performance.now() - from);
      port2.postMessage(0);
    });
  }).observe(chosen, { attributes: true, subtree: true, childList: true });
}"""


def wafers(chambers: int, count: int) -> bytes:
    chance = np.random.default_rng(0)
    parts = []
    for chamber in range(chambers):
        for wafer in range(count):
            start = pd.Timestamp("2026-11-20") + pd.Timedelta(seconds=40 * wafer)
            flow = chance.normal(np.repeat([2.0, 8.0, 0.5], ROWS), 0.1)
            flow[ROWS : 2 * ROWS] += 4.0 * (wafer == count - 10 and chamber % 5 == 0)
            columns = {
                "time": start + pd.to_timedelta(np.arange(3 * ROWS), "s"),
                "chamber": f"PM{chamber + 1:02d}",
                "lot": f"L{wafer // 10}",
                "wafer": f"W{wafer % 10}",
                "recipe": "POLY",
                "step": np.repeat(STEPS, ROWS),
                "flow": flow,
                "pressure": chance.normal(np.repeat([5.0, 20.0, 1.0], ROWS), 0.1),
            }
            parts.append(pd.DataFrame(columns))
    file = io.BytesIO()
    pd.concat(parts).to_parquet(file, index=False)
    return file.getvalue()


def drag(page: Page, start: float, width: float) -> None:
    """Over the first panel, in shares of its width; the button is still down."""
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    if box is None:
        raise SystemExit("the chart is not shown")
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + width) * box["width"], middle + 2, steps=5)
    page.wait_for_timeout(150)


def dragged(address: str, drags: int) -> dict[str, Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.mouse.move(9, 9)
        page.locator("#chart[data-drawn]").wait_for(timeout=120_000)
        page.locator("#chart").scroll_into_view_if_needed()
        page.evaluate(WATCH_FRAMES)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        work = []
        for number in range(drags):
            drag(page, 0.05 + 0.5 * number / drags, 0.3)
            before = busy(session)
            page.mouse.up()
            page.wait_for_function("count => window.took.length === count", arg=number + 1)
            page.wait_for_timeout(250)
            work.append(1e3 * (busy(session) - before))
        took = page.evaluate("window.took")
        panels = page.locator("#chart .nsewdrag").count()
        browser.close()
    return {
        "panels": panels,
        "drawn_ms": {"median": round(median(took)), "all": [round(one) for one in took]},
        "work_ms": round(median(work)),
    }


def busy(session: Any) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chambers", type=int, default=24)
    parser.add_argument("--wafers", type=int, default=60)
    parser.add_argument("--drags", type=int, default=12)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        own = {"WAFERWATCH_PORT": str(port), "WAFERWATCH_DATA_DIR": f"{folder}/data"}
        start = "from waferwatch.cli import main; main(['serve'])"
        server = subprocess.Popen([sys.executable, "-c", start], env=os.environ | own, stderr=subprocess.DEVNULL)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600, trust_env=False) as client:
                wait(client)
                files = {"file": ("wafers.parquet", wafers(options.chambers, options.wafers))}
                dataset = client.post("/datasets", files=files).raise_for_status().json()["id"]
                body = {"dataset": dataset, "detector": "squared_difference"}
                run = client.post("/detect", json=body).raise_for_status().json()["run"]
            query = f"run={run}&step={STEPS[1]}&sensor=flow&recipe=POLY&stat=mean"
            found = dragged(f"http://127.0.0.1:{port}/trends?{query}", options.drags)
        finally:
            server.terminate()
            server.wait(30)
    print(json.dumps({"load": [round(one, 1) for one in os.getloadavg()], **found}))


if __name__ == "__main__":
    main()
