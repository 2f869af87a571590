"""The labelled series of a folder, by its MANIFEST.csv."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table

LABEL = "label"
SHAPES = ("univariate", "multivariate", "runs")


@dataclass(frozen=True)
class Entry:
    """One file: a series, or many runs."""

    path: Path
    family: str
    shape: str  # one of SHAPES
    train_rows: int  # known to be normal; 0: nothing is
    tsb_ad_name: str  # empty where it is not one of TSB-AD's series


def entries(folder: Path, max_rows: int, only: str | None = None, families: str | None = None) -> Iterator[Entry]:
    """Those of one shape or of some families (with commas) where that is asked for, short ones first.

    Files of more rows are left out, but not those of runs, which are short each.
    """
    manifest = pd.read_csv(folder / "MANIFEST.csv", dtype={"tsb_ad_name": "str"})
    manifest = manifest.fillna({"train_rows": 0, "tsb_ad_name": ""}).sort_values("rows", kind="stable")
    for one in manifest.to_dict("records"):
        shape = "runs" if one["kind"] == "runs" else SHAPES[one["features"] > 1]
        small = shape == "runs" or one["rows"] <= max_rows
        if small and only in (None, shape) and (families is None or one["family"] in families.split(",")):
            yield Entry(folder / one["file"], one["family"], shape, int(one["train_rows"]), one["tsb_ad_name"])


def labelled_table(entry: Entry) -> Table:
    """A series: every column but the label is a sensor."""
    frame = pd.read_parquet(entry.path)
    sensors = [name for name in frame.columns if name != LABEL]
    return table_from_frame(frame, name=entry.path.name, features=sensors, label=LABEL)
