"""What each part of the default detector is worth: VUS-PR without it, and of it alone.

    python benchmarks/ablation.py DATA_FOLDER
    python benchmarks/ablation.py DATA_FOLDER --only univariate --checkpoint A --checkpoint B
    python benchmarks/ablation.py --fabs 3

A part is a head, a reader with all its heads, or a view or time scale of MOMENT's reader. The readers run once for each
series and checkpoint; their heads are kept and fused again for every part as the detector fuses them. Series with
labels up to ``--max-rows`` rows of DATA_FOLDER, as in quality.py, without files of runs; with ``--fabs``, virtual fabs
instead, whose recipes have steps. Several checkpoints are compared with the first.

Tables go to stdout, progress to stderr, and the last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bootstrap import interval, told
from fab_truth import FAULT
from manifest import Entry, entries, labelled_table
from numpy.typing import NDArray

from waferwatch.detection.compare import vus_window
from waferwatch.detection.run import score_split
from waferwatch.detectors.base import ModelInfo, Scores
from waferwatch.detectors.columns import Columns
from waferwatch.detectors.fused import FusedDetector
from waferwatch.detectors.fusion import Fusion, with_joint_heads
from waferwatch.detectors.heads import LOWEST, Heads, JointReader, Reader, Step, keep_on
from waferwatch.detectors.moment.reader import MomentReader
from waferwatch.detectors.moment.views import VIEWS, View
from waferwatch.detectors.registry import create
from waferwatch.detectors.sensors import combine
from waferwatch.detectors.step_head import StepHead
from waferwatch.detectors.stream_judge import StreamJudge
from waferwatch.detectors.stretches import in_stretches
from waferwatch.errors import WaferwatchError
from waferwatch.evaluate.vus import vus_pr
from waferwatch.read.frames import table_from_frame
from waferwatch.read.generate import generate
from waferwatch.read.table import Table
from waferwatch.series.split import split

WHOLE = "everything"
FAB_ROWS, FAB_KNOWN = 30_000, 10_000
TOLERANCE = 1e-4  # between the detector's scores and those of all kept heads fused again


@dataclass(frozen=True)
class Case:
    """One labelled series."""

    table: Table
    shape: str  # under which it is told
    train_rows: int  # known to be normal; 0: nothing is


class Kind(StrEnum):
    """How the detector counts a head."""

    SENSOR = "sensor"  # (S, n), fused sensor by sensor
    JOINT = "joint"  # (n,), fused with what the sensors make together
    STEP = "step"  # (S, n), half of the score where there are steps


@dataclass(frozen=True)
class Head:
    """What one head says of one series."""

    name: str
    reader: str
    view: View | None  # None for a head that does not come from MOMENT
    values: NDArray[np.float32]
    kind: Kind = Kind.SENSOR

    @property
    def parts(self) -> Iterator[str]:
        """Every part of the detector that this head belongs to."""
        yield f"head {self.reader}: {self.name}"
        yield f"reader {self.reader}"
        if self.view is not None:
            yield f"view {self.view.name}"
            yield f"time scale x{self.view.averaged}"


class Kept(Reader, JointReader):
    """A reader that remembers what it last said, and of what."""

    def __init__(self, reader: Reader | JointReader) -> None:
        self.reader = reader
        self.heads: Heads = {}
        self.columns: Columns | None = None

    def fit(self, reference: Sequence[Columns], step: Step = keep_on) -> Kept:
        self.reader.fit(reference, step)
        return self

    def read(self, columns: Columns, step: Step = keep_on) -> Heads:
        self.heads, self.columns = self.reader.read(columns, step), columns
        return self.heads

    def kept(self) -> Iterator[Head]:
        name = type(self.reader).__name__.removesuffix("Reader").lower()
        for head, values in self.heads.items():
            views = VIEWS if isinstance(self.reader, MomentReader) else ()
            view = next((one for one in views if head.endswith(f" {one.name}")), None)
            yield Head(head, name, view, values, Kind.JOINT if isinstance(self.reader, JointReader) else Kind.SENSOR)


class Recorder(FusedDetector):
    """A fused detector whose readers remember their heads."""

    name = "recorder"

    def __init__(self, inner: FusedDetector) -> None:
        super().__init__()
        self._inner = inner
        self.as_published = inner.as_published
        self.kept: list[Kept] = []

    @property
    def model(self) -> ModelInfo:
        return self._inner.model

    def readers(self, sensors: int) -> list[Reader]:
        self.kept = [Kept(reader) for reader in self._inner.readers(sensors)]
        return list(self.kept)

    def joint_readers(self, sensors: int) -> list[JointReader]:
        joint = [Kept(reader) for reader in self._inner.joint_readers(sensors)]
        self.kept += joint
        return list(joint)

    def heads(self) -> list[Head]:
        """All that was said of the last series."""
        heads = [head for kept in self.kept for head in kept.kept()]
        steps, seen = self.steps, self.kept[0].columns
        if steps is not None and seen is not None:
            heads.append(Head("off its course", "step", None, steps.off(seen), Kind.STEP))
        return heads

    def column(self) -> NDArray[np.float32] | None:
        """Values of the last series where its scores are made into stretches: of a single sensor, without steps."""
        seen = self.kept[0].columns
        return seen.values[0] if seen is not None and seen.sensors == 1 and self.steps is None else None

    @property
    def steps(self) -> StepHead | None:
        judge = self._judges[None]
        return judge.steps if isinstance(judge, StreamJudge) else None


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    try:
        rows = [
            row
            for checkpoint in options.checkpoint or [None]
            for case in cases(options)
            for row in ablated(case, checkpoint)
        ]
    except WaferwatchError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    document = document_of(pd.DataFrame(rows))
    print_tables(document)
    print(json.dumps(document))
    return 0


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else None, epilog="See the module docstring for more."
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("folder", type=Path, nargs="?", metavar="DATA_FOLDER", help="folder with MANIFEST.csv")
    source.add_argument("--fabs", type=int, metavar="N", help="so many virtual fabs")
    parser.add_argument("--max-rows", type=int, default=12_000, help="leave longer series out (default: %(default)s)")
    parser.add_argument("--only", choices=("univariate", "multivariate"), help="series of one shape only")
    parser.add_argument("--families", help="families of the manifest, with commas (default: all)")
    parser.add_argument(
        "--checkpoint", action="append", metavar="NAME", help="may be given again (default: the embedded one)"
    )
    return parser.parse_args(arguments)


def cases(options: argparse.Namespace) -> Iterator[Case]:
    if options.fabs:
        yield from (fab(seed) for seed in range(options.fabs))
        return
    for entry in entries(options.folder, options.max_rows, options.only, options.families):
        if entry.shape != "runs":
            yield case_of(entry)


def case_of(entry: Entry) -> Case:
    return Case(labelled_table(entry), entry.shape, entry.train_rows)


def fab(seed: int) -> Case:
    """One chamber of a virtual fab."""
    frame = generate(FAB_ROWS, 1, seed).drop(columns=FAULT)
    return Case(table_from_frame(frame, name=f"fab {seed}"), "virtual fab", FAB_KNOWN)


def ablated(case: Case, checkpoint: str | None) -> Iterator[dict[str, Any]]:
    """A row for everything together, and two for each part: without it, and it alone."""
    table = case.table
    inner = create("moment", checkpoint=checkpoint)
    if not isinstance(inner, FusedDetector):
        raise TypeError("the default detector is not made of readers")
    recorder = Recorder(inner)
    parts = split(table, reference_rows=case.train_rows or None)
    if len(parts.series) != 1:
        raise ValueError(f"{table.name} is {len(parts.series)} series, not one")
    (scores,) = score_split(recorder, parts)
    heads, labels = recorder.heads(), table.labels()
    if not heads or labels is None:
        return
    measured, column = ~np.isnan(parts.series[0].values.T), recorder.column()
    if not np.allclose(fused(heads, measured, column), scores.points, rtol=TOLERANCE, equal_nan=True):
        raise ValueError(f"{table.name}: the kept heads do not make the detector's scores")
    rows, window = parts.series[0].rows, vus_window(table, parts.features)
    about = {"file": table.name, "shape": case.shape, "checkpoint": inner.model.name}

    def row(part: str, way: str, chosen: Sequence[Head]) -> dict[str, Any]:
        return {
            **about,
            "part": part,
            "way": way,
            "vus_pr": vus_pr(labels[rows], fused(chosen, measured, column), window),
        }

    yield row(WHOLE, "alone", heads)
    for part in dict.fromkeys(part for head in heads for part in head.parts):
        yield row(part, "alone", [head for head in heads if part in head.parts])
        yield row(part, "without", [head for head in heads if part not in head.parts])
    print(f"{table.name} {inner.model.name}: {len(heads)} heads", file=sys.stderr)


def fused(
    heads: Sequence[Head], measured: NDArray[np.bool_], column: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """(n,) scores from some heads, as the detector makes them, of a column in stretches; NaN everywhere from none."""
    by_kind = {kind: [head for head in heads if head.kind is kind] for kind in Kind}
    halves = [of_sensors(head.values.T, measured) for head in by_kind[Kind.STEP]]
    fusion = Fusion(measured)
    for head in by_kind[Kind.SENSOR]:
        fusion.add({head.name: head.values})
    joint = [head.values for head in by_kind[Kind.JOINT]]
    if by_kind[Kind.SENSOR] or not heads:
        halves.append(with_joint_heads(Scores(*combine(fusion.scores())), joint).points)
    elif joint:
        first = np.where(measured.any(axis=0), np.maximum(joint[0], LOWEST) - LOWEST, np.nan)
        nothing = np.zeros(measured.T.shape, np.float32)
        halves.append(with_joint_heads(Scores(first, nothing), joint[1:]).points)
    points = np.asarray(np.mean(halves, axis=0))
    return points if column is None else in_stretches(points, column)


def of_sensors(values: NDArray[np.float32], measured: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n,) from a head (n, S) that is not fused with others."""
    return combine(np.where(measured.T, np.maximum(values, LOWEST) - LOWEST, np.nan).astype(np.float32))[0]


