"""What is normal for a sensor: its band over normal rows of the same equipment, for each recipe step by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.explain.scene import Floats, Scene, evenly
from waferwatch.series.series import Series

LOW, HIGH = 1.0, 99.0  # percentiles at which the band ends
_MOST_ROWS = 100_000  # of the normal rows that are looked at
_LEAST_ROWS = 30  # normal rows of a step that make a band of their own; else that of all steps is taken


@dataclass(frozen=True)
class Band:
    """The normal band of some sensors along some rows, each (n, S); NaN where a sensor has no normal value."""

    low: Floats
    middle: Floats  # median
    high: Floats
    by_step: bool  # whether every recipe step has a band of its own
    known: bool  # whether it comes from rows that are known to be normal, and not from those that were not flagged


def normal_rows(scene: Scene, scope: tuple[str, ...], most: int = _MOST_ROWS) -> tuple[NDArray[np.int64], bool]:
    """Rows of an equipment that are known to be normal; where nothing is known, those that were not flagged.

    Returns:
        A limited number of rows, and whether they are known.
    """
    rows = scene.rows_of(scope)
    if scene.layout.known is not None:
        known = rows[scene.layout.known[rows]]
        if len(known) >= _LEAST_ROWS:
            return evenly(known, most), True
    return evenly(rows[scene.usual[rows]], most), False


def reference_series(scene: Scene, scope: tuple[str, ...], sensors: Sequence[str]) -> Series:
    """The rows that a detector was fitted on, as far as their level and spread are concerned: at most some thousand.

    Those known to be normal of the same equipment, else of any, and where nothing is known every row.
    """
    rows, known = scene.rows_of(scope), scene.layout.known
    if known is not None and known.any():
        own = rows[known[rows]]
        rows = own if len(own) else np.flatnonzero(known)
    rows = evenly(rows, _MOST_ROWS)
    return Series(scene.values(sensors, rows), rows, None)


def band(scene: Scene, scope: tuple[str, ...], sensors: Sequence[str], rows: NDArray[np.int64]) -> Band:
    """The normal band of the sensors along the rows."""
    normal, known = normal_rows(scene, scope)
    values = scene.values(sensors, normal)
    steps = scene.layout.step if scene.layout.step is not None else scene.layout.recipe
    whole = _percentiles(values)
    found = np.repeat(whole[:, None], len(rows), axis=1)
    if steps is None:
        return Band(found[0], found[1], found[2], by_step=False, known=known)
    of_normal, of_rows = steps[normal], steps[rows]
    for step in np.unique(of_rows).tolist():
        same = of_normal == step
        if same.sum() >= _LEAST_ROWS:
            own = _percentiles(values[same])
            found[:, of_rows == step] = np.where(np.isnan(own), whole, own)[:, None]
    return Band(found[0], found[1], found[2], by_step=True, known=known)


def _percentiles(values: Floats) -> Floats:
    """(3, S): low, median, high; NaN for a sensor without any value."""
    found = np.full((3, values.shape[1]), np.nan)
    for sensor, column in enumerate(values.T):
        present = column[~np.isnan(column)]
        if len(present):
            found[:, sensor] = np.percentile(present, [LOW, 50, HIGH])
    return found
