"""Recipe and step of a stage, by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.series.steps import stages_of

Names = tuple[str | None, str | None]  # recipe, step


def stage_names(table: Table) -> dict[int, Names]:
    """Stage -> recipe and step; None where no column names them."""
    stages = stages_of(table)
    if stages is None:
        return {}
    found, first = np.unique(stages.stage, return_index=True)
    recipe, step = (_texts(table, role, first) for role in (Role.RECIPE, Role.STEP))
    return {int(stage): (recipe[at], step[at]) for at, stage in enumerate(found)}


def _texts(table: Table, role: Role, rows: NDArray[np.intp]) -> list[str | None]:
    column = table.column(role)
    if column is None:
        return [None] * len(rows)
    codes, keys = group_codes(table.frame[[column]].iloc[rows], [column])
    return [keys[code][0] for code in codes]
