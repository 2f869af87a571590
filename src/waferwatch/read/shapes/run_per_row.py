"""Tables in which a row is a whole run, and the columns are its points."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from waferwatch.read.cells import values
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.shapes.clocks import holds_times, is_clock_name

_FEWEST_POINTS = 20
_SMOOTH, _VERY_SMOOTH = 0.7, 0.9  # correlation of a point with the next one of the same run
_POINT_NAMES = frozenset(
    ("", "p", "pt", "point", "t", "time", "x", "v", "y", "att", "column", "col", "sample", "value")
)
_MOST_CLASSES = 10


def turned(rows: FileRows, name: str, *, wished: bool) -> FileRows | None:
    """The rows with the points of each run below one another; None when a row is no run."""
    frame = rows.frame
    points = _points(frame)
    if len(points) < (2 if wished else _FEWEST_POINTS):
        return None
    stem = _stem(points[0]).strip(" _-.")
    least = _SMOOTH if stem.lower() in _POINT_NAMES else _VERY_SMOOTH
    if not wished and (_has_clock(frame, points) or _smoothness(frame[points]) < least):
        return None
    stem = stem or "value"
    others = [one for one in frame.columns if one not in points]
    runs, width = len(frame), len(points)
    long = {_called(frame, one): frame[one].repeat(width).reset_index(drop=True) for one in others}
    if "run" not in long:
        long["run"] = pd.Series(np.repeat(np.arange(1, runs + 1), width))
    long[stem if stem not in long and stem != "column" else "value"] = pd.Series(frame[points].to_numpy().ravel())
    findings = Findings(rows.notes)
    findings.repaired(
        "run_per_row",
        "{table} holds a run in each row: {runs} runs of {points} points ({first} to {last}) were put below "
        "one another.",
        {"table": name, "runs": runs, "points": width, "first": points[0], "last": points[-1]},
        count=runs,
        remedy="Say that each column is a sensor if this is wrong.",
        option="--shape wide",
        field="shape",
    )
    return replace(rows, frame=pd.DataFrame(long), notes=findings.everything, units={})


def _called(frame: pd.DataFrame, name: str) -> str:
    """A nameless column of a few numbers before the points is the class of the run."""
    return "class" if name == "column 1" and frame[name].nunique() <= _MOST_CLASSES else name


def _points(frame: pd.DataFrame) -> list[str]:
    """The longest run of columns of numbers whose names differ by a number that rises by one."""
    best: list[str] = []
    current: list[str] = []
    last: tuple[str, int] | None = None
    for name in frame.columns:
        numbered = _numbered(str(name)) if values.is_numeric(frame[name]) else None
        if numbered and last and numbered == (last[0], last[1] + 1):
            current.append(name)
        else:
            current = [name] if numbered else []
        last = numbered
        best = max(best, current, key=len)
    while len(best) > 2 and frame[best[0]].nunique() <= _MOST_CLASSES < frame[best[1]].nunique():
        best = best[1:]  # the class of the run, before its first point
    return best


def _numbered(name: str) -> tuple[str, int] | None:
    found = re.fullmatch(r"(.*?)(\d{1,5})\D{0,3}", name)
    return (found[1], int(found[2])) if found else None


def _stem(name: str) -> str:
    found = _numbered(name)
    return found[0] if found else name


def _has_clock(frame: pd.DataFrame, points: list[str]) -> bool:
    """Where every row has a time of its own, a row is a moment, and alike columns are an array of sensors."""
    others = [one for one in frame.columns if one not in points]
    return any((holds_times(frame[one]) or is_clock_name(one)) and frame[one].nunique() > 1 for one in others)


def _smoothness(points: pd.DataFrame) -> float:
    """How well a point tells the next one of the same row, in most rows; neighbouring sensors do not."""
    cells = points.to_numpy(np.float64)
    if len(cells) < 2:
        return 0.0
    centred = cells - np.nanmean(cells, axis=1, keepdims=True)
    power = np.nansum(centred**2, axis=1)
    following = np.nansum(centred[:, 1:] * centred[:, :-1], axis=1)
    smooth = following[power > 0] / power[power > 0]
    return float(np.median(smooth)) if len(smooth) else 0.0
