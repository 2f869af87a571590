"""Whether tuning a checkpoint on known-normal rows finds more: before and after, on labelled series and virtual fabs.

    python benchmarks/tuning.py DATA_FOLDER --files ucr__id103,iops__id8 --minutes 1
    python benchmarks/tuning.py --fabs 2 --rows 24000

Each series has a checkpoint of its own, tuned on its first train_rows rows (of a fab on the first third of the
chamber's) and on nothing else, and judged whether or not the error on the windows held out fell. Series are judged by
VUS-PR over all rows, as in quality.py; fabs by average precision over the rows behind the reference.

A table goes to stdout, progress to stderr, and the last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from fab import made
from manifest import LABEL, entries, labelled_table

from waferwatch.errors import WaferwatchError
from waferwatch.evaluate.metrics import auc_pr
from waferwatch.evaluate.vus import vus_pr
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.checkpoints.export import export_checkpoint
from waferwatch.models.moment.checkpoints.normal_windows import normal_series
from waferwatch.models.moment.checkpoints.tuning import TuningResult, tune
from waferwatch.models.moment.runners.torch_runner import load_network
from waferwatch.read.table import Table
from waferwatch.scoring.comparison.truth import vus_window
from waferwatch.scoring.question import Question
from waferwatch.scoring.reference import known_normal
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import detect_table

DETECTORS = ("moment_only", "moment")


@dataclass(frozen=True)
class Case:
    """A table with known-normal rows, and how a detection of it is judged."""

    name: str
    table: Table
    reference_rows: int
    judge: Callable[[Detection], float]


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WAFERWATCH_DATA_DIR"] = folder  # read when first asked for
        for case in cases(options):
            try:
                rows.append(judged(case, options))
            except WaferwatchError as error:
                print(f"{case.name} failed: {error}", file=sys.stderr)
                continue
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    if not rows:
        return 1
    frame = pd.DataFrame(rows).set_index("name")
    print(frame.to_string())
    means = frame[[name for name in frame if name.startswith(DETECTORS)]].mean().round(4)
    print(means.to_string())
    print(json.dumps({"minutes": options.minutes, "means": means.to_dict(), "cases": rows}))
    return 0


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Judge a checkpoint before and after tuning.")
    parser.add_argument("folder", type=Path, nargs="?", metavar="DATA_FOLDER", help="folder with MANIFEST.csv")
    parser.add_argument("--files", type=lambda text: text.split(","), default=[], help="series, without .parquet")
    parser.add_argument("--fabs", type=int, default=0, help="virtual fabs (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=24_000, help="of each fab (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=5.0, help="of each tuning (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the tuning (default: %(default)s)")
    return parser.parse_args(arguments)


def cases(options: argparse.Namespace) -> Iterator[Case]:
    found = {one.path.stem: one for one in entries(options.folder, 10**9)} if options.files else {}
    for name in options.files:
        yield _series(labelled_table(found[name]), found[name].train_rows)
    for seed in range(options.fabs):
        fab = made(options.rows, 1, seed)

        def judge(detection: Detection, faulty: Any = fab.faulty, first: int = fab.judged_from) -> float:
            return auc_pr(faulty[first:], detection.scores[first:])

        yield Case(fab.table.name, fab.table, fab.reference_rows, judge)


def _series(table: Table, reference_rows: int) -> Case:
    labels = table.frame[LABEL].to_numpy(bool)
    return Case(
        table.name,
        table,
        reference_rows,
        lambda found: vus_pr(labels, found.scores, vus_window(table, found.features)),
    )


def judged(case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """How the tuning went, and each detector's figure before and after."""
    name = "".join(one if one.isalnum() else "-" for one in case.name)
    course = tuned(case, name, options)
    figures = {
        f"{detector} {when}": round(case.judge(_detect(case, detector, checkpoint)), 4)
        for detector in DETECTORS
        for when, checkpoint in (("before", None), ("after", name))
    }
    return {"name": case.name, **{key: _short(value) for key, value in asdict(course).items()}, **figures}


def tuned(case: Case, name: str, options: argparse.Namespace) -> TuningResult:
    """Leave a checkpoint of that name, also where its error is no lower."""
    start = checkpoints.find()
    model = load_network(start)
    learnt, held = normal_series(known_normal(case.table, case.reference_rows), start.config)
    course = tune(model, learnt, held, seconds=60 * options.minutes, seed=options.seed, report=_tell)
    export_checkpoint(model, checkpoints.imported_folder() / name, name=name, card={})
    return course


def _detect(case: Case, detector: str, checkpoint: str | None) -> Detection:
    return detect_table(
        case.table, Question(detector=detector, checkpoint=checkpoint, reference_rows=case.reference_rows)
    )


def _tell(sentence: str) -> None:
    print(f"  {sentence}", file=sys.stderr, flush=True)


def _short(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())
