"""Whether a chamber alone has a problem: the same step of the same recipe in the sisters' nearest wafers."""

from __future__ import annotations

import numpy as np

from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.judge import JudgedWafers
from waferwatch.indicators.judging.facets import Facet
from waferwatch.indicators.problems.problem import Alone
from waferwatch.indicators.statistics import MEAN

NEAREST = 10  # wafers of each sister
HOURS = 24.0  # from the first wafer of the problem, at most


def chamber_alone(judged: JudgedWafers, facet: Facet) -> tuple[Alone, tuple[str, ...]]:
    """The answer, and the sisters that show it too.

    A sister shows it where the same indicator is beyond its limit to the same side in at least two of its ten nearest
    wafers. Unknown where no other equipment ran the same step of the same recipe within 24 hours.
    """
    cells = judged.cells
    own = cells.names[cells.stage[facet.cell]]
    column = _column(judged, facet)
    asked, too = 0, []
    for number, name in enumerate(cells.names):
        if name.equipment == own.equipment or name.anywhere != own.anywhere:
            continue
        near = _nearest(judged, number, facet.cell)
        off = judged.deviations.off[near, column]
        if not np.isfinite(off).any():
            continue
        asked += 1
        beyond = off > 1 if facet.direction == "up" else off < -1 if facet.direction == "down" else np.abs(off) > 1
        if int(beyond.sum()) >= 2:
            too.append(name.equipment)
    return (Alone.UNKNOWN if not asked else Alone.NO if too else Alone.YES), tuple(too)


def _column(judged: JudgedWafers, facet: Facet) -> int:
    """The indicator to compare: the leading one, or the sensor's mean where rows or a hard rule lead."""
    columns = judged.deviations.columns
    for wanted in (IndicatorColumn(facet.sensor, facet.statistic), IndicatorColumn(facet.sensor, MEAN)):
        if wanted in columns:
            return columns.index(wanted)
    return 0


def _nearest(judged: JudgedWafers, stage: int, cell: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Cells of a stage that are nearest in time to one of another."""
    mine, time = judged.of_stage[stage], judged.began
    if time.dtype.kind != "M":
        return mine[np.argsort(np.abs(time[mine] - time[cell]), kind="stable")[:NEAREST]]
    hours = np.abs((time[mine] - time[cell]) / np.timedelta64(1, "h")).astype(np.float64)
    near = mine[np.argsort(hours, kind="stable")[:NEAREST]]
    return near[np.sort(hours)[:NEAREST] <= HOURS]
