"""Whether a chamber alone has a problem: the same step of the same recipe in the sisters' nearest wafers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StageName
from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.judge import ExplainedWafers
from waferwatch.indicators.judging.facets import Facet
from waferwatch.indicators.problems.problem import Alone
from waferwatch.indicators.statistics import MEAN

NEAREST = 10  # wafers of each sister
HOURS = 24.0  # from the first wafer of the problem, at most

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class SisterCells:
    """What is kept of judged cells to compare the problems of other equipment with."""

    names: list[StageName]
    of_stage: list[Ints]  # the cells of each
    began: NDArray[Any]  # (cells,) time of the first row, or its number where there is no time
    off: NDArray[np.float64]  # (cells, K) as ``Deviations.off``

    @classmethod
    def of(cls, judged: ExplainedWafers) -> Self:
        return cls(judged.cells.names, judged.of_stage, judged.began, judged.deviations.off)


def chamber_alone(
    own: StageName, began: Any, direction: str, column: int, others: Sequence[SisterCells]
) -> tuple[Alone, tuple[str, ...]]:
    """The answer, and the sisters that show it too.

    A sister shows it where the same indicator is beyond its limit to the same side in at least two of its ten nearest
    wafers. Unknown where no other equipment ran the same step of the same recipe within 24 hours.

    Args:
        own: where the problem is.
        began: when the cell that shows it best did.
        direction: of the problem.
        column: of the deviations, to compare.
    """
    asked, too = 0, []
    for cells in others:
        for number, name in enumerate(cells.names):
            if name.equipment == own.equipment or name.anywhere != own.anywhere:
                continue
            off = cells.off[_nearest(cells, number, began), column]
            if not np.isfinite(off).any():
                continue
            asked += 1
            beyond = off > 1 if direction == "up" else off < -1 if direction == "down" else np.abs(off) > 1
            if int(beyond.sum()) >= 2:
                too.append(name.equipment)
    return (Alone.UNKNOWN if not asked else Alone.NO if too else Alone.YES), tuple(too)


def compared_column(columns: Sequence[IndicatorColumn], facet: Facet) -> int:
    """The indicator to compare: the leading one, or the sensor's mean where rows or a hard rule lead."""
    for wanted in (IndicatorColumn(facet.sensor, facet.statistic), IndicatorColumn(facet.sensor, MEAN)):
        if wanted in columns:
            return columns.index(wanted)
    return 0


def _nearest(cells: SisterCells, stage: int, began: Any) -> Ints:
    """Cells of a stage that are nearest in time."""
    mine = cells.of_stage[stage]
    away = np.abs(cells.began[mine] - began)
    if away.dtype.kind != "m":
        return mine[np.argsort(away, kind="stable")[:NEAREST]]
    hours = (away / np.timedelta64(1, "h")).astype(np.float64)
    near = mine[np.argsort(hours, kind="stable")[:NEAREST]]
    return near[np.sort(hours)[:NEAREST] <= HOURS]
