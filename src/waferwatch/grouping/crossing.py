"""Rows counted by two columns at once, as for a heat map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.grouping.groups import Groups, natural


@dataclass(frozen=True)
class Side:
    """The groups along one side of a crossing."""

    values: list[str | None]  # in natural order
    others: int  # groups left out of ``values``; when there are any, the last row or column counts them all


@dataclass(frozen=True)
class Crossing:
    """Rows and flagged rows of every pair of groups."""

    first: Side
    second: Side
    rows: NDArray[np.int64]  # (first, second), 0 where no row has both
    anomalies: NDArray[np.int64]  # (first, second)


def cross(first: Groups, second: Groups, flags: NDArray[np.bool_], most: int = 30) -> Crossing:
    """Count rows by two columns.

    Args:
        first, second: the groups along the two sides.
        flags: (rows,) which are flagged.
        most: groups of a side that are counted by themselves: those with the most flagged rows, then the most rows.
    """
    one, codes_one = _side(first, flags, most)
    two, codes_two = _side(second, flags, most)
    shape = (len(one.values) + (one.others > 0), len(two.values) + (two.others > 0))
    cell = codes_one * shape[1] + codes_two
    size = shape[0] * shape[1]
    rows = np.bincount(cell, minlength=size).reshape(shape)
    anomalies = np.bincount(cell[flags], minlength=size).reshape(shape)
    return Crossing(one, two, rows, anomalies)


def _side(groups: Groups, flags: NDArray[np.bool_], most: int) -> tuple[Side, NDArray[np.int64]]:
    """The side, and for each row its place on it."""
    size = len(groups)
    rows = np.bincount(groups.codes, minlength=size)
    anomalies = np.bincount(groups.codes[flags], minlength=size)
    chosen = np.lexsort((-rows, -anomalies))[:most].tolist()
    chosen.sort(key=lambda number: natural(groups.values[number]))
    place = np.full(size, len(chosen), dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    return Side([groups.values[number] for number in chosen], size - len(chosen)), place[groups.codes]
