"""Wall time and peak memory of detection, beside scikit-learn's IsolationForest on the same rows.

    python benchmarks/speed.py
    python benchmarks/speed.py --rows 200000 --sensors 4 --repeats 1 --detectors moment,moving_variance

The rows are those of ``waferwatch.generate`` (seed 0), with its first SENSORS sensors. Every measurement runs in a
process of its own that reads the rows from a Parquet file, and the candidates take turns, so that a busy machine slows
all of them alike. Seconds are those of ``detect_table`` (shaping, fit, score, threshold, events, wafers), or of ``fit``
plus ``score_samples`` of the plain IsolationForest with its default options; reading the file is timed apart. CPU
seconds are those of all threads of the process over the same stretch: on busy cores they say more. Peak memory is the
whole process's, as the operating system counts it (``ru_maxrss``), reading included.

The table of medians goes to stdout, progress to stderr, and the last line of stdout is one JSON document. Exit status 1
when a candidate failed.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# Nothing heavy is imported up here: a child's peak memory starts from that of the process that starts it.
from waferwatch.models.registry import detector_names

PLAIN = "scikit-learn IsolationForest"
CONTEXT = ("timestamp", "equipment", "lot", "wafer", "recipe", "step")
STEPS = ("lot", "wafer", "recipe", "step")  # without them rows are a stream
LABEL = "anomaly"
KEPT = " kept"  # suffix of a detector whose learning is not counted
REFERENCE_ROWS = 20_000  # of each equipment
FIGURES = ("seconds", "cpu_seconds", "read_seconds", "peak_mb", "read_mb")


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    if options.measure:
        print(json.dumps(measure(options.measure, options.file, options.checkpoint)))
        return 0
    if options.file:
        write_rows(options.file, options.rows, options.sensors, options.equipment, not options.stream)
        return 0
    names = [PLAIN, *options.detectors.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        sizes = ("--rows", "--sensors", "--equipment")
        given = [str(part) for name in sizes for part in (name, getattr(options, name.removeprefix("--")))]
        given += ["--stream"] * options.stream
        subprocess.run([sys.executable, __file__, "--file", str(file), *given], check=True)
        found, failed = take_turns(names, options.repeats, file, options.checkpoint)
    document = summary(found)
    print_table(document, options)
    taken = {name: getattr(options, name) for name in ("rows", "sensors", "equipment", "repeats")}
    print(json.dumps({**taken, "candidates": document, "failed": failed}))
    return 1 if failed else 0


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else None, epilog="See the module docstring for more."
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="over all equipment (default: %(default)s)")
    parser.add_argument("--sensors", type=int, default=8, choices=range(1, 13), metavar="1-12", help="default: 8")
    parser.add_argument("--equipment", type=int, default=4, help="series of their own (default: %(default)s)")
    parser.add_argument("--stream", action="store_true", help="rows without wafers and recipe steps")
    parser.add_argument("--repeats", type=int, default=3, help="measurements of each (default: %(default)s)")
    parser.add_argument("--detectors", default=",".join(detector_names()), help="names, with commas (default: all)")
    parser.add_argument("--checkpoint", help="checkpoint for moment (default: the embedded one)")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)  # a child's: write the rows to, or read them from
    parser.add_argument("--measure", help=argparse.SUPPRESS)  # a child's: what to measure
    return parser.parse_args(arguments)


def take_turns(
    names: Sequence[str], repeats: int, file: Path, checkpoint: str | None
) -> tuple[dict[str, list[dict[str, float]]], list[str]]:
    """Every measurement of each candidate, and the candidates that failed, which are not tried again."""
    found: dict[str, list[dict[str, float]]] = {}
    failed: list[str] = []
    for repeat in range(repeats):
        for name in names:
            if name in failed:
                continue
            command = [sys.executable, __file__, "--file", str(file), "--measure", name]
            child = subprocess.run(
                command + (["--checkpoint", checkpoint] if checkpoint else []), stdout=subprocess.PIPE, text=True
            )
            if child.returncode:
                failed.append(name)
                print(f"{name} failed", file=sys.stderr)
                continue
            figures = json.loads(child.stdout.splitlines()[-1])
            found.setdefault(name, []).append(figures)
            print(f"{repeat + 1}/{repeats} {name}: {figures}", file=sys.stderr)
    return found, failed


def summary(found: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Medians of each candidate, and how many times the plain forest's time and memory it takes."""
    medians = {
        name: {figure: statistics.median(one[figure] for one in measured) for figure in FIGURES}
        for name, measured in found.items()
    }
    if PLAIN in medians:
        plain = dict(medians[PLAIN])
        for figures in medians.values():
            figures["time_ratio"] = round(figures["seconds"] / plain["seconds"], 3)
            figures["cpu_ratio"] = round(figures["cpu_seconds"] / plain["cpu_seconds"], 3)
            figures["memory_ratio"] = round(figures["peak_mb"] / plain["peak_mb"], 3)
    return medians


