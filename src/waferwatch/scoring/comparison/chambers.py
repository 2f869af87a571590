"""Chamber matching over a frame or a table: every recipe, step and sensor that several chambers share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.cells import StepCells, cells_of
from waferwatch.indicators.chambers.matching import Match, MatchedChamber, match_chambers
from waferwatch.indicators.indicators import LENGTH, has_statistic
from waferwatch.indicators.statistics import MEAN, SPREAD
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table
from waferwatch.scoring.before_after import check_tolerances, measured_indicators

STATISTICS = (MEAN, SPREAD, LENGTH)
COLUMNS = (
    "recipe", "step", "sensor", "statistic", "equipment", "verdict", "because", "wafers", "median", "spread",
    "lower_quantile", "upper_quantile", "reference", "difference", "tolerance", "tolerances", "interval_low",
    "interval_high", "spread_ratio", "missing_wafers",
)  # fmt: skip


@dataclass(frozen=True)
class ChamberMatching:
    """Every indicator of every chamber, compared with the other chambers."""

    frame: pd.DataFrame  # one row per recipe, step, sensor, statistic and equipment, farthest first: see docs/wafers.md
    chambers: tuple[str, ...]
    alone: tuple[str, ...]  # recipes that only one chamber has run

    @property
    def counts(self) -> dict[str, int]:
        """Verdict -> number of rows."""
        found = self.frame["verdict"].value_counts()
        return {one.value: int(found.get(one.value, 0)) for one in Match}

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "chambers": list(self.chambers),
            "alone": list(self.alone),
            "counts": self.counts,
            "rows": rows_of(self.frame),
        }


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the frame as plain JSON types; what is not known is None."""
    plain = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in plain]


def chamber_matching(
    frame: pd.DataFrame | Table,
    *,
    features: Sequence[str] | None = None,
    time: str | None = None,
    group: Sequence[str] | None = None,
    roles: Mapping[str, str] | None = None,
    against: str | None = None,
    last: int | None = None,
    spreads: float = 1.0,
    tolerances: Mapping[str, float] | None = None,
) -> ChamberMatching:
    """Compare the chambers of a table, step by step and sensor by sensor.

    Args:
        frame: rows with wafers and equipment, columns as for :func:`waferwatch.detect`; or the table of a file from
            :func:`waferwatch.read_file`, whose columns are settled.
        against: the golden chamber to compare with; None: the median of all chambers.
        last: only so many of the last wafers of each chamber, recipe and step.
        spreads: the tolerance, in spreads between wafers.
        tolerances: sensor -> difference of its mean that is harmless, instead of it.

    Raises:
        InputError: there are no runs, fewer than two chambers, or a number is none.
        NotFoundError: a column, a sensor or the chamber does not exist.
    """
    if isinstance(frame, Table):
        table = frame
    else:
        table = table_from_frame(frame, name="the frame", features=features, time=time, group=group, roles=roles)
    cells, sensors = _cells(table), table.columns(Role.SENSOR)
    chambers = tuple(dict.fromkeys(one.equipment for one in cells.names))
    _check(table, chambers, against, last, spreads)
    check_tolerances(tolerances or {}, sensors)
    found, least, _ = measured_indicators(table, cells, sensors, np.ones(len(cells), np.bool_))
    rows: list[dict[str, object]] = []
    for (recipe, step), stages in _shared(cells).items():
        mine = {cells.names[stage].equipment: _cells_of(cells, stage, last) for stage in stages}
        rows_each = cells.lengths[np.isin(cells.stage, stages)]
        for at, column in enumerate(found.columns):
            if column.statistic not in STATISTICS or not has_statistic(column.statistic, rows_each):
                continue
            values = {
                name: _known(found.values[where, at], cells, where, column.statistic) for name, where in mine.items()
            }
            typed = (tolerances or {}).get(column.sensor) if column.statistic == MEAN else None
            about = {"recipe": recipe, "step": step, "sensor": column.sensor, "statistic": column.statistic}
            each = match_chambers(values, least=float(least[at]), spreads=spreads, tolerance=typed, against=against)
            rows += [about | _row(one) for one in each]
    shared = {recipe for recipe, _ in _shared(cells)}
    alone = tuple(dict.fromkeys(one.recipe for one in cells.names if one.recipe not in shared))
    return ChamberMatching(_ranked(rows), chambers, alone)


