"""One line of a CSV for each thing that was measured, so that an interrupted run can go on."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One detector on one series, or on the runs of one file."""

    file: str
    family: str
    tsb_ad_name: str
    detector: str
    model: str
    sha256: str  # hash of the detector's weights, empty without weights
    device: str
    rows: int
    sensors: int
    window: int  # widest buffer of VUS-PR; 0 with runs
    unjudged: int  # rows, or runs, without a score
    vus_pr: float  # NaN with runs, where no time lies between them
    auc_pr: float  # average precision over the rows, or over the runs
    seconds: float
    seed: int = 0  # which half of the normal runs was the reference

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What was measured."""
        return self.file, self.detector, self.sha256, self.seed


def read_lines(path: Path) -> list[Line]:
    """None where there is no file."""
    if not path.exists():
        return []
    kinds = {"int": int, "float": float, "str": str}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Line(**{one.name: kinds[str(one.type)](row[one.name]) for one in fields(Line) if one.name in row})
            for row in csv.DictReader(file)
        ]


def append_line(path: Path, line: Line) -> None:
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [one.name for one in fields(Line)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(line))
