"""What a backfill costs and withstands: ``python benchmarks/scale.py PART``; see benchmarks/README.md.

Parts: fleet, speed-up, kill, day-units, no-network, s3, memory, sisters.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from scale_sisters import sisters
from scale_storage import s3
from scale_streams import CLI, FIRST_DAY, command, hashes, planned, streams

from waferwatch.scale import results
from waferwatch.scale.driver import run_plan
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit
from waferwatch.scale.task import DONE, TaskOutcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=sorted(PARTS))
    parser.add_argument("--chambers", type=int, default=2000)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--rows", type=int, default=200, help="of a chamber and day")
    parser.add_argument("--with-reference", type=int, default=20, help="chambers that have a reference")
    parser.add_argument("--detector", default="statistical")
    parser.add_argument("--engine", default="local")
    parser.add_argument("--repeats", type=int, default=3, help="of speed-up")
    parser.add_argument("--kills", type=int, default=12, help="workers that are killed")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of killing")
    parser.add_argument("--moto", help="moto_server, installed with: pip install 'moto[s3]' flask flask-cors")
    parser.add_argument("--port", type=int, default=6401)
    options = parser.parse_args()
    load = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="waferwatch-scale-") as folder:
        found = PARTS[options.part](options, Path(folder))
    found["load"] = [round(one, 1) for one in (*load, *os.getloadavg())]
    print(json.dumps(found, indent=1, default=str))


def fleet(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """From plan to report: most chambers have no reference and take over the model of a sister."""
    streams(folder / "in", options.chambers, options.days, options.rows, reference=options.with_reference)
    period = f"{FIRST_DAY}..{FIRST_DAY}"
    out = str(folder / "out")
    plan_s, count, _ = command(
        "plan", str(folder / "in"), "--reference", period, "--detector", options.detector, "--out", out
    )
    run_s, record, ran = command("run", out, "--engine", options.engine)
    again_s, again, seen = command("resume", out, "--engine", options.engine)
    status_s, _, _ = command("status", out)
    report_s, report, _ = command("report", out)
    size = sum(file.stat().st_size for file in (folder / "out").rglob("*") if file.is_file())
    tasks = sum(sum(states.values()) for states in record["counts"].values())
    return {
        "plan": count,
        "seconds": {"plan": plan_s, "run": run_s, "resume": again_s, "status": status_s, "report": report_s},
        "counts": record["counts"],
        "again": again["counts"],
        "models": report["models"],
        "events": report["totals"]["events"],
        "processor_seconds": {
            "driver": ran.seconds("driver"),
            "workers": ran.seconds("worker"),
            "resume": seen.seconds("driver") + seen.seconds("worker"),
        },
        "ms_of_driver_for_each_task": 1000 * ran.seconds("driver") / tasks,
        "ms_of_workers_for_each_unit": 1000 * ran.seconds("worker") / count["units"],
        "memory_mb": {"driver": ran.driver_mb, "worker": ran.worker_mb},
        "bytes_of_results": size,
    }


def speed_up(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """50 units by one worker and by two, in turns; compare processor seconds where other work keeps the cores busy."""
    each = max(options.rows, 8640)
    streams(folder / "in", 10, 5, each)
    wall: dict[int, list[float]] = {1: [], 2: []}
    busy: dict[int, list[float]] = {1: [], 2: []}
    memory = 0.0
    for _ in range(options.repeats):
        for workers in (1, 2):
            out = folder / f"out-{workers}"
            shutil.rmtree(out, ignore_errors=True)
            planned(str(folder / "in"), str(out), detector=options.detector)
            _, record, ran = command("run", str(out), "--workers", str(workers), "--engine", options.engine)
            wall[workers].append(round(record["seconds"], 2))
            busy[workers].append(ran.seconds("worker"))
            memory = max(memory, ran.worker_mb)
    rows = 10 * 5 * each
    best = {workers: min(values) for workers, values in wall.items()}
    return {
        "seconds": wall,
        "processor_seconds_of_workers": busy,
        "speed_up": best[1] / best[2],
        "values_per_second": {workers: rows * 8 / value for workers, value in best.items()},
        "worker_mb": memory,
    }


def kill(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Random workers and drivers are killed with -9, and the plan is run again until all is done; the bytes are those
    of a quiet run.
    """
    streams(folder / "in", 6, 5, 2880)
    planned(str(folder / "in"), str(folder / "out"))
    command("run", str(folder / "out"), "--engine", options.engine)
    expected = hashes(folder / "out")
    for name in ("_units", "_parts", "_models", *results.TABLES, "fleet"):
        shutil.rmtree(folder / "out" / name, ignore_errors=True)
    chance, workers, drivers, exits = random.Random(options.seed), 0, 0, []
    arguments = [*CLI, "scale", "run", str(folder / "out"), "--workers", "2", "--engine", options.engine]
    while 0 not in exits and len(exits) < 12:
        driver = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
        lives = drivers >= 3
        until = time.monotonic() + chance.uniform(8, 20)
        while driver.poll() is None and (lives or time.monotonic() < until):
            time.sleep(chance.uniform(0.5, 2))
            victims = _workers(driver.pid)
            if victims and workers < options.kills:
                chance.choice(victims).send_signal(signal.SIGKILL)
                workers += 1
        if driver.poll() is None:
            driver.kill()
            drivers += 1
        exits.append(driver.wait())
    return {
        "workers_killed": workers,
        "drivers_killed": drivers,
        "exits": exits,
        "equal": hashes(folder / "out") == expected,
    }


