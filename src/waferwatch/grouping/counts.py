"""Flagged rows counted by the values of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from waferwatch.evaluate.intervals import wilson
from waferwatch.grouping.groups import Groups, natural, part
from waferwatch.read.cells.values import to_float
from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection

MOST_GROUPS = 500  # listed for one column
Order = Literal["share", "name", "rows"]


@dataclass(frozen=True)
class GroupCount:
    """One value of a group column."""

    value: str | None  # None where the cell is empty
    rows: int
    anomalies: int
    ratio: float
    low: float  # 95 % Wilson interval of the ratio
    high: float
    mean_score: float  # NaN when no row of it could be judged
    events: int  # events that peak in the group
    mean: float | None = None  # of the sensor asked for
    deviation: float | None = None


def count_groups(table: Table, column: str, found: Detection, feature: str | None = None) -> list[GroupCount]:
    """Every value of the column, highest share of flagged rows first.

    Raises:
        NotFoundError, InputError: when the column holds no groups.
    """
    return in_order(count_rows(part(table, column), found, None if feature is None else to_float(table.frame[feature])))


def count_rows(groups: Groups, found: Detection, sensor: NDArray[np.float64] | None = None) -> list[GroupCount]:
    """Every group, in the order of ``groups.values``.

    Args:
        groups: which row belongs to which group.
        found: flags, scores and events of the same rows.
        sensor: (rows,) values whose mean and deviation are wanted, NaN = missing.
    """
    codes, size = groups.codes, len(groups)
    rows = np.bincount(codes, minlength=size)
    anomalies = np.bincount(codes, weights=found.flags, minlength=size).astype(np.int64)
    peaks = np.array([event.peak_row for event in found.events], dtype=np.int64)
    events = np.bincount(codes[peaks], minlength=size)
    scores = _moments(codes, found.scores, size)[0]
    moments = None if sensor is None else _moments(codes, sensor, size)
    return [
        GroupCount(
            value,
            int(rows[at]),
            int(anomalies[at]),
            float(anomalies[at] / rows[at]),
            *wilson(int(anomalies[at]), int(rows[at])),
            float(scores[at]),
            int(events[at]),
            None if moments is None else float(moments[0][at]),
            None if moments is None else float(moments[1][at]),
        )
        for at, value in enumerate(groups.values)
    ]


def in_order(counts: list[GroupCount], order: Order = "share") -> list[GroupCount]:
    """By share of flagged rows or number of rows, highest first; or by name."""
    if order == "name":
        return sorted(counts, key=lambda one: natural(one.value))
    if order == "rows":
        return sorted(counts, key=lambda one: (-one.rows, natural(one.value)))
    return sorted(counts, key=lambda one: (-one.ratio, -one.rows, natural(one.value)))


def _moments(
    codes: NDArray[np.intp], values: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of the finite values of each group; NaN where there are none."""
    finite = np.isfinite(values)
    codes, values = codes[finite], values[finite]
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = np.bincount(codes, minlength=size)
        mean = np.bincount(codes, weights=values, minlength=size) / counts
        spread = np.bincount(codes, weights=(values - mean[codes]) ** 2, minlength=size) / counts
    return mean, np.sqrt(spread)
