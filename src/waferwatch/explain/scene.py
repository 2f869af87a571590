"""What an explanation looks at: the table as it was judged, where each row stands, and which rows are normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.scoring.result import Detection
from waferwatch.series.layout import SeriesLayout
from waferwatch.series.series import Series
from waferwatch.series.split import split

Floats = NDArray[np.float64]

_ONE_STRETCH = SeriesLayout(by_wafer=False, gaps={"": float("inf")})


@dataclass(frozen=True)
class SceneLayout:
    """Where each row of a table stands. It does not change with the threshold."""

    stretches: list[Series]  # rows, time, key, scope and marked reference of each series; no values
    owner: NDArray[np.int32]  # (rows,) number of the stretch that holds the row, -1 = none
    position: NDArray[np.int32]  # (rows,) where in its stretch
    recipe: NDArray[np.int32] | None  # (rows,) code of the recipe; None without such a column
    step: NDArray[np.int32] | None  # (rows,) code of recipe and step; None without a column of steps
    lot: NDArray[np.int32] | None  # (rows,) code of the lot; None without such a column
    known: NDArray[np.bool_] | None  # (rows,) True where known to be normal; None when nothing is known

    @property
    def bytes(self) -> int:
        arrays = (self.owner, self.position, self.recipe, self.step, self.lot, self.known)
        stretches = sum(one.rows.nbytes + (0 if one.time is None else one.time.nbytes) for one in self.stretches)
        return stretches + sum(array.nbytes for array in arrays if array is not None)


def lay_out(
    table: Table,
    rows: NDArray[np.int64] | None = None,
    *,
    reference_rows: int | None = None,
    known: NDArray[np.bool_] | None = None,
    cut: SeriesLayout | None = None,
) -> SceneLayout:
    """Split a table into series as the detection did, but for passes of wafers: an event may span several of them.

    Args:
        table: every row.
        rows: positions of the rows that were judged, ascending; None: all.
        reference_rows: how many rows of each scope, the first ones, were known to be normal.
        known: (rows of the table,) True where rows were known to be normal, instead of ``reference_rows``.
        cut: how the detection cut the table; None (results of before 0.4.0): as the table shows.
    """
    total = len(table.frame)
    chosen = np.arange(total, dtype=np.int64) if rows is None else rows
    stretches = [
        replace(one, rows=chosen[one.rows])
        for one in split(_without_sensors(table, rows), reference_rows=reference_rows, layout=_cut(cut)).series
    ]
    owner, position = np.full(total, -1, np.int32), np.zeros(total, np.int32)
    for number, one in enumerate(stretches):
        owner[one.rows] = number
        position[one.rows] = np.arange(len(one))
    if reference_rows is not None:
        known = np.zeros(total, np.bool_)
        for one in stretches:
            known[one.rows] = one.reference if one.reference is not None else False
    recipes, steps, lots = (table.columns(role) for role in (Role.RECIPE, Role.STEP, Role.LOT))
    return SceneLayout(
        stretches=stretches,
        owner=owner,
        position=position,
        recipe=_codes(table.frame, recipes) if recipes else None,
        step=_codes(table.frame, [*recipes, *steps]) if steps else None,
        lot=_codes(table.frame, lots) if lots else None,
        known=known,
    )


def _cut(cut: SeriesLayout | None) -> SeriesLayout | None:
    """Where wafers were runs, the pauses between them are no gaps."""
    return _ONE_STRETCH if cut is not None and cut.by_wafer else cut


def _without_sensors(table: Table, rows: NDArray[np.int64] | None) -> Table:
    """The columns that split the rows, and no others: a large table is not copied to be looked at."""
    names = [name for name in table.frame.columns if name in table.groups or table.roles[name] is Role.TIME]
    frame = table.frame[names]
    if rows is not None:
        frame = frame.iloc[rows].reset_index(drop=True)
    return replace(table, frame=frame, roles={name: table.roles[name] for name in names})


def _codes(frame: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.int32]:
    return group_codes(frame, columns)[0].astype(np.int32)


@dataclass(frozen=True)
class Scene:
    """A detection and the table it judged."""

    table: Table
    found: Detection
    layout: SceneLayout
    usual: NDArray[np.bool_]  # (rows,) judged, not flagged, and not labelled as an anomaly

    def values(self, sensors: Sequence[str], rows: NDArray[np.int64]) -> Floats:
        """(n, S) values of the sensors in these rows."""
        columns = [self.table.frame[name].to_numpy(np.float64)[rows] for name in sensors]
        return np.stack(columns, axis=1) if columns else np.empty((len(rows), 0))

    def columns_of(self, sensors: Sequence[str]) -> list[int]:
        """Where the sensors stand among the detection's features."""
        return [self.found.features.index(name) for name in sensors]

    def members(self, scope: tuple[str, ...]) -> list[int]:
        """Numbers of the stretches of one scope (an equipment), in order."""
        return [number for number, one in enumerate(self.layout.stretches) if one.scope == scope]

    def rows_of(self, scope: tuple[str, ...]) -> NDArray[np.int64]:
        """Rows of a scope, stretch after stretch."""
        rows = [self.layout.stretches[number].rows for number in self.members(scope)]
        return np.concatenate(rows) if rows else np.empty(0, np.int64)


def set_scene(table: Table, found: Detection, layout: SceneLayout) -> Scene:
    """
    Raises:
        InputError: when the table is no longer the one that was judged.
    """
    changed = len(found.scores) != len(table.frame) or any(
        table.roles.get(name) is not Role.SENSOR for name in found.features
    )
    if changed:
        raise InputError(
            "The columns of {table} have other roles now than when this run judged them.",
            hint="Detect again.",
            field="run",
            table=table.name,
        )
    usual = np.isfinite(found.scores) & ~found.flags
    labels = table.labels()
    if labels is not None:
        usual &= ~labels
    return Scene(table, found, layout, usual)


def evenly(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most ``most`` of the rows, evenly spread: statistics of them change little, and take bounded time."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
