"""Does a score keep its meaning? Later normal rows against the reference, and what the automatic threshold flags.

    python benchmarks/meaning.py DATA_FOLDER --only univariate --max-rows 60000 --every 2
    python benchmarks/meaning.py DATA_FOLDER --only multivariate --max-rows 100000 --detectors statistical

DATA_FOLDER is that of quality.py; the first train_rows rows of each series are its reference. ``beyond`` is the share
of later normal rows that score above the 99.9 % quantile of the reference's left-out scores: 0.001 where nothing
changes. The rest is at the automatic threshold: an event is false when none of its rows, first to last, is labelled; a
labelled stretch is touched when any of its rows is flagged. Series without a reference or without normal rows behind
it are left out. The last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from manifest import LABEL, SHAPES, Entry, entries, labelled_table
from numpy.typing import NDArray

from waferwatch.scoring.question import Question
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import detect_table

QUANTILE = 0.999
SHOWN = ["beyond_median", "beyond_mean", "false_per_10000", "false_median_series", "touched", "normal_flagged"]


@dataclass(frozen=True)
class Outcome:
    """What became of one series."""

    file: str
    beyond: float
    false_events: int
    normal_rows: int  # behind the reference
    flagged: int  # of these
    touched: int
    labelled: int  # stretches behind the reference


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    chosen = list(entries(options.folder, options.max_rows, options.only))[:: options.every]
    document = {}
    for detector in options.detectors.split(","):
        found = [outcome for entry in chosen if (outcome := outcome_of(entry, detector)) is not None]
        document[detector] = {**summary(found), "series": len(found), "outcomes": [asdict(one) for one in found]}
    print(pd.DataFrame({name: {key: one[key] for key in ("series", *SHOWN)} for name, one in document.items()}).T)
    print(json.dumps(document))
    return 0


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, metavar="DATA_FOLDER", help="folder with MANIFEST.csv")
    parser.add_argument("--detectors", default="moment,statistical", help="default: %(default)s")
    parser.add_argument("--only", choices=SHAPES[:2], default=SHAPES[0], help="default: %(default)s")
    parser.add_argument("--max-rows", type=int, default=60_000, help="leave longer series out (default: %(default)s)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth series (default: all)")
    return parser.parse_args(arguments)


def outcome_of(entry: Entry, detector: str) -> Outcome | None:
    table = labelled_table(entry)
    labels = table.frame[LABEL].to_numpy(bool)
    if not 0 < entry.train_rows < len(labels) or labels[entry.train_rows :].all():
        return None
    found = detect_table(table, Question(detector=detector, reference_rows=entry.train_rows))
    print(f"{entry.path.name} {detector}: {found.seconds:.1f} s", file=sys.stderr)
    return outcome(entry.path.name, found, labels, entry.train_rows)


def outcome(name: str, found: Detection, labels: NDArray[np.bool_], known: int) -> Outcome:
    """Of scores of a series in time order."""
    later = ~labels
    later[:known] = False
    limit = np.nanquantile(found.scores[:known], QUANTILE)
    false = [
        one for one in found.events if one.start_row >= known and not labels[one.start_row : one.end_row + 1].any()
    ]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], labels[known:].astype(int), [0]]))) + known
    stretches = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    return Outcome(
        file=name,
        beyond=float((found.scores[later] > limit).mean()),
        false_events=len(false),
        normal_rows=int(later.sum()),
        flagged=int(found.flags[later].sum()),
        touched=sum(bool(found.flags[start:stop].any()) for start, stop in stretches),
        labelled=len(stretches),
    )


def summary(found: Sequence[Outcome]) -> dict[str, float]:
    rows = sum(one.normal_rows for one in found)
    labelled = sum(one.labelled for one in found)
    return {
        "beyond_median": round(float(np.median([one.beyond for one in found])), 4),
        "beyond_mean": round(float(np.mean([one.beyond for one in found])), 4),
        "false_per_10000": round(1e4 * sum(one.false_events for one in found) / rows, 2),
        "false_median_series": round(float(np.median([1e4 * one.false_events / one.normal_rows for one in found])), 2),
        "touched": round(sum(one.touched for one in found) / labelled, 3) if labelled else float("nan"),
        "normal_flagged": round(sum(one.flagged for one in found) / rows, 4),
    }


if __name__ == "__main__":
    sys.exit(main())
