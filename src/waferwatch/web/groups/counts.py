"""Flagged rows counted by the values of a column."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from waferwatch.detection.result import Detection
from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.table import Role, Table

GROUP_ROLES = (Role.EQUIPMENT, Role.LOT, Role.WAFER, Role.RECIPE, Role.STEP, Role.CONTEXT)
MOST_GROUPS = 500
_Z = 1.959963984540054  # two-sided 95 %


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
    mean: float | None = None  # of the sensor asked for
    deviation: float | None = None


def group_columns(table: Table) -> list[str]:
    """Columns by which rows can be grouped, in file order."""
    return [name for name in table.frame.columns if table.roles[name] in GROUP_ROLES]


def check_group_column(table: Table, column: str) -> None:
    """
    Raises:
        NotFoundError: when there is no such column.
        InputError: when its values are no groups.
    """
    known = ", ".join(group_columns(table)[:20])
    if column not in table.roles:
        raise NotFoundError(
            "{table} has no column {column}.",
            hint="Columns to group by: {known}.",
            field="group_by",
            table=table.name,
            column=column[:100],
            known=known,
        )
    if table.roles[column] not in GROUP_ROLES:
        raise InputError(
            "Rows cannot be grouped by {column}: its role is {role}.",
            hint="Columns to group by: {known}.",
            field="group_by",
            column=column[:100],
            role=table.roles[column].value,
            known=known,
        )


def count_groups(table: Table, column: str, found: Detection, feature: str | None = None) -> list[GroupCount]:
    """Every value of the column, highest share of flagged rows first."""
    codes, values = pd.factorize(table.frame[column], use_na_sentinel=False)
    size = len(values)
    rows = np.bincount(codes, minlength=size)
    anomalies = np.bincount(codes, weights=found.flags, minlength=size).astype(np.int64)
    scores = _moments(codes, found.scores, size)[0]
    sensor = None if feature is None else _moments(codes, table.frame[feature].to_numpy(np.float64), size)
    groups = [
        GroupCount(
            _text(value),
            int(rows[at]),
            int(anomalies[at]),
            float(anomalies[at] / rows[at]),
            *wilson(int(anomalies[at]), int(rows[at])),
            float(scores[at]),
            None if sensor is None else float(sensor[0][at]),
            None if sensor is None else float(sensor[1][at]),
        )
        for at, value in enumerate(values)
    ]
    return sorted(groups, key=lambda one: (-one.ratio, -one.rows, one.value or ""))


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % interval of a share: Wilson, "Probable inference", JASA 22 (1927)."""
    share = hits / total
    scale = 1 + _Z**2 / total
    middle = (share + _Z**2 / (2 * total)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _moments(codes: np.ndarray, values: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the finite values of each group; NaN where there are none."""
    finite = np.isfinite(values)
    codes, values = codes[finite], values[finite]
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = np.bincount(codes, minlength=size)
        mean = np.bincount(codes, weights=values, minlength=size) / counts
        spread = np.bincount(codes, weights=(values - mean[codes]) ** 2, minlength=size) / counts
    return mean, np.sqrt(spread)


def _text(value: object) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
