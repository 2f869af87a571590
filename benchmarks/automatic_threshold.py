"""What the automatic threshold gives: false events without and with faults, and faults found, on virtual fabs.

    python benchmarks/automatic_threshold.py
    python benchmarks/automatic_threshold.py --seeds 21,22,23,24 --detector statistical
    python benchmarks/automatic_threshold.py --step-jitter 0.1 --waiting 60

Each seed is another fab of ``waferwatch generate``, once without and once with faults; the first rows of every
chamber are the reference, the rest is scored. An event is false when it touches no faulty row; a fault is found when
any of its rows is flagged. A wafer behind the reference is bad where any of its rows is faulty. ``beyond`` is the
share of later normal rows above the 99.9 % quantile of the reference.
The last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import waferwatch
from waferwatch.scoring.result import Detection

EQUIPMENT = 3
QUANTILE = 0.999


@dataclass
class Counts:
    """What came of one or several fabs."""

    false_events: int = 0
    hours: float = 0.0
    found: int = 0
    faults: int = 0
    beyond: list[float] = field(default_factory=list)
    wafers: dict[str, list[int]] = field(default_factory=lambda: {"bad": [0, 0], "good": [0, 0]})  # flagged, all
    kinds: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    totals = {"clean": Counts(), "faulty": Counts()}
    for seed in options.seeds:
        for name, faults in (("clean", False), ("faulty", True)):
            count_fab(totals[name], seed, faults, options)
        print(f"seed {seed} done", file=sys.stderr)
    document = {name: summary(counts) for name, counts in totals.items()}
    for name, values in document.items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in values.items()))
    print(json.dumps({"seeds": options.seeds, "detector": options.detector, **document}))
    return 0


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--seeds", type=lambda text: [int(one) for one in text.split(",")], default=[1, 2, 3, 7], metavar="A,B"
    )
    parser.add_argument("--rows", type=int, default=60_000, help="of each fab (default: %(default)s)")
    parser.add_argument("--reference-rows", type=int, default=5_000, help="of each chamber (default: %(default)s)")
    parser.add_argument("--detector", default="moment", help="default: %(default)s")
    parser.add_argument("--step-jitter", type=float, default=0.0, help="of generate (default: %(default)s)")
    parser.add_argument("--waiting", type=float, default=0.0, help="of generate, in seconds (default: %(default)s)")
    return parser.parse_args(arguments)


def count_fab(counts: Counts, seed: int, faults: bool, options: argparse.Namespace) -> None:
    frame = waferwatch.generate(
        options.rows, EQUIPMENT, seed, faults=faults, step_jitter=options.step_jitter, waiting=options.waiting
    )
    faulty, kind = frame["anomaly"].to_numpy(bool), frame["fault_kind"].to_numpy()
    shown = frame.drop(columns=["anomaly", "fault_kind"])
    found = waferwatch.detect(shown, reference_rows=options.reference_rows, detector=options.detector)
    equipment = frame["equipment"].to_numpy()
    for name in np.unique(equipment):
        rows = np.flatnonzero(equipment == name)
        count_chamber(counts, found, rows, options.reference_rows, faulty[rows], kind[rows])
        later = rows[options.reference_rows :]
        count_wafers(counts, frame[["lot", "wafer"]].iloc[later], found.flags[later], faulty[later])


def count_chamber(
    counts: Counts,
    found: Detection,
    rows: NDArray[np.intp],
    known: int,
    faulty: NDArray[np.bool_],
    kind: NDArray[np.object_],
) -> None:
    ids, scores = found.event_ids[rows], found.scores[rows]
    counts.hours += (len(rows) - known) / 3600
    for event in set(ids[known:][ids[known:] > 0].tolist()):
        at = np.flatnonzero(ids == event)
        counts.false_events += not faulty[at[0] : at[-1] + 1].any()
    later = ~faulty
    later[:known] = False
    counts.beyond.append(float((scores[later] > np.quantile(scores[:known], QUANTILE)).mean()))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], faulty.astype(int), [0]])))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if start >= known:
            hit = bool(found.flags[rows[start:stop]].any())
            counts.found, counts.faults = counts.found + hit, counts.faults + 1
            counts.kinds[str(kind[start])][0] += hit
            counts.kinds[str(kind[start])][1] += 1


def count_wafers(counts: Counts, wafers: pd.DataFrame, flags: NDArray[np.bool_], faulty: NDArray[np.bool_]) -> None:
    each = wafers.assign(flagged=flags, faulty=faulty).groupby(["lot", "wafer"])[["flagged", "faulty"]].max()
    for name, mine in (("bad", each.flagged[each.faulty]), ("good", each.flagged[~each.faulty])):
        counts.wafers[name][0] += int(mine.sum())
        counts.wafers[name][1] += len(mine)


def summary(counts: Counts) -> dict[str, object]:
    return {
        "false_events_per_equipment_hour": round(counts.false_events / counts.hours, 2),
        "found": counts.found,
        "faults": counts.faults,
        "beyond_median": round(float(np.median(counts.beyond)), 4),
        "beyond_mean": round(float(np.mean(counts.beyond)), 4),
        "wafers_flagged": {name: f"{some} of {every}" for name, (some, every) in counts.wafers.items()},
        "kinds": {name: f"{found} of {every}" for name, (found, every) in sorted(counts.kinds.items())},
    }


if __name__ == "__main__":
    sys.exit(main())
