"""What a backfill costs and withstands: ``python benchmarks/scale.py PART``; see benchmarks/README.md.

Parts: fleet, speed-up, kill, day-units, no-network, s3, memory, sisters.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

import waferwatch
from waferwatch.scale import results
from waferwatch.scale.driver import run_plan
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit
from waferwatch.scale.plans.planning import make_plan
from waferwatch.scale.plans.wishes import PlanWish, asked
from waferwatch.scale.task import DONE, TaskOutcome

FIRST_DAY = "2026-01-05"
CLI = [sys.executable, "-m", "waferwatch.cli"]


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


def streams(folder: Path, chambers: int, days: int, rows: int, sensors: int = 8, reference: int | None = None) -> None:
    """A Parquet file for each chamber and day; chambers from number ``reference`` on begin a day later."""
    step = 86_400 // rows
    for chamber in range(chambers):
        rng = np.random.default_rng(chamber)
        first = 1 if reference is not None and chamber >= reference else 0
        level = rng.normal(size=sensors)
        for day in range(first, days + first):
            at = np.arange(rows) + day * rows
            time_ = pd.Timestamp(FIRST_DAY) + pd.to_timedelta(day * 86_400 + np.arange(rows) * step, unit="s")
            swing = np.sin(at / 9)[:, None] / (1 + np.arange(sensors))
            values = (level + swing + rng.normal(size=(rows, sensors)) * 0.2).round(3).astype(np.float32)
            frame = pd.DataFrame(values, columns=[f"s{number}" for number in range(sensors)])
            frame.insert(0, "time", time_)
            if chamber % 50 == 7:
                frame.loc[rows // 2 : rows // 2 + 5, "s3"] += 6
            place = folder / f"equipment=ETCH-{chamber:04d}" / f"day={time_[0].date()}"
            place.mkdir(parents=True)
            frame.to_parquet(place / "part-0.parquet", index=False)


def planned(source: str, out: str, **wishes: Any) -> ScalePlan:
    given: dict[str, Any] = {"reference": f"{FIRST_DAY}..{FIRST_DAY}", "detector": "statistical"}
    return make_plan(asked(PlanWish(source=source, out=out, **given | wishes)))


@dataclass
class Watched:
    """What the processes of a command took, looked at every half second."""

    driver_mb: float = 0.0  # highest
    worker_mb: float = 0.0  # highest of any
    cpu: dict[int, tuple[str, float]] = field(default_factory=dict)  # process -> driver or worker, processor seconds

    def look(self, driver: psutil.Process) -> None:
        with contextlib.suppress(psutil.Error):
            for one in (driver, *driver.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    kind = "driver" if one == driver else "worker"
                    size, times = one.memory_info().rss / 1e6, one.cpu_times()
                    self.cpu[one.pid] = kind, times.user + times.system
                    setattr(self, f"{kind}_mb", max(getattr(self, f"{kind}_mb"), size))

    def seconds(self, kind: str) -> float:
        """Processor seconds of the driver or of all workers."""
        return round(sum(value for of, value in self.cpu.values() if of == kind), 1)


def command(*arguments: str, check: bool = True, prefix: tuple[str, ...] = ()) -> tuple[float, dict[str, Any], Watched]:
    """Seconds and JSON document of a command, and what its processes took."""
    started, watched = time.perf_counter(), Watched()
    process = subprocess.Popen([*prefix, *CLI, "scale", *arguments, "--json"], stdout=subprocess.PIPE)
    while process.poll() is None:
        watched.look(psutil.Process(process.pid))
        time.sleep(0.5)
    seconds = time.perf_counter() - started
    if check and process.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    lines = process.stdout.read().decode().splitlines() if process.stdout else []
    return seconds, json.loads(lines[-1]) if lines else {}, watched


def hashes(out: Path) -> str:
    """Over every file but the record of runs."""
    found = hashlib.sha256()
    for file in sorted(out.rglob("*")):
        if file.is_file() and "_runs" not in file.parts:
            found.update(file.relative_to(out).as_posix().encode() + file.read_bytes())
    return found.hexdigest()


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


def s3(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Through a proxy that answers every fifth request with SlowDown; one object is deleted after planning."""
    streams(folder / "in", 2, 2, 1440)
    local = planned(str(folder / "in"), str(folder / "local"))
    run_plan(local, _InPlace(), lambda *_: None)
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}
    with _moto(options) as (address, slowed):
        rest = f"?endpoint_override={address}&scheme=http&region=us-east-1&allow_bucket_creation=true"
        source, out = results.Storage(f"s3://fab/in{rest}"), f"s3://fab/out{rest}"
        source.system.create_dir("fab")
        for file in sorted((folder / "in").rglob("*.parquet")):
            source.child(file.relative_to(folder / "in").as_posix()).write(file.read_bytes())
        plan = planned(source.url, out)
        record = run_plan(plan, _InPlace(), lambda *_: None)
        same = [
            results.Storage(f"s3://fab/out/{name}{rest}").read() == (folder / "local" / name).read_bytes()
            for name in _tables(folder / "local")
        ]
        missing = next(iter(plan.units())).files[0]
        source.child(missing).remove()
        shutil.rmtree(folder / "local")
        again = planned_as_before(plan, f"s3://fab/again{rest}")
        code = run_plan(again, _InPlace(), lambda *_: None)
    return {
        "seconds": record.seconds,
        "counts": record.counts,
        "requests_slowed": slowed[0],
        "tables_equal_to_those_on_disk": f"{sum(same)} of {len(same)}",
        "missing": {"exit": code.exit_code, "counts": code.counts["score"], "sentences": code.failures[-1:]},
    }


