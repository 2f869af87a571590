"""Wafers of a detection as tables: verdicts, indicators, limits, problems, rules."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

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
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection
from waferwatch.scoring.wafers import judged_again

_LEARNT = {"limits": LIMIT_COLUMNS, "rules": RULE_COLUMNS, "indicators": INDICATOR_COLUMNS}
TABLES = ("wafers", "problems", "limits", "rules", "indicators")


def wafer_tables(table: Table, found: Detection, names: Collection[str] = TABLES) -> dict[str, pd.DataFrame]:
    """Tables by name, in the order of ``TABLES``; without golden wafers the last three are empty.

    Args:
        table: what was detected in.
        names: those wanted; each takes its time.
    """
    every: dict[str, Callable[[], pd.DataFrame]] = {
        "wafers": lambda: wafer_frame(found.runs),
        "problems": lambda: problem_frame(found.problems),
    }
    if not _LEARNT.keys().isdisjoint(names):
        every |= _learnt_tables(judged_again(table, found))
    return {name: make() for name, make in every.items() if name in names}


def _learnt_tables(judged: JudgedWafers | None) -> dict[str, Callable[[], pd.DataFrame]]:
    if judged is None:
        return {name: partial(pd.DataFrame, columns=list(columns)) for name, columns in _LEARNT.items()}
    return {
        "limits": lambda: limit_frame(judged.model),
        "rules": lambda: rule_frame(judged),
        "indicators": lambda: indicator_frame(judged),
    }
