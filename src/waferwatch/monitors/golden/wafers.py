"""Which wafer each row of a table belongs to, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Wafers:
    """The wafers of a table; a wafer counts once on each equipment."""

    of: NDArray[np.intp]  # (rows,) number of the wafer
    names: list[str]  # "LOT/WAFER", or "WAFER" where nothing names lots
    lots: list[str]  # "" where nothing names lots
    equipment: list[str]  # " / " between several columns, "" where nothing names equipment

    @property
    def count(self) -> int:
        return len(self.names)

    def all_of(self, rows: Mask) -> Mask:
        """(rows,) rows of the wafers of which every row is among these: half a wafer is not normal."""
        whole = np.ones(self.count, np.bool_)
        whole[self.of[~rows]] = False
        return np.asarray(whole[self.of])

    def any_of(self, rows: Mask) -> Mask:
        """(rows,) every row of the wafers of which any row is among these."""
        return np.asarray(self.touched(rows)[self.of])

    def touched(self, rows: Mask) -> Mask:
        """(wafers,) those of which any row is among these."""
        found = np.zeros(self.count, np.bool_)
        found[self.of[rows]] = True
        return found

    def named(self, names: Sequence[str]) -> Mask:
        """(wafers,) those with one of these names, or of a lot with one."""
        wanted = set(names)
        both = zip(self.names, self.lots, strict=True)
        return np.array([name in wanted or (lot != "" and lot in wanted) for name, lot in both], np.bool_)


def wafers_of(table: Table) -> Wafers | None:
    """None where no column names wafers or runs."""
    columns = wafer_columns(table)
    if not columns:
        return None
    equipment = equipment_columns(table)
    lots = [name for name in table.columns(Role.LOT) if name in columns]
    of, keys = group_codes(table.frame, [*equipment, *columns])
    runs = [key[len(equipment) :] for key in keys]
    return Wafers(
        of,
        ["/".join(run) for run in runs],
        [run[0] if lots else "" for run in runs],
        [" / ".join(key[: len(equipment)]) for key in keys],
    )


def wafer_columns(table: Table) -> list[str]:
    """The columns that name a wafer: lot, then wafer; none without a wafer column."""
    if table.column(Role.WAFER) is None:
        return []
    return [name for role in (Role.LOT, Role.WAFER) for name in table.columns(role)]


def equipment_columns(table: Table) -> list[str]:
    """The columns that name the equipment; where none has that role, those that split the rows into series."""
    found = table.columns(Role.EQUIPMENT)
    runs = (Role.LOT, Role.WAFER)
    return found or [name for name in table.groups if table.roles[name] not in runs]


def equipment_of(table: Table) -> tuple[NDArray[np.intp], list[str]]:
    """(rows,) number of the equipment, and their names."""
    of, keys = group_codes(table.frame, equipment_columns(table))
    return of, [" / ".join(key) for key in keys]