def print_table(document: dict[str, dict[str, float]], options: argparse.Namespace) -> None:
    print(
        f"{options.rows:,} rows x {options.sensors} sensors of {options.equipment} equipment, "
        f"medians of {options.repeats}; ratios to plain scikit-learn"
    )
    heads = ("seconds", "rows/s", "time ratio", "CPU s", "CPU ratio", "peak MB", "memory ratio", "read MB", "read s")
    print(f"{'':30}" + "".join(f"{head:>14}" for head in heads))
    for name, one in document.items():
        cells = (
            f"{one['seconds']:.2f}",
            f"{options.rows / one['seconds']:,.0f}",
            f"{one.get('time_ratio', float('nan')):.2f}",
            f"{one['cpu_seconds']:.2f}",
            f"{one.get('cpu_ratio', float('nan')):.2f}",
            f"{one['peak_mb']:,.0f}",
            f"{one.get('memory_ratio', float('nan')):.2f}",
            f"{one['read_mb']:,.0f}",
            f"{one['read_seconds']:.2f}",
        )
        print(f"{name:30}" + "".join(f"{cell:>14}" for cell in cells))
    print()


def write_rows(file: Path, rows: int, sensors: int, equipment: int, steps: bool) -> None:
    from waferwatch.read.virtual_fab.generate import generate

    frame = generate(rows, equipment)
    names = [name for name in frame.columns if name not in (*CONTEXT, LABEL, "fault_kind")]
    context = [name for name in CONTEXT if steps or name not in STEPS]
    frame[[*context, *names[:sensors], LABEL]].to_parquet(file, index=False)


def measure(name: str, file: Path, checkpoint: str | None) -> dict[str, float]:
    return measure_plain(file) if name == PLAIN else measure_detector(name, file, checkpoint)


def measure_plain(file: Path) -> dict[str, float]:
    import pandas as pd
    from sklearn.ensemble import IsolationForest

    started = time.perf_counter()
    values = pd.read_parquet(file).drop(columns=[*CONTEXT, LABEL], errors="ignore").to_numpy(float)
    read, busy, read_mb = time.perf_counter(), time.process_time(), peak_mb()
    IsolationForest(random_state=0).fit(values).score_samples(values)
    return figures_of(started, read, busy, read_mb)


def measure_detector(name: str, file: Path, checkpoint: str | None) -> dict[str, float]:
    """Learning from the first rows and scoring all; with the suffix ``KEPT`` the scoring alone."""
    from waferwatch.read.files import read_table
    from waferwatch.scoring.detecting.with_model import detect_with
    from waferwatch.scoring.run import fit_table
    from waferwatch.scoring.thresholds.threshold import Thresholds

    detector = name.removesuffix(KEPT)
    weights = checkpoint if detector == "moment" else None
    started = time.perf_counter()
    table = read_table(file)
    read, busy, read_mb = time.perf_counter(), time.process_time(), peak_mb()
    model = fit_table(table, detector=detector, checkpoint=weights, reference_rows=REFERENCE_ROWS)
    if name.endswith(KEPT):
        started, read, busy = started + time.perf_counter() - read, time.perf_counter(), time.process_time()
    detect_with(model, table, Thresholds())
    return figures_of(started, read, busy, read_mb)


def figures_of(started: float, read: float, busy: float, read_mb: float) -> dict[str, float]:
    """
    Args:
        started, read: when reading began and ended.
        busy: processor seconds when it ended.
    """
    figures = (time.perf_counter() - read, time.process_time() - busy, read - started, peak_mb(), read_mb)
    return dict(zip(FIGURES, (round(figure, 3) for figure in figures), strict=True))


def peak_mb() -> float:
    """Most memory this process has held so far, in megabytes."""
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    sys.exit(main())
