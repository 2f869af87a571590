"""VUS-PR of every detector on a folder of labelled series.

    python benchmarks/quality.py DATA_FOLDER
    python benchmarks/quality.py DATA_FOLDER --only univariate --output univariate.csv --published PUBLISHED_FOLDER
    python benchmarks/quality.py DATA_FOLDER --detectors moment,moving_variance --families tep,skab --checkpoint NAME

DATA_FOLDER holds MANIFEST.csv and the Parquet files it names (columns file, family, kind, rows, features, train_rows,
tsb_ad_name; every file has the sensors first and then ``label``; files of kind ``runs`` also have run_id and step).

One fixed setting for everything, no labels used: each series goes through ``detect_table`` with its first train_rows
rows as reference, and its scores are compared with its labels by VUS-PR as TSB-AD computes it (buffer up to the first
autocorrelation peak for one sensor, 100 points for several). The whole series counts, reference rows included.

The output CSV has one line for each series and detector. A second run keeps the lines of the same model (by the hash
of its weights) and computes only the missing ones; after a change of code, --fresh starts over. Tables go to stdout,
progress to stderr, and the last line of stdout is one JSON document. Exit status 1 when a series failed.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

from waferwatch.detection.compare import vus_window
from waferwatch.detection.run import detect_table
from waferwatch.detectors.registry import create, detector_names
from waferwatch.errors import WaferwatchError
from waferwatch.evaluate.metrics import auc_pr
from waferwatch.evaluate.vus import vus_pr
from waferwatch.read.frames import table_from_frame

MOST_JOBS = 2
LABEL, RUN, STEP = "label", "run_id", "step"
SHAPES = ("univariate", "multivariate", "runs")
# Columns of the published tables that are facts about the series, not methods.
FACTS = ("ts_len", "anomaly_len", "num_anomaly", "avg_anomaly_len", "anomaly_ratio", "point_anomaly", "seq_anomaly")


@dataclass(frozen=True)
class Task:
    """One detector on one series."""

    path: Path
    family: str
    train_rows: int  # 0: nothing is known to be normal
    tsb_ad_name: str
    detector: str
    checkpoint: str | None
    sha256: str  # hash of the detector's weights, empty without weights


@dataclass(frozen=True)
class Line:
    """One line of the output."""

    file: str
    family: str
    tsb_ad_name: str
    detector: str
    model: str
    sha256: str
    device: str
    rows: int
    sensors: int
    window: int
    unjudged: int  # rows without a score
    vus_pr: float
    auc_pr: float
    seconds: float


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
    done = {key(line) for line in read_lines(options.output)}
    missing = [task for task in tasks if (task.path.name, task.detector, task.sha256) not in done]
    print(f"{len(tasks)} to score, {len(tasks) - len(missing)} already in {options.output}", file=sys.stderr)
    failed = score_all(missing, options.output, options.jobs)
    wanted = {(task.path.name, task.detector, task.sha256) for task in tasks}
    lines = pd.DataFrame(asdict(line) for line in read_lines(options.output) if key(line) in wanted)
    complete = on_the_same_series(lines)
    if complete.empty:
        print("There is no series that every detector scored.", file=sys.stderr)
        return 1
    document = summary(complete, published(options.published) if options.published else None)
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
    parser.add_argument("--fresh", action="store_true", help="forget the lines of an earlier run")
    parser.add_argument("--checkpoint", help="checkpoint for moment (default: the embedded one)")
    parser.add_argument("--published", type=Path, metavar="FOLDER", help="published scores by TSB-AD file name")
    parser.add_argument("--jobs", type=int, choices=range(1, MOST_JOBS + 1), default=1, help="processes")
    return parser.parse_args(arguments)


def planned(options: argparse.Namespace) -> Iterator[Task]:
    """Every detector on every chosen series, short series first."""
    manifest = pd.read_csv(options.folder / "MANIFEST.csv").sort_values("rows", kind="stable")
    manifest["shape"] = ["runs" if one.kind == "runs" else SHAPES[one.features > 1] for one in manifest.itertuples()]
    chosen = manifest[manifest["rows"] <= options.max_rows]
    if options.only:
        chosen = chosen[chosen["shape"] == options.only]
    if options.families:
        chosen = chosen[chosen["family"].isin(options.families.split(","))]
    for detector in options.detectors.split(","):
        checkpoint = options.checkpoint if detector == "moment" else None
        sha256 = create(detector, checkpoint=checkpoint).model.sha256 or ""
        for one in chosen.fillna({"train_rows": 0, "tsb_ad_name": ""}).itertuples():
            path = options.folder / one.file
            yield Task(path, one.family, int(one.train_rows), one.tsb_ad_name, detector, checkpoint, sha256)


def score_all(tasks: Sequence[Task], output: Path, jobs: int) -> list[str]:
    """Append a line for each task as it is done; what failed is told and returned."""
    failed = []
    # Spawned, since a forked child inherits locked thread pools.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(score, task): task for task in tasks}
        for number, future in enumerate(as_completed(running), start=1):
            task = running[future]
            told = f"[{number}/{len(tasks)}] {task.path.name} {task.detector}"
            try:
                line = future.result()
            except WaferwatchError as error:
                failed.append(f"{task.path.name} {task.detector}: {error}")
                print(f"{told} failed: {error}", file=sys.stderr)
                continue
            append_line(output, line)
            print(f"{told} {line.vus_pr:.4f} in {line.seconds:.1f} s", file=sys.stderr)
    return failed


def score(task: Task) -> Line:
    frame = pd.read_parquet(task.path)
    runs = RUN in frame.columns
    table = table_from_frame(
        frame,
        name=task.path.name,
        features=[name for name in frame.columns if name not in (RUN, STEP, LABEL)],
        label=LABEL,
        time=STEP if runs else None,
        group=[RUN] if runs else None,
    )
    detection = detect_table(
        table, detector=task.detector, checkpoint=task.checkpoint, reference_rows=task.train_rows or None
    )
    labels = table.frame[LABEL].to_numpy(bool)
    window = vus_window(table, detection.features)
    return Line(
        file=task.path.name,
        family=task.family,
        tsb_ad_name=task.tsb_ad_name,
        detector=task.detector,
        model=detection.model,
        sha256=detection.model_sha256 or "",
        device=detection.device,
        rows=len(labels),
        sensors=len(detection.features),
        window=window,
        unjudged=int(pd.isna(detection.scores).sum()),
        vus_pr=vus_pr(labels, detection.scores, window),
        auc_pr=auc_pr(labels, detection.scores),
        seconds=round(detection.seconds, 3),
    )


def key(line: Line) -> tuple[str, str, str]:
    return line.file, line.detector, line.sha256


def read_lines(path: Path) -> list[Line]:
    if not path.exists():
        return []
    kinds = {"int": int, "float": float, "str": str}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Line(**{one.name: kinds[str(one.type)](row[one.name]) for one in fields(Line)})
            for row in csv.DictReader(file)
        ]


def append_line(path: Path, line: Line) -> None:
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [one.name for one in fields(Line)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(line))


def published(folder: Path) -> pd.DataFrame:
    """(TSB-AD files, methods) published VUS-PR; NaN where a method has none for the whole series."""
    merged = [pd.read_csv(path, index_col="file") for path in sorted(folder.glob("*_mergedTable_VUS-PR.csv"))]
    lengths = pd.concat([table["ts_len"] for table in merged])
    scores = pd.concat([table.drop(columns=list(FACTS)) for table in merged])
    for path in sorted(folder.glob("*.csv")):
        if "mergedTable" in path.name:
            continue
        method = path.stem.rsplit("_", 1)[0]
        table = pd.read_csv(path, index_col="file")
        if "scored_rows" in table:  # a part of a series is another task
            table = table[table["scored_rows"] == lengths.reindex(table.index)]
        table = table.filter(regex="^(VUS-PR|leaderboard_.*)$")  # the others are scores of single heads
        table.columns = table.columns.str.replace("VUS-PR", method).str.replace("leaderboard", method)
        scores = scores.combine_first(table)
    return scores


def on_the_same_series(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines of the series that every detector scored: means are worth comparing only over the same series."""
    if lines.empty:
        return lines
    lines = lines.assign(name=lines["detector"] + (" " + lines["sha256"].str[:8]).where(lines["sha256"] != "", ""))
    return lines[lines.groupby("file")["name"].transform("nunique") == lines["name"].nunique()]


