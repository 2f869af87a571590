"""The rows of a unit as a table, read as the plan says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from waferwatch.read.cells.rules import CellRules
from waferwatch.read.frames import table_from_frame
from waferwatch.read.roles.things import rows_with
from waferwatch.read.table import Table
from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.scoring.model import Model


def table_of(plan: ScalePlan, frame: pd.DataFrame, name: str, model: Model | None = None) -> Table:
    """Rows whose clock was read already, as a table.

    Args:
        model: settles sensors, roles and groups; None: as the plan says, and as the rows show.

    Raises:
        InputError, NotFoundError: they lack a column, or cannot be used.
    """
    there = {str(column) for column in frame.columns}
    known = plan.roles if model is None else model.roles
    group: Sequence[str] | None = plan.options.group if model is None else model.groups
    options: dict[str, Any] = {
        "features": plan.features if model is None else model.features,
        "time": plan.time,
        "group": [column for column in group or () if column in there] or None,
        "roles": {column: role for column, role in known.items() if column in there and column != plan.time},
        "rules": _rules(plan, frame),
    }
    return table_from_frame(frame, name=name, **options)


def _rules(plan: ScalePlan, frame: pd.DataFrame) -> CellRules:
    """Without what is done already, and without rows to leave out that these do not have."""
    out = plan.options.leave_out_rows or ()
    there = tuple((column, value) for column, value in out if column in frame and rows_with(frame[column], value).any())
    return replace(plan.options, time_zone=None, leave_out_rows=there or None).rules