def _cells(table: Table) -> StepCells:
    cells = cells_of(table)
    if cells is None:
        raise InputError(
            "{table} has no wafers, so chambers cannot be compared.",
            hint="Name the wafer column, or give data with a recipe step or clear pauses.",
            field="file",
            table=table.name,
        )
    return cells


def _check(table: Table, chambers: Sequence[str], against: str | None, last: int | None, spreads: float) -> None:
    if len(chambers) < 2:
        raise InputError(
            "{table} has one chamber only, so there is nothing to compare it with.",
            hint="Name the column that says which chamber a row is of, or give the data of several chambers.",
            field="file",
            table=table.name,
        )
    if against is not None and against not in chambers:
        raise NotFoundError(
            "There is no equipment {equipment} in the data.",
            hint="The data have: {known}.",
            field="against",
            equipment=against,
            known=", ".join(sorted(chambers)),
        )
    if last is not None and last < 1:
        raise InputError(
            "The number of last wafers has to be 1 or more.",
            hint="Leave it out, or give a whole number such as 50.",
            field="last",
        )
    if not (math.isfinite(spreads) and spreads > 0):
        raise InputError(
            "The tolerance in spreads has to be above 0.",
            hint="Leave it out, or give a number such as 1.5.",
            field="spreads",
        )


def _shared(cells: StepCells) -> dict[tuple[str, str], list[int]]:
    """Recipe and step -> stages of the chambers that ran it, where several did."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, name in enumerate(cells.names):
        found.setdefault(name.anywhere, []).append(number)
    return {name: stages for name, stages in found.items() if len(stages) > 1}


def _cells_of(cells: StepCells, stage: int, last: int | None) -> NDArray[np.int64]:
    """Cells of a stage in the order of time, without one whose start is not known."""
    mine = np.flatnonzero((cells.stage == stage) & ~cells.of_unknown_start)
    return mine if last is None else mine[-last:]


def _known(
    values: NDArray[np.float64], cells: StepCells, where: NDArray[np.int64], statistic: str
) -> NDArray[np.float64]:
    """Values without the length of a step that the table may cut off."""
    return np.where(cells.of_unknown_end[where], np.nan, values) if statistic == LENGTH else values


def _row(one: MatchedChamber) -> dict[str, object]:
    return {
        "equipment": one.equipment,
        "verdict": one.verdict.value,
        "because": one.because,
        "wafers": one.wafers,
        "median": one.median,
        "spread": one.spread,
        "lower_quantile": one.lower_quantile,
        "upper_quantile": one.upper_quantile,
        "reference": one.reference,
        "difference": one.difference,
        "tolerance": one.tolerance,
        "tolerances": one.tolerances,
        "interval_low": one.interval[0],
        "interval_high": one.interval[1],
        "spread_ratio": one.spread_ratio,
        "missing_wafers": one.missing,
    }


def _ranked(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Different ones first, the farthest first; then those that are not known yet, then those that match."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"missing_wafers": "Int64"})
    kinds = {Match.DIFFERENT.value: 0, Match.TOO_FEW.value: 1, Match.MATCHED.value: 2}
    kind = frame["verdict"].map(kinds).to_numpy()
    level, ratio = (frame[name].to_numpy(np.float64) for name in ("tolerances", "spread_ratio"))
    off = np.nan_to_num(np.fmax(np.abs(level), np.abs(np.log2(ratio))))
    order = np.lexsort((-off, kind))
    return frame.iloc[order].reset_index(drop=True)
