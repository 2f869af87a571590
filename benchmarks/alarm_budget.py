"""False alarms asked for against those that come, on the virtual fab without faults.

    python benchmarks/alarm_budget.py
    python benchmarks/alarm_budget.py --detectors statistical --seeds 2 --rows 100000 --equipment 1

The first third of each chamber's rows is known to be normal: the detector learns from two thirds of it, its threshold
is found on the rest, and every event of the other two thirds of the rows is a false alarm. Each line is a detector and
a budget: events that came, over all seeds, and events per chamber and week. The last line of stdout is one JSON
document.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from waferwatch.scoring.budget import budget_threshold
from waferwatch.scoring.calibration import calibrate

from waferwatch.events.merge import merge
from waferwatch.models.registry import create
from waferwatch.read.frames import table_from_frame
from waferwatch.read.generate import generate
from waferwatch.scoring.run import score_split
from waferwatch.series.split import split

BUDGETS = (1.0, 5.0, 50.0, 500.0)  # false events per chamber and week


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detectors", default="statistical,isolation_forest")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--equipment", type=int, default=2)
    options = parser.parse_args(arguments)
    found = [
        line
        for name in options.detectors.split(",")
        for line in measure(name, range(options.seeds), options.rows, options.equipment)
    ]
    print(f"{'detector':>18} {'asked':>6} {'events':>6} {'a week':>7}  of each seed")
    for line in found:
        print(f"{line.detector:>18} {line.asked:6g} {sum(line.events):6d} {line.achieved:7.1f}  {line.events}")
    print(json.dumps({**vars(options), "budgets": [asdict(line) for line in found]}))
    return 0


@dataclass(frozen=True)
class Line:
    """What came of one budget."""

    detector: str
    asked: float
    events: list[int]  # of each seed, all of them false
    weeks: float  # of all chambers and seeds
    achieved: float


def measure(detector: str, seeds: Sequence[int], rows: int, equipment: int) -> list[Line]:
    """What came of each budget."""
    events: dict[float, list[int]] = defaultdict(list)
    weeks = 0.0
    for seed in seeds:
        frame = generate(rows, equipment=equipment, seed=seed, faults=False).drop(columns=["anomaly", "fault_kind"])
        parts = split(table_from_frame(frame), reference_rows=rows // equipment // 3)
        calibration = calibrate(parts, BUDGETS[0])
        scores = score_split(create(detector), calibration.work)
        fresh = [lasting > 0 for lasting in calibration.fresh]
        weeks += sum(float(lasting.sum()) for lasting in calibration.fresh)
        for asked in BUDGETS:
            threshold, _ = budget_threshold(replace(calibration, asked=asked), scores)
            flags = np.zeros(rows, bool)
            for one, scored, judged in zip(parts.series, scores, fresh, strict=True):
                flags[one.rows] = judged & (scored.points > threshold)
            events[asked].append(len(merge(flags, parts.series).first))
    return [Line(detector, asked, found, weeks, sum(found) / weeks) for asked, found in events.items()]


if __name__ == "__main__":
    raise SystemExit(main())
