"""What each part of the default detector is worth: VUS-PR without it, and of it alone.

    python benchmarks/ablation.py DATA_FOLDER
    python benchmarks/ablation.py DATA_FOLDER --only univariate --checkpoint A --checkpoint B

A part is a head, a reader with all its heads, or a view or time scale of MOMENT's reader. The readers run once for each
series and checkpoint; their heads are kept and fused again for every part as the detector fuses them. Series with
labels up to ``--max-rows`` rows of DATA_FOLDER, as in quality.py, without files of runs. Several checkpoints are
compared with the first.

Tables go to stdout, progress to stderr, and the last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bootstrap import interval, told
from manifest import LABEL, Entry, entries, labelled_table
from numpy.typing import NDArray

from waferwatch.detection.compare import vus_window
from waferwatch.detection.run import score_split
from waferwatch.detectors.base import ModelInfo
from waferwatch.detectors.columns import Columns
from waferwatch.detectors.fused import FusedDetector
from waferwatch.detectors.fusion import Fusion
from waferwatch.detectors.heads import Heads, Reader, Step, keep_on
from waferwatch.detectors.moment.reader import MomentReader
from waferwatch.detectors.moment.views import VIEWS, View
from waferwatch.detectors.registry import create
from waferwatch.detectors.sensors import combine
from waferwatch.errors import WaferwatchError
from waferwatch.evaluate.vus import vus_pr
from waferwatch.series.split import split

WHOLE = "everything"
TOLERANCE = 1e-4  # between the detector's scores and those of all kept heads fused again


@dataclass(frozen=True)
class Head:
    """What one head says of one series."""

    name: str
    reader: str
    view: View | None  # None for a head that does not come from MOMENT
    values: NDArray[np.float32]  # (S, n)

    @property
    def parts(self) -> Iterator[str]:
        """Every part of the detector that this head belongs to."""
        yield f"head {self.reader}: {self.name}"
        yield f"reader {self.reader}"
        if self.view is not None:
            yield f"view {self.view.name}"
            yield f"time scale x{self.view.averaged}"


class Kept(Reader):
    """A reader that remembers what it last said, and of which points."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.heads: Heads = {}
        self.measured = np.empty((0, 0), np.bool_)  # (S, n)

    def fit(self, reference: Sequence[Columns], step: Step = keep_on) -> Kept:
        self.reader.fit(reference, step)
        return self

    def read(self, columns: Columns, step: Step = keep_on) -> Heads:
        self.heads, self.measured = self.reader.read(columns, step), columns.measured
        return self.heads

    def kept(self) -> Iterator[Head]:
        name = type(self.reader).__name__.removesuffix("Reader").lower()
        for head, values in self.heads.items():
            views = VIEWS if isinstance(self.reader, MomentReader) else ()
            view = next((one for one in views if head.endswith(f" {one.name}")), None)
            yield Head(head, name, view, values)


class Recorder(FusedDetector):
    """A fused detector whose readers remember their heads."""

    name = "recorder"

    def __init__(self, inner: FusedDetector) -> None:
        super().__init__()
        self._inner = inner
        self.kept: list[Kept] = []

    @property
    def model(self) -> ModelInfo:
        return self._inner.model

    def readers(self, sensors: int) -> list[Reader]:
        self.kept = [Kept(reader) for reader in self._inner.readers(sensors)]
        return list(self.kept)


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    try:
        rows = [
            row
            for checkpoint in options.checkpoint or [None]
            for entry in entries(options.folder, options.max_rows, options.only, options.families)
            if entry.shape != "runs"
            for row in ablated(entry, checkpoint)
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
    parser.add_argument("folder", type=Path, metavar="DATA_FOLDER", help="folder with MANIFEST.csv")
    parser.add_argument("--max-rows", type=int, default=12_000, help="leave longer series out (default: %(default)s)")
    parser.add_argument("--only", choices=("univariate", "multivariate"), help="series of one shape only")
    parser.add_argument("--families", help="families of the manifest, with commas (default: all)")
    parser.add_argument(
        "--checkpoint", action="append", metavar="NAME", help="may be given again (default: the embedded one)"
    )
    return parser.parse_args(arguments)


def ablated(entry: Entry, checkpoint: str | None) -> Iterator[dict[str, Any]]:
    """A row for everything together, and two for each part: without it, and it alone."""
    table = labelled_table(entry)
    inner = create("moment", checkpoint=checkpoint)
    if not isinstance(inner, FusedDetector):
        raise TypeError("the default detector is not made of readers")
    recorder = Recorder(inner)
    parts = split(table, reference_rows=entry.train_rows or None)
    if len(parts.series) != 1:
        raise ValueError(f"{entry.path.name} is {len(parts.series)} series, not one")
    (scores,) = score_split(recorder, parts)
    heads = [head for kept in recorder.kept for head in kept.kept()]
    if not heads:
        return
    measured = recorder.kept[0].measured
    if not np.allclose(fused(heads, measured), scores.points, rtol=TOLERANCE, equal_nan=True):
        raise ValueError(f"{entry.path.name}: the kept heads do not make the detector's scores")
    labels, window = table.frame[LABEL].to_numpy(bool), vus_window(table, parts.features)
    rows = parts.series[0].rows
    about = {"file": entry.path.name, "shape": entry.shape, "checkpoint": inner.model.name}

    def row(part: str, way: str, chosen: Sequence[Head]) -> dict[str, Any]:
        return {**about, "part": part, "way": way, "vus_pr": vus_pr(labels[rows], fused(chosen, measured), window)}

    yield row(WHOLE, "alone", heads)
    for part in dict.fromkeys(part for head in heads for part in head.parts):
        yield row(part, "alone", [head for head in heads if part in head.parts])
        yield row(part, "without", [head for head in heads if part not in head.parts])
    print(f"{entry.path.name} {inner.model.name}: {len(heads)} heads", file=sys.stderr)


def fused(heads: Sequence[Head], measured: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n,) scores from some heads, as the detector makes them; NaN everywhere from none."""
    fusion = Fusion(measured)
    for head in heads:
        fusion.add({head.name: head.values})
    return combine(fusion.scores())[0]


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
