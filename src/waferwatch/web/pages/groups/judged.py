"""A finished detection with the rows that it judged, and where they lie on the time axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.jobs.options import Options, chosen_rows
from waferwatch.read.table import Table
from waferwatch.scoring.part import only_found, only_rows
from waferwatch.scoring.result import Detection
from waferwatch.web.figures.lines import Lines
from waferwatch.web.figures.style import axis_values
from waferwatch.web.pages.runs.api import finished_detection
from waferwatch.web.shell.context import Parts


@dataclass(frozen=True)
class Judged:
    """What a run was asked to judge. Positions of rows are those of ``table``."""

    run: str
    dataset: str
    table: Table  # with every sensor, also those that the detection did not look at
    found: Detection  # flags, scores and event ids of these rows; the events' peaks are positions in ``table``
    rows: NDArray[np.int64]  # (rows,) position in the whole data set


def judged(app: Parts, run_id: str) -> Judged:
    """
    Raises:
        NotFoundError: when the run, its data or its result is gone or not there yet.
        InputError: when it is no detection.
        RunFailed: what ended it instead.
    """
    run = finished_detection(app, run_id)
    options = Options.from_dict(run.options)
    table, found = app.store.datasets.table(options.dataset, options.version), app.store.results.detection(run.id)
    rows = chosen_rows(table, options)
    if rows is None:
        return Judged(run.id, options.dataset, table, found, np.arange(len(table.frame)))
    return Judged(run.id, options.dataset, only_rows(table, rows), only_found(found, rows), rows)


class Places:
    """Where the rows of a whole data set lie on the axis of its time plots."""

    def __init__(self, lines: Lines, total: int) -> None:
        self._lines = lines
        self._total = total

    @cached_property
    def _where(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each row its line (-1 without a time) and its position on it."""
        line, position = np.full(self._total, -1), np.zeros(self._total, dtype=np.int64)
        for number, one in enumerate(self._lines.lines):
            line[one.rows] = number
            position[one.rows] = np.arange(len(one.rows))
        return line, position

    def around(self, row: int, margin: int) -> tuple[Any, Any] | None:
        """The places of the rows so many before and after it on its line; None for a row without a time."""
        line, position = self._where
        if line[row] < 0:
            return None
        places = self._lines.lines[line[row]].place
        first, last = max(0, position[row] - margin), min(len(places) - 1, position[row] + margin)
        low, high = axis_values(places[[first, last]])
        return low, high

    def span(self, rows: NDArray[np.int64]) -> tuple[Any, Any] | None:
        """The first and the last place of some rows; None when none of them has a time."""
        line, position = self._where
        lines = self._lines.lines
        ends = []
        for number in np.unique(line[rows]).tolist():
            if number >= 0:
                on_line = position[rows[line[rows] == number]]
                ends += [lines[number].place[on_line.min()], lines[number].place[on_line.max()]]
        if not ends:
            return None
        low, high = axis_values(np.array([min(ends), max(ends)]))
        return low, high
