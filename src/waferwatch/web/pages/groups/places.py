"""Where rows lie on the time axis."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.web.figures.lines import Lines
from waferwatch.web.figures.style import axis_values


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
        """The places of the rows ``margin`` before and after it on its line; None for a row without a time."""
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
