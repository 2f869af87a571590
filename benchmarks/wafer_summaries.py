"""Tables of one row for each wafer: faults found and false problems, by how many wafers were learnt from.

    python benchmarks/wafer_summaries.py
    python benchmarks/wafer_summaries.py --seeds 20 --references 75

Two tools, four sensors, of which two move together; normal wafers are independent draws. The fault is on one tool, in
the last third of its wafers. It counts as found where a problem of its tool overlaps it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

import waferwatch
from waferwatch.scoring.result import Detection

TOOLS = ("CMP1", "CMP2")  # the first has the fault
FAULTS = (
    "none",
    "level 2, 30 wafers",
    "level 3, 10 wafers",
    "level 5, 5 wafers",
    "drift to 4, 40 wafers",
    "noise x 3, 30 wafers",
)
LONGEST = 40  # wafers of a fault
SPREAD = 0.3


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--references", type=int, nargs="+", default=[75, 250], help="wafers of each tool")
    parser.add_argument("--detector", default="statistical")
    options = parser.parse_args(arguments)
    print(f"{'reference':>9} {'fault':24} {'found':>8} {'other problems':>15} {'abnormal wafers':>16}")
    document = []
    for reference in options.references:
        for fault in FAULTS:
            judged = [one_seed(seed, reference, fault, options.detector) for seed in range(options.seeds)]
            found, others, abnormal = (sum(column) for column in zip(*judged, strict=True))
            print(f"{reference:9} {fault:24} {found:>3} of {options.seeds} {others:15} {abnormal:16}", flush=True)
            document.append(
                {"reference": reference, "fault": fault, "found": found, "other": others, "abnormal": abnormal}
            )
    print(json.dumps({"seeds": options.seeds, "detector": options.detector, "faults": document}))
    return 0


def one_seed(seed: int, reference: int, fault: str, detector: str) -> tuple[bool, int, int]:
    """Whether the fault is found, how many other problems there are, and how many abnormal wafers."""
    rng = np.random.default_rng(seed)
    wafers = 3 * reference
    begins = int(0.7 * wafers)
    tools = [normal_wafers(tool, wafers, rng) for tool in TOOLS]
    span = tools[0]["time"].iloc[begins], tools[0]["time"].iloc[begins + LONGEST - 1]
    add_fault(tools[0], begins, fault, rng)
    frame = pd.concat(tools).sort_values("time", kind="stable")
    found = waferwatch.detect(frame, reference_rows=reference, detector=detector)
    hits = overlapping(found, *span) if fault != "none" else 0
    return hits > 0, len(found.problems or ()) - hits, sum(run.abnormal for run in found.runs or ())


def normal_wafers(tool: str, wafers: int, rng: np.random.Generator) -> pd.DataFrame:
    at = np.arange(wafers)
    common = rng.normal(0, 1, wafers)
    return pd.DataFrame(
        {
            "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(at * 600, unit="s"),
            "equipment": tool,
            "lot": [f"L{one // 25:03d}" for one in at],
            "wafer": at % 25 + 1,
            "thickness": 500 + 1.8 * common + rng.normal(0, 0.9, wafers),
            "range": 12 + 0.6 * common + rng.normal(0, 0.4, wafers),
            "defects": rng.normal(20, 3, wafers),
            "width": rng.normal(45, SPREAD, wafers),
        }
    )


def add_fault(frame: pd.DataFrame, begins: int, fault: str, rng: np.random.Generator) -> None:
    """Put a fault of one sensor into a frame, in spreads of that sensor."""
    kind, _, rest = fault.partition(" ")
    if kind == "none":
        return
    wafers = int(rest.split(", ")[1].removesuffix(" wafers"))
    size = SPREAD * float(rest.split(",")[0].removeprefix("to ").removeprefix("x "))
    shapes = {
        "level": np.full(wafers, size),
        "drift": np.linspace(0, size, wafers),
        "noise": rng.normal(0, size, wafers),
    }
    frame.loc[begins : begins + wafers - 1, "width"] += shapes[kind]


def overlapping(found: Detection, first: pd.Timestamp, last: pd.Timestamp) -> int:
    """How many problems of the faulty tool overlap a time."""
    return sum(
        one.equipment == TOOLS[0] and pd.Timestamp(one.first_seen) <= last and pd.Timestamp(one.last_seen) >= first
        for one in found.problems or ()
    )


if __name__ == "__main__":
    raise SystemExit(main())