def document_of(rows: pd.DataFrame) -> dict[str, Any]:
    """Shape -> checkpoint -> part -> means and intervals, and how much higher each part is with later checkpoints."""
    document: dict[str, Any] = {}
    for shape, some in rows.groupby("shape", sort=False):
        by_checkpoint = dict(iter(some.groupby("checkpoint", sort=False)))
        first = next(iter(by_checkpoint))
        document[str(shape)] = {
            "checkpoints": {name: _parts(mine) for name, mine in by_checkpoint.items()},
            "higher_than_the_first": {
                name: _compared(by_checkpoint[first], mine) for name, mine in by_checkpoint.items() if name != first
            },
        }
    return document


def _parts(rows: pd.DataFrame) -> dict[str, Any]:
    whole = rows[rows["part"] == WHOLE].set_index("file")["vus_pr"]
    found: dict[str, Any] = {WHOLE: {"series": len(whole), **_mean("vus_pr", whole)}}
    for part, mine in rows[rows["part"] != WHOLE].groupby("part"):
        by_way = {way: some.set_index("file")["vus_pr"] for way, some in mine.groupby("way")}
        # What it adds counts every series, also those of which it says nothing.
        gain = (whole - by_way["without"]).reindex(whole.index).fillna(0.0)
        found[str(part)] = {
            "series": len(by_way["alone"]),
            "alone": round(float(by_way["alone"].mean()), 4),
            "without": round(float((whole - gain).mean()), 4),
            **_mean("adds", gain),
        }
    return found


