"""Where in its recipe each point lies: which step it belongs to, and how long that step has run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table

_NUMBER = re.compile(r"\d+(\.\d+)?")
NO_STEP = 0  # the stage of points of a run that has no steps: all of it is one


@dataclass(frozen=True)
class Steps:
    """The steps of one series, point by point."""

    stage: NDArray[np.int64]  # (n,) number of recipe and step, the same in every table; NO_STEP without either
    tick: NDArray[np.int64]  # (n,) points since the step began, from 0

    def __len__(self) -> int:
        return len(self.stage)

    def at(self, chosen: slice | NDArray[np.bool_]) -> Steps:
        """Some of the points; those of a step that was begun before stay where they were in it."""
        return Steps(self.stage[chosen], self.tick[chosen])


@dataclass(frozen=True)
class Stages:
    """Recipe, step and run of every row of a table."""

    stage: NDArray[np.int64]  # (rows,)
    run: NDArray[np.int64]  # (rows,) a step begins anew with each

    def steps(self, rows: NDArray[np.int64], group: NDArray[np.intp]) -> Steps:
        """Steps of these rows, those of each group below one another and in time order."""
        stage = self.stage[rows]
        begins = np.ones(len(rows), bool)
        begins[1:] = (np.diff(stage) != 0) | (np.diff(self.run[rows]) != 0) | (np.diff(group) != 0)
        return Steps(stage, ticks(begins))


def step_name(step: str) -> str:
    """How a sentence names a step: "high in 4" could be anything, "high in step 4" could not.

    >>> step_name("4"), step_name("main etch")
    ('step 4', 'main etch')
    """
    return f"step {step}" if _NUMBER.fullmatch(step) else step


def ticks(begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Points since the last beginning, from 0; the first point begins.

    >>> ticks(np.array([True, False, True, False, False])).tolist()
    [0, 1, 0, 1, 2]
    """
    position = np.arange(len(begins))
    since: NDArray[np.int64] = position - np.maximum.accumulate(np.where(begins, position, 0))
    return since


def stages_of(table: Table) -> Stages | None:
    """Recipe, step and run of every row; None for a table with neither steps nor wafers."""
    if table.column(Role.WAFER) is None and table.column(Role.STEP) is None:
        return None
    named = [table.column(role) for role in (Role.RECIPE, Role.STEP)]
    run = [table.column(role) for role in (Role.LOT, Role.WAFER)]
    return Stages(_numbers(table.frame, _there(named)), group_codes(table.frame, _there(run))[0].astype(np.int64))


def _there(columns: list[str | None]) -> list[str]:
    return [name for name in columns if name is not None]


def joined(steps: Sequence[Steps]) -> Steps:
    """The steps of several series, below one another."""
    return Steps(np.concatenate([one.stage for one in steps]), np.concatenate([one.tick for one in steps]))


def whole(points: int) -> Steps:
    """A run without steps."""
    return Steps(np.full(points, NO_STEP, np.int64), np.arange(points, dtype=np.int64))


def _numbers(frame: pd.DataFrame, columns: list[str]) -> NDArray[np.int64]:
    """A number for the values of these columns in each row, which does not hang on the other rows."""
    if not columns:
        return np.full(len(frame), NO_STEP, np.int64)
    codes, keys = group_codes(frame, columns)
    return stage_numbers(keys)[codes]


def stage_numbers(names: Sequence[tuple[str, ...]]) -> NDArray[np.int64]:
    """The stage of each recipe and step, the same in every table; names that a table lacks are left out of all."""
    texts = np.array(["\x1f".join(key) for key in names], dtype=object)
    found: NDArray[np.int64] = pd.util.hash_array(texts, categorize=False).view(np.int64)
    return found
