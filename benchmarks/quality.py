"""How well every detector ranks what is labelled in a folder of series and of runs.

    python benchmarks/quality.py DATA_FOLDER
    python benchmarks/quality.py DATA_FOLDER --only univariate --output univariate.csv --published PUBLISHED_FOLDER
    python benchmarks/quality.py DATA_FOLDER --detectors moment,moving_variance --families tep,skab --checkpoint NAME

DATA_FOLDER holds MANIFEST.csv and the Parquet files it names (columns file, family, kind, rows, features, train_rows,
tsb_ad_name; every file has the sensors first and then ``label``; files of kind ``runs`` also have run_id and step).

One fixed setting for everything, no labels used: each series goes through ``detect_table`` with its first train_rows
rows as reference, and its scores are compared with its labels by VUS-PR as TSB-AD computes it (buffer up to the first
autocorrelation peak for one sensor, 100 points for several). The whole series counts, reference rows included. Files of
runs are judged run by run: see run_quality.py. Means have bootstrap intervals over the series: see bootstrap.py.

The output CSV has one line for each series and detector. A second run keeps the lines of the same model (by the hash
of its weights) and computes only the missing ones; after a change of code, --fresh starts over. Tables go to stdout,
progress to stderr, and the last line of stdout is one JSON document. Exit status 1 when something failed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from lines import Line, append_line, read_lines
from manifest import LABEL, SHAPES, Entry, entries, labelled_table
from published import published
from quality_tables import document_of, print_tables
from run_quality import BASELINES, SEEDS, judge, part

from waferwatch.errors import WaferwatchError
from waferwatch.evaluate.metrics import auc_pr
from waferwatch.evaluate.vus import vus_pr
from waferwatch.models.registry import create, detector_names
from waferwatch.scoring.comparison.truth import vus_window
from waferwatch.scoring.question import Question
from waferwatch.scoring.run import detect_table

MOST_JOBS = 2


@dataclass(frozen=True)
class Task:
    """One detector on one series, or on the runs of one file."""

    entry: Entry
    detector: str  # or a baseline of run_quality
    checkpoint: str | None
    sha256: str  # hash of the detector's weights, empty without weights
    seed: int = 0  # of the drawn half of the runs
    reference_lowest: bool = False  # whether the reference's rows count as the lowest of the series

    @property
    def key(self) -> tuple[str, str, str, int]:
        """That of its line."""
        return self.entry.path.name, self.detector, self.sha256, self.seed


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    try:
        return run(options)
    except WaferwatchError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def run(options: argparse.Namespace) -> int:
    if options.jobs > 1:  # share the cores instead of fighting for them
        os.environ.setdefault("WAFERWATCH_THREADS", str(max(1, (os.cpu_count() or 1) // options.jobs)))
    tasks = list(planned(options))
    if options.fresh and options.output.exists():
        options.output.unlink()
    done = {line.key for line in read_lines(options.output)}
    missing = [task for task in tasks if task.key not in done]
    print(f"{len(tasks)} to score, {len(tasks) - len(missing)} already in {options.output}", file=sys.stderr)
    failed = score_all(missing, options.output, options.jobs)
    wanted = {task.key for task in tasks}
    # In the order of the tasks, not in that in which they were done, so that the same scores give the same document.
    order = {key: number for number, key in enumerate(task.key for task in tasks)}
    lines = sorted((line for line in read_lines(options.output) if line.key in wanted), key=lambda one: order[one.key])
    document = document_of(
        pd.DataFrame(asdict(line) for line in lines), published(options.published) if options.published else None
    )
    if not document:
        print("There is no series that every detector scored.", file=sys.stderr)
        return 1
    print_tables(document)
    print(json.dumps({**document, "failed": failed, "output": options.output.name}))
    return 1 if failed else 0


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else None, epilog="See the module docstring for more."
    )
    parser.add_argument("folder", type=Path, metavar="DATA_FOLDER", help="folder with MANIFEST.csv")
    parser.add_argument("--detectors", default=",".join(detector_names()), help="names, with commas (default: all)")
    parser.add_argument("--max-rows", type=int, default=50_000, help="leave longer series out (default: %(default)s)")
    parser.add_argument("--only", choices=SHAPES, help="series of one shape only")
    parser.add_argument("--families", help="families of the manifest, with commas (default: all)")
    parser.add_argument("--output", type=Path, default=Path("quality.csv"), help="lines (default: %(default)s)")
    parser.add_argument(
        "--reference-lowest",
        action="store_true",
        help="count the reference's rows as the lowest, as they nearly are where what learnt them scores them; needs "
        "an --output of its own",
    )
    parser.add_argument("--fresh", action="store_true", help="forget the lines of an earlier run")
    parser.add_argument("--checkpoint", help="checkpoint for moment and moment_only (default: the embedded one)")
    parser.add_argument("--published", type=Path, metavar="FOLDER", help="published scores by TSB-AD file name")
    parser.add_argument("--jobs", type=int, choices=range(1, MOST_JOBS + 1), default=1, help="processes")
    return parser.parse_args(arguments)


def planned(options: argparse.Namespace) -> Iterator[Task]:
    """Every detector on every chosen series, short series first; every detector and baseline on the runs, seed by
    seed.
    """
    chosen = list(entries(options.folder, options.max_rows, options.only, options.families))
    for detector in options.detectors.split(","):
        checkpoint = options.checkpoint if detector in ("moment", "moment_only") else None
        sha256 = create(detector, checkpoint=checkpoint).info.sha256 or ""
        for entry in chosen:
            for seed in SEEDS if entry.shape == "runs" else (0,):
                yield Task(entry, detector, checkpoint, sha256, seed, options.reference_lowest)
    for baseline in BASELINES:
        for entry in chosen:
            if entry.shape == "runs":
                yield from (Task(entry, baseline, None, "", seed) for seed in SEEDS)


def score_all(tasks: Sequence[Task], output: Path, jobs: int) -> list[str]:
    """Append a line for each task as it is done; what failed is printed and returned."""
    failed = []
    # Spawned, since a forked child inherits locked thread pools.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(score, task): task for task in tasks}
        for number, future in enumerate(as_completed(running), start=1):
            task = running[future]
            place = f"[{number}/{len(tasks)}] {task.entry.path.name} {task.detector}"
            try:
                line = future.result()
            except WaferwatchError as error:
                failed.append(f"{task.entry.path.name} {task.detector}: {error}")
                print(f"{place} failed: {error}", file=sys.stderr)
                continue
            append_line(output, line)
            figure = line.auc_pr if task.entry.shape == "runs" else line.vus_pr
            print(f"{place} {figure:.4f} in {line.seconds:.1f} s", file=sys.stderr)
    return failed


def score(task: Task) -> Line:
    return _score_runs(task) if task.entry.shape == "runs" else _score_series(task)


def _score_series(task: Task) -> Line:
    table = labelled_table(task.entry)
    detection = detect_table(
        table,
        Question(detector=task.detector, checkpoint=task.checkpoint, reference_rows=task.entry.train_rows or None),
    )
    labels = table.frame[LABEL].to_numpy(bool)
    window = vus_window(table, detection.features)
    ranked = detection.scores.copy()
    if task.reference_lowest:
        ranked[: task.entry.train_rows] = np.nan
    return Line(
        file=task.entry.path.name,
        family=task.entry.family,
        tsb_ad_name=task.entry.tsb_ad_name,
        detector=task.detector,
        model=detection.model,
        sha256=detection.model_sha256 or "",
        device=detection.device,
        rows=len(labels),
        sensors=len(detection.features),
        window=window,
        unjudged=int(pd.isna(detection.scores).sum()),
        vus_pr=vus_pr(labels, ranked, window),
        auc_pr=auc_pr(labels, ranked),
        seconds=round(detection.seconds, 3),
    )


def _score_runs(task: Task) -> Line:
    frame = pd.read_parquet(task.entry.path)
    parts = part(frame, task.entry.family, task.seed)
    started = time.perf_counter()
    judged = judge(parts, task.detector, task.checkpoint)
    return Line(
        file=task.entry.path.name,
        family=task.entry.family,
        tsb_ad_name="",
        detector=task.detector,
        model=judged.model,
        sha256=task.sha256,
        device=judged.device,
        rows=len(frame),
        sensors=len(parts.sensors),
        window=0,
        unjudged=judged.unjudged,
        vus_pr=float("nan"),
        auc_pr=judged.average_precision,
        seconds=round(time.perf_counter() - started, 3),
        seed=task.seed,
    )


if __name__ == "__main__":
    sys.exit(main())