def _compared(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, Any]:
    """Part -> how much higher it scores alone with another checkpoint, over the series where both have it."""
    one, other = (some[some["way"] == "alone"].set_index(["part", "file"])["vus_pr"] for some in (before, after))
    difference = (other - one).dropna()
    return {
        str(part): {"series": len(mine), **_mean("higher", mine)}
        for part, mine in difference.groupby(level="part", sort=False)
    }


def _mean(name: str, values: pd.Series) -> dict[str, Any]:
    return {name: round(float(values.mean()), 4), "interval": interval(values)}


def print_tables(document: Mapping[str, Any]) -> None:
    for shape, found in document.items():
        for checkpoint, parts in found["checkpoints"].items():
            whole = parts[WHOLE]
            print(f"{shape}, {checkpoint}: VUS-PR {told(whole['vus_pr'], whole['interval'])}, {whole['series']} series")
            rows = {
                part: {**one, "adds": told(one["adds"], one["interval"])}
                for part, one in sorted(parts.items())
                if part != WHOLE
            }
            print(f"{pd.DataFrame(rows).T.drop(columns='interval').to_string()}\n")
        for checkpoint, parts in found["higher_than_the_first"].items():
            higher = {part: told(one["higher"], one["interval"]) for part, one in parts.items()}
            print(f"{shape}: how much higher alone with {checkpoint}\n{pd.Series(higher).to_string()}\n")


if __name__ == "__main__":
    sys.exit(main())
