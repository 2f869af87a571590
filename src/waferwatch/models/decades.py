"""Sensors that run over several decades, such as the pressure of a chamber that is pumped down.

What is usual of them is a share of the reading, at base pressure as in the process: a fivefold rise at 1e-7 mbar is
nothing next to 1e-1 mbar. They are judged by their logarithm. S sensors, n points.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.state import storable
from waferwatch.series.series import Series

Floats = NDArray[np.float64]

FEWEST = 3.0  # decades between the ends of a reference
TAIL = 0.01  # share of the reference beyond either end
FEWEST_CHANGES = 30  # from row to row in a decade, to know how large they are there
GROWING = 0.5  # decades by which changes grow with each of the readings: 1 are shares of them, 0 the noise of a gauge
BELOW = 10.0  # times below the lowest reading of the reference; what is lower, or not above 0, counts as this


@storable
@dataclass(frozen=True)
class Decades:
    """Which sensors are judged by their logarithm."""

    sensors: NDArray[np.bool_]  # (S,)
    least: Floats  # (S,) above 0: no reading counts as lower

    @classmethod
    def learn(cls, reference: Sequence[Series]) -> Self | None:
        """From normal series of all equipment; None where no sensor spans enough decades."""
        lowest = np.fmin.reduce([_ends(one, np.fmin) for one in reference])
        highest = np.fmax.reduce([_ends(one, np.fmax) for one in reference])
        with np.errstate(invalid="ignore", divide="ignore"):
            wide = (lowest > 0) & (highest / lowest >= 10**FEWEST)
        found = np.array([bool(one) and _in_shares(reference, at) for at, one in enumerate(wide)], np.bool_)
        return cls(found, np.where(found, lowest / BELOW, 1.0)) if found.any() else None

    def of(self, series: Iterable[Series]) -> list[Series]:
        """Series with the logarithms of these sensors in place of their readings."""
        return [replace(one, values=self.values(one.values)) for one in series]

    def values(self, readings: Floats) -> Floats:
        """The same of rows (n, S); NaN stays NaN."""
        found = readings.copy()
        found[:, self.sensors] = np.log10(np.maximum(readings[:, self.sensors], self.least[self.sensors]))
        return found


def by_decades(decades: Decades | None, series: Sequence[Series]) -> Sequence[Series]:
    """Series as a detector reads them."""
    return series if decades is None else decades.of(series)


def _ends(series: Series, end: np.ufunc) -> Floats:
    """(S,) the lowest or highest reading; NaN where there is none."""
    found: Floats = end.reduce(series.values, axis=0) if len(series) else np.full(series.sensors, np.nan)
    return found


def _in_shares(reference: Sequence[Series], sensor: int) -> bool:
    """Whether most readings lie decades apart, and change by a share of themselves at all heights."""
    columns = [np.log10(one.values[:, sensor]) for one in reference]
    low, high = np.nanquantile(np.concatenate(columns), [TAIL, 1 - TAIL])
    if high - low < FEWEST:
        return False
    heights = np.concatenate([(one[1:] + one[:-1]) / 2 for one in columns])
    changes = np.concatenate([np.abs(np.diff(10.0**one)) for one in columns])
    some = changes > 0  # NaN is not
    decade, sizes = np.floor(heights[some]), np.log10(changes[some])
    every, counts = np.unique(decade, return_counts=True)
    every = every[counts >= FEWEST_CHANGES]
    if len(every) < FEWEST:
        return False
    usual = [float(np.median(sizes[decade == one])) for one in every]
    return bool(np.polyfit(every, usual, 1)[0] >= GROWING)
