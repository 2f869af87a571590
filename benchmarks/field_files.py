"""Files as fabs have them: how many are read right, wrong without a word, refused, or bring the reader down.

    python benchmarks/field_files.py CASES_FOLDER [--json] [--only PART_OF_NAME]

The folder holds the files and a MANIFEST.csv: ``file``, ``kind``, ``expected_time`` ("date and time", "seconds or time
of day" or "none"), ``expected_sensors`` and ``expected_rows`` (empty: not said). A file is right when the kind of its
clock and the numbers of its sensors and rows are those, and a clock of dates neither stands still nor leaps about.
It exits with 1 when any file was read wrong or crashed.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
import traceback
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from waferwatch.errors import WaferwatchError
from waferwatch.read.files import read_table
from waferwatch.read.findings import findings_of
from waferwatch.read.table import Role, Table

VERDICTS = ("right", "wrong", "refused", "crashed")
_LONGEST_SPAN = 20  # times the usual step times the rows


@dataclass(frozen=True)
class Outcome:
    """What came of one file."""

    file: str
    kind: str
    verdict: str
    detail: str
    seconds: float


def main() -> int:
    options = _options()
    outcomes = [
        _outcome(options.folder / case["file"], case)
        for case in _manifest(options.folder)
        if options.only in case["file"]
    ]
    for outcome in outcomes:
        if outcome.verdict != "right":
            print(f"{outcome.verdict:8} {outcome.file:36} {outcome.detail}", file=sys.stderr)
    _tell(outcomes)
    counts = Counter(outcome.verdict for outcome in outcomes)
    if options.json:
        print(json.dumps({verdict: counts[verdict] for verdict in VERDICTS} | {"files": len(outcomes)}))
    return int(bool(counts["wrong"] or counts["crashed"]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="files whose names hold this")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _outcome(path: Path, case: dict[str, str]) -> Outcome:
    start = time.process_time()
    try:
        verdict, detail = _compared(read_table(path), case)
    except WaferwatchError as error:
        verdict, detail = "refused", str(error).replace("\n", " | ")
    except Exception:
        verdict, detail = "crashed", traceback.format_exc().splitlines()[-1]
    return Outcome(case["file"], case["kind"], verdict, detail, time.process_time() - start)


def _compared(table: Table, case: dict[str, str]) -> tuple[str, str]:
    found = {
        "time": _clock(table),
        "sensors": str(len(table.columns(Role.SENSOR))),
        "rows": str(_rows(table)),
    }
    expected = {
        "time": case["expected_time"],
        "sensors": case["expected_sensors"],
        "rows": case["expected_rows"].split(".")[0],
    }
    faults = [
        f"{key} {found[key]} instead of {wanted}" for key, wanted in expected.items() if wanted and found[key] != wanted
    ]
    if not faults:
        return "right", ""
    roles = ", ".join(f"{name}: {role.value}" for name, role in list(table.roles.items())[:8])
    return "wrong", f"{'; '.join(faults)} ({roles})"


def _rows(table: Table) -> int:
    """Rows of the table; of one with a run in each row its runs."""
    turned = [finding for finding in findings_of(table.notes) if finding.code == "run_per_row"]
    return turned[0].count if turned else len(table.frame)


def _clock(table: Table) -> str:
    column = table.column(Role.TIME)
    if column is None:
        return "none"
    times = table.frame[column]
    if not pd.api.types.is_datetime64_any_dtype(times.dtype):
        return "seconds or time of day"
    return "date and time" if _runs_on(times) else "a clock of dates that leaps about"


def _runs_on(times: pd.Series) -> bool:
    """Whether the times fill what lies between the first and the last."""
    seconds = np.unique(times.dropna().to_numpy("datetime64[ns]").astype(np.int64) / 1e9)
    if len(seconds) < 2:
        return False
    steps = np.diff(seconds)
    return bool(seconds[-1] - seconds[0] <= _LONGEST_SPAN * np.median(steps) * len(times))


def _tell(outcomes: list[Outcome]) -> None:
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        by_kind[outcome.kind][outcome.verdict] += 1
        by_kind["all"][outcome.verdict] += 1
    print(f"{'kind':32}" + "".join(f"{verdict:>9}" for verdict in VERDICTS))
    for kind in [*sorted(set(by_kind) - {"all"}), "all"]:
        print(f"{kind:32}" + "".join(f"{by_kind[kind][verdict]:>9}" for verdict in VERDICTS))
    print(f"{sum(outcome.seconds for outcome in outcomes):.1f} s")


if __name__ == "__main__":
    sys.exit(main())
