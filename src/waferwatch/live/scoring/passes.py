"""Passes of wafers through an equipment: where each begins and ends in the log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waferwatch.live.log.reading import LoggedRows


@dataclass(frozen=True)
class WaferPass:
    """Rows of one wafer in a row."""

    first: int  # position of its first row
    last: int
    lot: str
    wafer: str
    recipe: str
    run: str
    series: int
    ended: bool  # whether another pass has begun


def passes_of(rows: LoggedRows) -> list[WaferPass]:
    """The passes of successive rows, the last of which may go on; rows without a wafer are in none."""
    if not len(rows):
        return []
    changes = (rows.runs[1:] != rows.runs[:-1]) | (np.diff(rows.series) != 0)
    changes |= rows.context["wafer"][1:] != rows.context["wafer"][:-1]
    starts = [0, *(np.flatnonzero(changes) + 1).tolist()]
    stops = [*starts[1:], len(rows)]
    return [_pass(rows, start, stop) for start, stop in zip(starts, stops, strict=True) if rows.context["wafer"][start]]


def _pass(rows: LoggedRows, start: int, stop: int) -> WaferPass:
    lot, wafer, recipe = (str(rows.context[name][start]) for name in ("lot", "wafer", "recipe"))
    return WaferPass(
        int(rows.positions[start]),
        int(rows.positions[stop - 1]),
        lot,
        wafer,
        recipe,
        str(rows.runs[start]),
        int(rows.series[start]),
        stop < len(rows),
    )