def summary(lines: pd.DataFrame, methods: pd.DataFrame | None) -> dict[str, object]:
    """Means of each detector, over all series, by family, and beside the published methods on the same series."""
    names = list(dict.fromkeys(lines["name"]))
    document: dict[str, object] = {
        "series": lines["file"].nunique(),
        "families": {
            family: {"series": part["file"].nunique(), **part.groupby("name")["vus_pr"].mean().round(4).to_dict()}
            for family, part in lines.groupby("family")
        },
        "detectors": {
            name: {
                **part[["vus_pr", "auc_pr"]].mean().round(4).to_dict(),
                "unjudged": int(part["unjudged"].sum()),
                "seconds": round(part["seconds"].sum(), 1),
                "device": "; ".join(sorted(set(part["device"]))),
            }
            for name, part in ((name, lines[lines["name"] == name]) for name in names)
        },
    }
    if methods is not None and lines["tsb_ad_name"].isin(methods.index).any():
        ours = lines[lines["tsb_ad_name"].isin(methods.index)].pivot(
            index="tsb_ad_name", columns="name", values="vus_pr"
        )
        theirs = methods.reindex(ours.index)
        covered = theirs.columns[theirs.notna().all()]
        means = pd.concat([ours.mean(), theirs[covered].mean()]).sort_values(ascending=False)
        document["published"] = {"series": len(ours), "vus_pr": means.round(4).to_dict()}
    return document


def print_tables(document: dict[str, object]) -> None:
    detectors = pd.DataFrame(document["detectors"])
    families = pd.DataFrame(document["families"]).T.astype({"series": int})
    print(f"Mean VUS-PR by family\n{families.to_string()}\n")
    print(f"Over all {document['series']} series that every detector scored\n{detectors.T.to_string()}\n")
    if "published" in document:
        beside = pd.DataFrame(document["published"])
        print(f"Mean VUS-PR beside published methods, on the same {beside['series'].iloc[0]} series")
        print(f"{beside['vus_pr'].to_string()}\n")


if __name__ == "__main__":
    sys.exit(main())
