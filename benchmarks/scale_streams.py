"""Fleets of streams for benchmarks/scale.py, and what the processes of a command took."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.scale.plans.planning import make_plan
from waferwatch.scale.plans.wishes import PlanWish, asked

FIRST_DAY = "2026-01-05"
CLI = [sys.executable, "-m", "waferwatch"]


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
