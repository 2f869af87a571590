"""A pressure over six decades: faults found and false alarms, judged by its logarithm and as it is read.

    python benchmarks/pump_down.py
    python benchmarks/pump_down.py --seeds 8 --detector early --wander 0.9

One chamber that is pumped down to 2e-7 mbar, processes at 3e-2 mbar and is vented, 40 wafers to learn from and 40 to
judge, of which every fifth has the fault. The base pressure differs from wafer to wafer by 10 %, each on its own or,
with --wander, the more like the one before. Counted are wafers with a flagged row and wafers that are judged abnormal.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import nullcontext
from unittest.mock import patch

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import waferwatch
from waferwatch.models.decades import Decades

Floats = NDArray[np.float64]

STEPS = {"pump": 60, "base": 80, "gas": 15, "process": 90, "vent": 15}  # rows, one more or less
BASE, PROCESS, AIR = 2e-7, 3e-2, 0.5  # mbar
GOLDEN, WAFERS, EVERY = 40, 80, 5
# fault -> step, factor, rows of the step from and to
FAULTS = {
    "none": ("base", 1.0, 0, 80),
    "base x 5": ("base", 5.0, 0, 80),
    "base x 2": ("base", 2.0, 0, 80),
    "burst of 15 s, x 8": ("base", 8.0, 30, 45),
    "process + 15 %": ("process", 1.15, 0, 90),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--detector", default="statistical")
    parser.add_argument("--wander", type=float, default=0.0, help="how much a wafer's base is like the one before")
    options = parser.parse_args(arguments)
    print(f"{'pressure':10} {'fault':20} {'rows found':>12} {'false':>6} {'wafers found':>13} {'false':>6}")
    document = []
    for scale in ("logarithm", "as read"):
        for fault in FAULTS:
            as_read = patch.object(Decades, "learn", return_value=None) if scale == "as read" else nullcontext()
            with as_read:
                judged = [one_seed(seed, fault, options) for seed in range(options.seeds)]
            bad, *counts = (sum(column) for column in zip(*judged, strict=True))
            print(
                f"{scale:10} {fault:20} {counts[0]:5} of {bad:3} {counts[1]:6} {counts[2]:6} of {bad:3} {counts[3]:6}",
                flush=True,
            )
            document.append({"pressure": scale, "fault": fault, "wafers": bad, "counts": counts})
    print(json.dumps({"seeds": options.seeds, "detector": options.detector, "faults": document}))
    return 0


def one_seed(seed: int, fault: str, options: argparse.Namespace) -> tuple[int, int, int, int, int]:
    """Wafers with the fault; of these and of the others, those with a flagged row; the same of abnormal ones."""
    frame, faulty = made(seed, fault, options.wander)
    known = int((frame["wafer"] < f"W{GOLDEN:03d}").sum())
    found = waferwatch.detect(frame, reference_rows=known, detector=options.detector)
    later = {f"W{number:03d}" for number in range(GOLDEN, WAFERS)}
    flagged = set(frame["wafer"][found.flags]) & later
    abnormal = {str(one.wafer) for one in found.runs if one.abnormal} & later
    good = later - faulty
    return len(faulty), len(flagged & faulty), len(flagged & good), len(abnormal & faulty), len(abnormal & good)


def made(seed: int, fault: str, wander: float) -> tuple[pd.DataFrame, set[str]]:
    """Rows, one a second, and the wafers that have the fault."""
    rng = np.random.default_rng(seed)
    step, factor, first, last = FAULTS[fault]
    off, found, faulty = 0.0, [], set()
    for number in range(WAFERS):
        off = wander * off + rng.normal(0, 0.1 * np.sqrt(1 - wander**2))
        rows = {name: count + int(rng.integers(-1, 2)) for name, count in STEPS.items()}
        pressure = course(rows, BASE * np.exp(off), PROCESS * np.exp(rng.normal(0, 0.003)))
        if number >= GOLDEN and number % EVERY == 2 and factor != 1:
            pressure[step][first:last] *= factor
            faulty.add(f"W{number:03d}")
        readings = np.concatenate(list(pressure.values()))
        steps = np.repeat(list(rows), list(rows.values()))
        temperature = 65 + 0.3 * np.sin(number / 5) + rng.normal(0, 0.2, len(readings))
        noisy = readings * np.exp(rng.normal(0, 0.03, len(readings)))
        columns = {"wafer": f"W{number:03d}", "step": steps, "pressure": noisy, "temperature": temperature}
        found.append(pd.DataFrame(columns))
    frame = pd.concat(found, ignore_index=True)
    return frame.assign(time=pd.date_range("2026-01-01", periods=len(frame), freq="s")), faulty


def course(rows: dict[str, int], base: float, process: float) -> dict[str, Floats]:
    """Step -> pressure in mbar, second by second."""
    pump, held, gas, vent = (np.arange(rows[name]) for name in ("pump", "base", "gas", "vent"))
    return {
        "pump": AIR * np.exp(-pump / 4) + base * (1 + 40 * np.exp(-pump / 15)),
        "base": base * (1 + 0.6 * np.exp(-held / 20)),
        "gas": base + (process - base) * (1 - np.exp(-(gas + 1) / 2.5)),
        "process": np.full(rows["process"], process),
        "vent": process * (AIR / process) ** ((vent + 1) / rows["vent"]),
    }


if __name__ == "__main__":
    raise SystemExit(main())
