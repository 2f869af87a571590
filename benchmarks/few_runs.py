"""What a few good runs are worth: seconds to learn and judge, and average precision over runs. No torch, no training.

    python benchmarks/few_runs.py DATA_FOLDER/lam_etch__exp29.parquet
    python benchmarks/few_runs.py DATA_FOLDER/lam_etch__exp29.parquet --runs 8,10,17 --draws 10
    python benchmarks/few_runs.py --rows 24000

A number of normal runs, drawn by a seed, are the reference; all other runs are judged. A file has the columns that
run_quality.py names. Without one, the runs of each recipe of a virtual fab are judged, each recipe by itself.

A table goes to stdout, and its last line is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fab import made
from manifest import LABEL
from run_quality import ROLES, RUN, SEEDS, STEP, Parts, judge

from waferwatch.read.table import Role

RECIPE_STEP = "recipe_step"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Judge runs by a few good ones.")
    parser.add_argument("file", type=Path, nargs="?", help="runs with labels, as Parquet (default: a virtual fab)")
    parser.add_argument("--runs", type=lambda text: [int(one) for one in text.split(",")], default=[8, 10])
    parser.add_argument("--detectors", default="moment,statistical", help="default: %(default)s")
    parser.add_argument("--rows", type=int, default=24_000, help="of the virtual fab (default: %(default)s)")
    parser.add_argument("--draws", type=int, default=len(SEEDS), help="of the good runs (default: %(default)s)")
    options = parser.parse_args(arguments)
    rows = []
    for name, frame, roles in of_file(options.file) if options.file else of_fab(options.rows):
        for count in options.runs:
            rows += [
                {"data": name, "reference_runs": count, **judged(frame, roles, count, one, options.draws)}
                for one in options.detectors.split(",")
            ]
    print(pd.DataFrame(rows).to_string(index=False))
    print(json.dumps(rows))
    return 0


def of_file(file: Path) -> Iterator[tuple[str, pd.DataFrame, dict[str, str]]]:
    yield file.stem, pd.read_parquet(file), ROLES.get(file.stem.split("__")[0], {})


def of_fab(rows: int) -> Iterator[tuple[str, pd.DataFrame, dict[str, str]]]:
    """The runs of each recipe of the first virtual fab; a run is bad where any of its rows is."""
    fab = made(rows, 1, 0)
    table = fab.table
    lot, wafer, recipe, step = (table.column(role) for role in (Role.LOT, Role.WAFER, Role.RECIPE, Role.STEP))
    frame = table.frame.copy()
    frame[RUN] = frame[lot].astype(str) + "/" + frame[wafer].astype(str)
    frame[RECIPE_STEP], frame[LABEL] = frame[step], fab.faulty
    frame[STEP] = frame.groupby(RUN).cumcount()
    for name, part in frame.groupby(recipe, observed=True):
        yield f"fab {name}", part[[*table.columns(Role.SENSOR), RUN, STEP, RECIPE_STEP, LABEL]], {RECIPE_STEP: "step"}


def judged(frame: pd.DataFrame, roles: dict[str, str], count: int, detector: str, draws: int) -> dict[str, Any]:
    """Means over the draws, and the standard error of that of the average precision."""
    bad = frame.groupby(RUN, sort=False)[LABEL].max().astype(bool)
    precision, seconds = [], []
    for seed in range(draws):
        drawn = np.random.default_rng(seed).permutation(bad.index[~bad].to_numpy())[:count]
        known = frame[RUN].isin(drawn)
        started = time.perf_counter()
        precision.append(judge(Parts(frame[known], frame[~known], roles), detector).average_precision)
        seconds.append(time.perf_counter() - started)
    return {
        "judged_runs": len(bad) - count,
        "bad": int(bad.sum()),
        "detector": detector,
        "average_precision": round(float(np.mean(precision)), 3),
        "standard_error": round(float(np.std(precision)) / draws**0.5, 3),
        "seconds": round(float(np.median(seconds)), 1),
    }


if __name__ == "__main__":
    sys.exit(main())
