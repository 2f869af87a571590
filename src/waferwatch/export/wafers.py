"""Wafers of a detection as tables: verdicts, indicators, limits, problems, rules."""

from __future__ import annotations

import pandas as pd

from waferwatch.indicators.frames import (
    INDICATOR_COLUMNS,
    LIMIT_COLUMNS,
    RULE_COLUMNS,
    indicator_frame,
    limit_frame,
    problem_frame,
    rule_frame,
    wafer_frame,
)
from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection
from waferwatch.scoring.wafers import judged_again

TABLES = ("wafers", "problems", "limits", "rules", "indicators")


def wafer_tables(table: Table, found: Detection) -> dict[str, pd.DataFrame]:
    """All tables by name, those of ``TABLES`` in their order; without golden wafers the last three are empty.

    Args:
        table: what was detected in.
    """
    judged = judged_again(table, found)
    tables = {"wafers": wafer_frame(found.runs), "problems": problem_frame(found.problems)}
    if judged is None:
        empty = (("limits", LIMIT_COLUMNS), ("rules", RULE_COLUMNS), ("indicators", INDICATOR_COLUMNS))
        return tables | {name: pd.DataFrame(columns=list(columns)) for name, columns in empty}
    return tables | {
        "limits": limit_frame(judged.model),
        "rules": rule_frame(judged),
        "indicators": indicator_frame(judged),
    }
