"""When a sensor left the normal band of its step: where the steep rise begins, several points out of band in a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.judged import JudgedWafers

Floats = NDArray[np.float64]

BAND = 4.0  # spreads
IN_A_ROW = 3  # points out of band


@dataclass(frozen=True)
class Left:
    """A sensor that left its band."""

    row: int  # of the table
    place: int  # in the run, from 0


def left_band(off: Floats, band: float = BAND, in_a_row: int = IN_A_ROW) -> int | None:
    """Where values leave the band for good before their peak: the first of several points in a row outside.

    Of several stretches outside, the one that holds the farthest point counts. None where no stretch is long enough.

    Args:
        off: (n,) signed distance from the middle of the band, in spreads; NaN = not known.

    >>> left_band(np.array([0, 1, 9, 0, 5, 6, 9, 8, 1.0]))
    4
    """
    outside = np.nan_to_num(np.abs(off)) > band
    border = np.flatnonzero(np.diff(np.concatenate([[False], outside, [False]]).astype(np.int8)))
    starts, stops = border[::2], border[1::2]
    long = stops - starts >= in_a_row
    if not long.any():
        return None
    highest = [float(np.nanmax(np.abs(off[start:stop]))) for start, stop in zip(starts[long], stops[long], strict=True)]
    return int(starts[long][int(np.argmax(highest))])


def departures(judged: JudgedWafers, run: int) -> dict[str, Left]:
    """Sensor -> where it left its band in a run; sensors that did not are left out."""
    first, after = np.searchsorted(judged.cells.run, [run, run + 1]).tolist()
    cells = judged.cells.part(first, after)
    off = judged.model.course.off(judged.values(cells.rows), judged.model.course.places(cells))
    runs = judged.cells.runs
    start = int(runs.starts[run])
    in_time = runs.rows[start : start + int(runs.lengths[run])]
    # Cells hold the rows of a step that comes again together, and a table may have its newest rows first.
    order = np.argsort(cells.rows)[np.argsort(np.argsort(in_time))]
    found = {}
    for number, sensor in enumerate(judged.model.sensors):
        at = left_band(off[order, number])
        if at is not None:
            found[sensor] = Left(int(in_time[at]), at)
    return found
