"""What a rebase absorbs and refuses, and when a monitor says that its normal no longer fits. No torch, no training.

    python benchmarks/rebase.py DATA_FOLDER
    python benchmarks/rebase.py DATA_FOLDER --detector moment --seeds 1 2

DATA_FOLDER has after_maintenance.csv.gz (eight hours of maintenance; afterwards a gauge reads higher, reflected power
settles, a leak stays) and etch_600_wafers_labelled.csv.gz (three chambers, four hours without a fault). Virtual fabs
without faults are made here; their first third is golden.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import waferwatch
from waferwatch.monitors.alarms.replay import replay
from waferwatch.monitors.drift.check import drift
from waferwatch.monitors.golden.golden_set import GoldenChoice, choose
from waferwatch.monitors.learn import learn
from waferwatch.monitors.rebase.rebased import Moved, Rebased, Refused
from waferwatch.monitors.rebase.relearn import rebase
from waferwatch.read.files import read_table
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table
from waferwatch.scoring.model import Model
from waferwatch.scoring.part import only_rows

MAINTENANCE, GOLDEN_UNTIL = "2026-11-20T10:00", "2026-11-02T10:00"
PRESSURE = "챔버압력(mTorr)"
WAFERS = (5, 8, 12, 15, 20, 25, 50)
SLOW = (0.05, 0.1, 0.2)  # mTorr until the end of the file; single readings have a spread of 0.1
FAB_ROWS, EQUIPMENT = 60_000, 3


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Rebase and drift on made fab files.")
    parser.add_argument("data", type=Path, metavar="DATA_FOLDER")
    parser.add_argument("--detector", default="statistical", help="default: %(default)s")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 7, 11, 12, 21, 22, 31, 32])
    options = parser.parse_args(arguments)
    after_maintenance(read_table(options.data / "after_maintenance.csv.gz"), options.detector)
    etch = read_table(options.data / "etch_600_wafers_labelled.csv.gz", label="불량라벨")
    after_golden_hours(etch, options.detector)
    for seed in options.seeds:
        virtual_fab(seed, options.detector)
    return 0


def after_maintenance(table: Table, detector: str) -> None:
    print("After the maintenance")
    model = learn(choose(table, GoldenChoice(end=MAINTENANCE)), detector=detector).model
    later = since(table, MAINTENANCE)
    print_drift("  drift", model, later)
    for wafers in WAFERS:
        print_rebased(f"  rebase, {wafers} wafers", rebase(model, later, wafers=wafers))
    found = rebase(model, later)
    print_flagged("  wafers flagged", found.model, later)
    accepted = rebase(model, later, accept=["HeLeak"]).model
    print_flagged("  wafers flagged if the leak were accepted", accepted, later)
    print_drift("  drift if the leak were accepted", accepted, later)


def after_golden_hours(table: Table, detector: str) -> None:
    print("Three chambers after their golden hours")
    model = learn(choose(table, GoldenChoice(end=GOLDEN_UNTIL)), detector=detector).model
    later = since(table, GOLDEN_UNTIL)
    good = choose(later).table  # wafers with a labelled row are left out
    print_drift("  drift, good wafers", model, good)
    print_drift("  drift, all wafers", model, later)
    for slow in SLOW:
        print_drift(f"  drift, pressure {slow} mTorr higher in the end", model, slowly_higher(good, PRESSURE, slow))
    unlabelled = replace(later, roles=later.roles | {"불량라벨": Role.IGNORED})
    for start in (GOLDEN_UNTIL, "2026-11-02T12:00", "2026-11-02T14:00"):
        print_rebased(f"  rebase from {start[-5:]}, faults not labelled", rebase(model, unlabelled, since=start))


def virtual_fab(seed: int, detector: str) -> None:
    frame = waferwatch.generate(FAB_ROWS, EQUIPMENT, seed, faults=False).drop(columns=["anomaly", "fault_kind"])
    table = table_from_frame(frame, name=f"fab {seed}")
    times = frame["timestamp"]
    span = times.iloc[-1] - times.iloc[0]
    golden_until, cleaned = str(times.iloc[0] + span / 3), str(times.iloc[0] + 0.72 * span)
    model = learn(choose(table, GoldenChoice(end=golden_until)), detector=detector).model
    print_drift(f"Virtual fab {seed}: drift", model, since(table, golden_until))
    late = since(table, cleaned)
    found = rebase(model, late)
    both = replay(model, found.model, late)
    levels = f"{len(found.moved)} levels moved, {len(found.refused)} refused"
    print(f"  rebase: {levels}; false events {both.old.events} before and {both.new.events} after it")


def since(table: Table, place: str) -> Table:
    time = table.frame[str(table.column(Role.TIME))].to_numpy()
    return only_rows(table, np.flatnonzero(time >= np.datetime64(place)))


def slowly_higher(table: Table, sensor: str, most: float) -> Table:
    time = table.frame[str(table.column(Role.TIME))]
    share = (time - time.min()) / (time.max() - time.min())
    return replace(table, frame=table.frame.assign(**{sensor: table.frame[sensor] + most * share}))


def print_drift(title: str, model: Model, table: Table) -> None:
    found = drift(model, table)
    moved = ", ".join(f"{one.sensor} {one.step} {one.spreads or 0:+.1f}" for one in found.sensors[:3])
    fits = " ".join(f"{one.fits.value} ({one.score or 0:.2f}, limit {one.limit or 0:.2f})" for one in found.equipment)
    print(f"{title}: fits {found.fits.value} since {found.since}; {fits}; farthest {moved}")


def print_rebased(title: str, found: Rebased) -> None:
    print(f"{title}: moved {listed(found.moved)}; settled {listed(found.settled)}; refused {listed(found.refused)}")


def listed(levels: Sequence[Moved | Refused]) -> str:
    return ", ".join(_said(levels)) or "none"


def _said(levels: Sequence[Moved | Refused]) -> Iterator[str]:
    for one in levels:
        more = f" after {one.settled_after}" * bool(one.settled_after) if isinstance(one, Moved) else f" {one.reason}"
        yield f"{one.sensor} {one.step} {one.spreads:+.1f}{more}"


def print_flagged(title: str, model: Model, table: Table) -> None:
    runs = model.detect(table.frame).runs
    touched = [number for number, run in enumerate(runs, start=1) if run.flagged]
    print(f"{title}: {len(touched)} of {len(runs)}, the last one number {max(touched, default=0)}")


if __name__ == "__main__":
    sys.exit(main())
