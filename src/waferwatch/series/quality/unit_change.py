"""Where the unit of a sensor seems to change within a table: from a row on all its values are a known factor higher."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.series.quality.timing import TimeOrder

# Pa and kPa, mTorr and Torr, sccm and slm; Pa and MPa; Torr and Pa. A factor of 10, 60 or 100 comes by nature, too
# (docs/experiments.md).
_FACTORS = (1e3, 1e6, 133.322)
_FEWEST = 50  # values on each side
_NOISE = 1.5  # times by which the changes from row to row may be off the factor
_APART = 0.2  # largest distance of the two distributions once the factor is taken out: recipes are not mixed alike
_NEARBY = 200  # values around the place, among which one jump by the factor is looked for
_JUMP = 0.1  # decades by which it may be off

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class UnitChange:
    """From a row on values are so many times what they were."""

    row: int  # position in the table
    factor: float
    equipment: str  # empty when the table has no equipment column


def find_unit_change(table: Table, name: str, layout: TimeOrder) -> UnitChange | None:
    """The first change of the unit of a sensor, of the first equipment that has one."""
    codes, keys = group_codes(table.frame, table.columns(Role.EQUIPMENT))
    owner, values = codes[layout.rows], table.frame[name].to_numpy()[layout.rows]
    for number, key in enumerate(keys):
        mine = np.flatnonzero(owner == number)
        found = find_factor(values[mine])
        if found is not None:
            return UnitChange(int(layout.rows[mine[found[0]]]), found[1], " · ".join(part for part in key if part))
    return None


def find_factor(values: Floats) -> tuple[int, float] | None:
    """The place from which on values of one equipment, in time order, are a known factor higher or lower.

    Level, spread and the changes from row to row have to follow the factor alike: a set-point that changes leaves the
    noise of the gauge, and of several levels it moves one. Values that are 0 or NaN say nothing of it.
    """
    at = np.flatnonzero(np.isfinite(values) & (values != 0))
    if len(at) < 2 * _FEWEST:
        return None
    decades = np.log10(np.abs(values[at]))
    split = _largest_shift(decades)
    before, after = values[at[:split]], values[at[split:]]
    if min(len(before), len(after)) < _FEWEST:
        return None
    noise = _noise(after) / _noise(before)
    known = [one for factor in _FACTORS for one in (factor, 1 / factor)]
    apart = {one: _apart(before * one, after) for one in known if 1 / _NOISE <= noise / one <= _NOISE}
    best = min(apart, key=apart.__getitem__, default=None)
    if best is None or apart[best] > _APART:
        return None
    return int(at[_jump(decades, split, float(np.log10(best)))]), best


def _noise(values: Floats) -> float:
    return float(np.median(np.abs(np.diff(values)))) or np.nan


def _apart(values: Floats, others: Floats) -> float:
    return float(ks_2samp(values, others).statistic)


def _largest_shift(decades: Floats) -> int:
    """Where the mean changes most: where the sum of what lies above it turns (Page, 1954)."""
    count = np.arange(1, len(decades))
    gone = np.cumsum(decades - decades.mean())[:-1]
    return int(np.argmax(np.abs(gone) / np.sqrt(count * (len(decades) - count)))) + 1


def _jump(decades: Floats, split: int, height: float) -> int:
    """The one change near a place that is as high as a factor; the place itself where none is."""
    first = max(split - _NEARBY, 1)
    off = np.abs(np.diff(decades[first - 1 : split + _NEARBY]) - height)
    nearest = int(np.argmin(off))
    return first + nearest if off[nearest] <= _JUMP else split
