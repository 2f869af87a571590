"""What MOMENT adds on several sensors by the length of the reference: AUC-PR on virtual fabs as streams without steps.

    python benchmarks/long_references.py --seeds 1,2,3,7 --reference-rows 1000,4000,13333

Each seed is a fab of ``waferwatch generate`` with three chambers and its first eight sensors, without lots, wafers,
recipes and steps. The first rows of every chamber, as many, are the reference (the first third of a chamber has no
fault); AUC-PR is that of the rows behind it. "with MOMENT" lets the network take part however long the reference is,
which ``moment`` itself does only up to 8,192 rows. The last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

import waferwatch
from waferwatch.evaluate.metrics import auc_pr
from waferwatch.models.ensemble.features import several_sensors

EQUIPMENT, SENSORS = 3, 8
CANDIDATES = {"with MOMENT": "moment", "without": "statistical"}
HIDDEN = ("lot", "wafer", "recipe", "step", "fault_kind")


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    several_sensors.LONG_REFERENCE = options.rows
    found = {
        (known, name): [auc_of(seed, known, detector, options.rows) for seed in options.seeds]
        for known in options.reference_rows
        for name, detector in CANDIDATES.items()
    }
    print(pd.DataFrame(found, index=options.seeds).T.round(3))
    means = {f"{known} {name}": round(float(np.mean(values)), 4) for (known, name), values in found.items()}
    print(json.dumps({"seeds": options.seeds, "rows": options.rows, "mean_auc_pr": means}))
    return 0


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    def numbers(text: str) -> list[int]:
        return [int(one) for one in text.split(",")]

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=numbers, default=[1, 2, 3, 7], metavar="A,B")
    parser.add_argument("--rows", type=int, default=120_000, help="of each fab (default: %(default)s)")
    parser.add_argument("--reference-rows", type=numbers, default=[1000, 4000, 13_333], help="of each chamber")
    return parser.parse_args(arguments)


def auc_of(seed: int, known: int, detector: str, rows: int) -> float:
    fab = waferwatch.generate(rows, EQUIPMENT, seed).drop(columns=list(HIDDEN))
    sensors = [name for name in fab.columns if name not in ("timestamp", "equipment", "anomaly")][:SENSORS]
    shown = fab[["timestamp", "equipment", *sensors]]
    scores = waferwatch.detect(shown, detector=detector, reference_rows=known).scores
    print(f"seed {seed}, {known} rows, {detector}: done", file=sys.stderr)
    later = fab.groupby("equipment").cumcount().to_numpy() >= known
    judged = later & ~np.isnan(scores)
    return auc_pr(fab["anomaly"].to_numpy(bool)[judged], scores[judged])


if __name__ == "__main__":
    sys.exit(main())
