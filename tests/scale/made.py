"""A small fleet for the tests of backfills, and an engine that does its tasks on the spot."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from waferwatch.scale.driver import RunRecord, run_plan
from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.scale.plans.planning import make_plan
from waferwatch.scale.plans.wishes import PlanWish, asked
from waferwatch.scale.task import ScaleTask, TaskOutcome
from waferwatch.scale.tasks import run_task

REFERENCE = "2026-01-05..2026-01-05"


@dataclass
class OnTheSpot:
    """Does each task in this process."""

    name: str = "on the spot"
    workers: int = 1

    def run(self, tasks: Iterable[ScaleTask]) -> Iterator[TaskOutcome]:
        return map(run_task, tasks)

    def close(self) -> None:
        pass


def rows_of(equipment: str, days: int, seed: int = 0) -> pd.DataFrame:
    """Rows about a minute apart by a clock that is not even, with faults, one of them over midnight, and a pause."""
    rng = np.random.default_rng(seed)
    rows = days * 1440
    steps = rng.choice([50, 60, 60, 70], rows)
    swing = np.sin(np.arange(rows) / 9)
    time = pd.Timestamp("2026-01-05") + pd.to_timedelta(np.cumsum(steps), unit="s")
    frame = pd.DataFrame({"time": time, "equipment": equipment})
    for sensor in range(3):
        noise = rng.normal(size=rows) * (0.1 + 0.3 * sensor)
        frame[f"s{sensor}"] = np.round(swing / (sensor + 1) + noise, 2)
    frame.loc[rows - 100 :, "time"] += pd.Timedelta(hours=3)
    midnight = int((frame["time"] < "2026-01-07").sum())
    frame.loc[midnight - 80 : midnight + 80, "s1"] += 6
    frame.loc[midnight + 500 : midnight + 502, "s2"] -= 9
    return frame


def write_fleet(folder: Path, frames: Iterable[pd.DataFrame]) -> None:
    """A file for each equipment and day, in the way of Hive."""
    for frame in frames:
        for (equipment, day), rows in frame.groupby(["equipment", frame["time"].dt.date]):
            place = folder / f"equipment={equipment}" / f"day={day}"
            place.mkdir(parents=True)
            rows.drop(columns="equipment").to_parquet(place / "part-0.parquet", index=False)


def planned(source: Path, out: Path, **options: object) -> ScalePlan:
    wishes: dict[str, object] = {"reference": REFERENCE, "detector": "statistical", "neighbourhood": 4000}
    return make_plan(asked(PlanWish(source=str(source), out=str(out), **wishes | options)))  # type: ignore[arg-type]


def run(plan: ScalePlan, engine: object = None) -> RunRecord:
    return run_plan(plan, engine or OnTheSpot(), lambda _stage, _counts: None)  # type: ignore[arg-type]


def copied(plan: ScalePlan, out: Path) -> ScalePlan:
    """The plan with its results in another place."""
    shutil.copytree(plan.out, out)
    moved = replace(plan, out=str(out))
    moved.save(list(plan.units()))
    return moved


def states(record: RunRecord, stage: str) -> Counter[str]:
    return record.counts[stage]


def hashes(out: Path) -> dict[str, str]:
    """Every file that a run writes, but for the record of the run itself."""
    return {
        file.relative_to(out).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(out.rglob("*"))
        if file.is_file() and "_runs" not in file.parts
    }