def planned_as_before(plan: ScalePlan, out: str) -> ScalePlan:
    """The same plan with its results elsewhere."""
    from dataclasses import replace

    moved = replace(plan, out=out)
    moved.save(list(plan.units()))
    return moved


class _InPlace:
    name, workers = "in place", 1

    def run(self, tasks: Any) -> Iterator[TaskOutcome]:
        from waferwatch.scale.tasks import run_task

        return map(run_task, tasks)

    def close(self) -> None:
        pass


def _tables(out: Path) -> Iterator[str]:
    for name in ("scores", "flagged", "wafers", "events", "problems", "fleet"):
        yield from (file.relative_to(out).as_posix() for file in sorted((out / name).rglob("*.parquet")))


class _moto:  # noqa: N801 - a context
    """A moto server behind a proxy that slows clients down."""

    def __init__(self, options: argparse.Namespace) -> None:
        if not options.moto:
            raise SystemExit("Name moto_server with --moto; see --help.")
        self._program, self._port, self._slowed = options.moto, options.port, [0]

    def __enter__(self) -> tuple[str, list[int]]:
        from http.server import ThreadingHTTPServer

        arguments = [self._program, "-H", "127.0.0.1", "-p", str(self._port + 1)]
        self._moto = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        handler = _slowing(self._port + 1, self._slowed)
        self._proxy = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        threading.Thread(target=self._proxy.serve_forever, daemon=True).start()
        time.sleep(10)
        return f"127.0.0.1:{self._port}", self._slowed

    def __exit__(self, *_: object) -> None:
        self._proxy.shutdown()
        self._moto.terminate()
        self._moto.wait()


_SLOW = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"


def _slowing(port: int, slowed: list[int]) -> Any:
    import http.client
    from http.server import BaseHTTPRequestHandler

    asked = [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self._body()
            asked[0] += 1
            if asked[0] % 5 == 0:
                slowed[0] += 1
                self._answer(503, {}, _SLOW)
                return
            upstream = http.client.HTTPConnection("127.0.0.1", port)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "transfer-encoding"}
            upstream.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
            answer = upstream.getresponse()
            self._answer(answer.status, dict(answer.getheaders()), answer.read())

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            kept = {
                name: value
                for name, value in headers.items()
                if not re.match("(?i)transfer|connection|date|server|content-length", name)
            }
            length = headers.get("Content-Length", str(len(body))) if self.command == "HEAD" else str(len(body))
            for name, value in (kept | {"Content-Length": length}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815

    return Handler


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


def sisters(options: argparse.Namespace, _folder: Path) -> dict[str, Any]:
    """What a chamber's own model is worth against those of its sisters, in the virtual fab with labelled faults."""
    from waferwatch.monitors.golden.golden_set import choose
    from waferwatch.monitors.learn import learn
    from waferwatch.read.frames import table_from_frame
    from waferwatch.scale.units import adopting

    reference, rows = 4000, []
    for seed in range(options.seed, options.seed + options.repeats):
        frame = waferwatch.generate(rows=60_000, equipment=5, seed=seed)
        chambers = {name: mine.reset_index(drop=True) for name, mine in frame.groupby("equipment")}
        golden = {
            name: table_from_frame(mine[:reference].drop(columns=["anomaly", "fault_kind"]))
            for name, mine in chambers.items()
        }
        own = {name: learn(choose(table), detector=options.detector).model for name, table in golden.items()}
        for name, mine in chambers.items():
            others = {other: model for other, model in own.items() if other != name}
            tried: dict[str, Any] = {"own": own[name]}
            first, scope = next((model, next(iter(model.fitted.parts))) for model in others.values())
            tried["a sister's as it is"] = adopting.as_for(first, scope, (name,))
            for wafers in (5, 8, 12):
                every = [
                    adopting._taken_over(model, sister, (name,), golden[name], wafers)
                    for model, sister in adopting._sisters(others)
                ]
                best = max(every, key=lambda one: one.sharpness)
                tried[f"best sister's, {wafers} wafers of a recipe"] = best.model
                few = adopting._first_wafers(own[name], golden[name], wafers)
                alone = learn(choose(few), detector=options.detector).model
                tried[f"first wafers alone, {wafers} wafers of a recipe"] = alone
            for title, model in tried.items():
                rows.append({"model": title, **_judged(model, mine[reference:].reset_index(drop=True))})
    table = pd.DataFrame(rows).groupby("model").mean().round(4)
    print(table.to_string(), file=sys.stderr)
    return {"means": table.to_dict("index"), "chambers": 5 * options.repeats}


def _judged(model: Any, frame: pd.DataFrame) -> dict[str, float]:
    from sklearn.metrics import average_precision_score

    label = frame["anomaly"].to_numpy()
    found = model.detect(frame.drop(columns=["anomaly", "fault_kind"]))
    known = np.isfinite(found.scores)
    return {
        "auc_pr": float(average_precision_score(label[known], found.scores[known])),
        "rows_found": float(found.flags[label == 1].mean()),
        "rows_false": float(found.flags[label == 0].mean()),
    }


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