def _workers(driver: int) -> list[psutil.Process]:
    found = []
    try:
        for one in psutil.Process(driver).children(recursive=True):
            line = " ".join(one.cmdline())
            if "multiprocessing.forkserver" in line or line.startswith("ray::_do"):
                found.append(one)
    except psutil.Error:
        return []
    return found


def day_units(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Units of a day compared with the undivided series."""
    streams(folder / "in", 2, 4, 8640, sensors=4)
    plan = planned(str(folder / "in"), str(folder / "out"), detector=options.detector)
    command("run", str(folder / "out"), "--engine", options.engine)
    scores = results.read_table_of(plan.results, "scores")
    events = results.read_table_of(plan.results, "events")
    far, found = 0.0, {"events": len(events), "undivided": 0}
    for equipment, mine in scores.groupby("equipment", observed=True):
        files = sorted((folder / "in" / f"equipment={equipment}").rglob("*.parquet"))
        frame = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True).assign(equipment=equipment)
        whole = results.get_model(plan.results, str(equipment)).detect(frame)
        far = max(far, float(np.nanmax(np.abs(mine.sort_values("row")["score"].to_numpy() - whole.scores))))
        found["undivided"] += len(whole.events)
    return {"largest_difference": far, **found}


def no_network(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """In a network namespace of its own, with loopback alone."""
    streams(folder / "in", 2, 3, 2880)
    alone = ("unshare", "--net", "--map-root-user", "--user", "sh", "-c", 'ip link set lo up; exec "$@"', "sh")
    out = str(folder / "out")
    planned(str(folder / "in"), out)
    seconds, record, _ = command("run", out, "--engine", options.engine, "--workers", "2", prefix=alone)
    return {"seconds": seconds, "counts": record["counts"], "engine": options.engine}


def memory(_options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The memory of the driver alone: an engine that does nothing is given plans of 1,000 and 100,000 units."""
    streams(folder / "in", 1, 1, 1440)
    small = planned(str(folder / "in"), str(folder / "out"))
    import waferwatch.scale.driver as driver

    driver.put_fleet = lambda _plan: None
    found = {}
    for chambers in (10, 1000):
        small.save(
            WorkUnit((f"E{chamber:05d}",), day * 86_400 * 10**9, 1440, 0, 0, 1, ("a.parquet",) * 3, (1, 1, 1))
            for chamber in range(chambers)
            for day in range(100)
        )
        plan = ScalePlan.load(str(folder / "out"))
        started = time.perf_counter()
        run_plan(plan, _Nothing(), lambda *_: None)
        seconds = time.perf_counter() - started
        size = (folder / "out" / "_plan" / "units.parquet").stat().st_size
        found[chambers * 100] = {
            "rss_mb": psutil.Process().memory_info().rss / 1e6,
            "seconds": seconds,
            "bytes_of_plan": size,
        }
    return found


class _Nothing:
    name, workers = "nothing", 1

    def run(self, tasks: Any) -> Iterator[TaskOutcome]:
        for task in tasks:
            yield TaskOutcome(task.key, task.stage, DONE, summary={"rows": 1, "sensors": "x", "model": task.key})

    def close(self) -> None:
        pass


PARTS = {
    "fleet": fleet,
    "speed-up": speed_up,
    "kill": kill,
    "day-units": day_units,
    "no-network": no_network,
    "s3": s3,
    "memory": memory,
    "sisters": sisters,
}

if __name__ == "__main__":
    main()
