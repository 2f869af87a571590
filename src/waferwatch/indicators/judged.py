"""The wafers of a table with their indicators and verdicts; the rows are read where a trace is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells
from waferwatch.indicators.indicators import Indicators, Values
from waferwatch.indicators.learnt.wafer_model import Deviations, WaferModel
from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.table import Table


@dataclass(frozen=True)
class JudgedWafers:
    """The wafers of one table."""

    model: WaferModel
    found: Indicators
    deviations: Deviations
    runs: list[RunScore]  # in order of the cells' runs
    read: Callable[[], tuple[Table, Values]]  # ``table`` and ``values``, called once at most

    @property
    def cells(self) -> StepCells:
        return self.found.cells

    @property
    def table(self) -> Table:
        """What was detected in."""
        return self._rows[0]

    @property
    def values(self) -> Values:
        """Of ``model.sensors``, as the limits see them: after a rebase at the level before it."""
        return self._rows[1]

    @cached_property
    def _rows(self) -> tuple[Table, Values]:
        return self.read()

    @cached_property
    def run_of_row(self) -> NDArray[np.int64]:
        """(rows,) the run of each row of the table, -1 for none."""
        found = np.full(len(self.table.frame), -1, np.int64)
        found[self.cells.rows] = self.cells.run[self.cells.cell]
        return found

    @cached_property
    def cell_of_row(self) -> NDArray[np.int64]:
        """(rows,) the cell of each row of the table, -1 for none."""
        found = np.full(len(self.table.frame), -1, np.int64)
        found[self.cells.rows] = self.cells.cell
        return found
