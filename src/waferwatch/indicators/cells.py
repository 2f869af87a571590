"""Cells: the rows of one run in one step of its recipe, over which indicators are taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.series.clock import clock_numbers, usual_step
from waferwatch.series.wafer_runs import WaferRuns, find_passes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_NS = 1e-9


@dataclass(frozen=True)
class StageName:
    """Equipment, recipe and step in words; the empty text where the table has no such column."""

    equipment: str
    recipe: str
    step: str

    @property
    def anywhere(self) -> tuple[str, str]:
        """Recipe and step, on whichever equipment."""
        return self.recipe, self.step


@dataclass(frozen=True)
class StepCells:
    """The cells of a table, run after run and step after step as the steps first come.

    A step that a run visits several times is one cell. Every row of every run is in exactly one cell.
    """

    runs: WaferRuns
    rows: Ints  # (n,) positions in the table, cell after cell, each in time order
    starts: Ints  # (cells,) where each cell begins in ``rows``
    run: Ints  # (cells,) its run
    stage: Ints  # (cells,) which of ``names``
    names: list[StageName]
    clock: Floats  # (n,) seconds since the cell began; points where the table has no time
    timed: bool  # whether there is a time

    def __len__(self) -> int:
        return len(self.starts)

    def part(self, first: int, after: int) -> StepCells:
        """Successive cells, from one to the one before another; at least one."""
        start = int(self.starts[first])
        stop = int(self.starts[after - 1] + self.lengths[after - 1])
        return replace(
            self,
            rows=self.rows[start:stop],
            clock=self.clock[start:stop],
            starts=self.starts[first:after] - start,
            run=self.run[first:after],
            stage=self.stage[first:after],
        )

    @cached_property
    def lengths(self) -> Ints:
        """(cells,) rows of each."""
        return np.diff(self.starts, append=len(self.rows))

    @cached_property
    def cell(self) -> Ints:
        """(n,) the cell of each of ``rows``."""
        return np.repeat(np.arange(len(self.starts)), self.lengths)

    @cached_property
    def usual_interval(self) -> float:
        """Usual time from row to row, in seconds (points where the table has no time)."""
        return usual_step(self.clock) or 1.0

    @cached_property
    def of_unknown_start(self) -> NDArray[np.bool_]:
        """(cells,) the first step of the first run of each equipment: what the chamber did before is not in the table.

        A first wafer begins from another state than all others, which is no fault, so this step of it is not judged.
        """
        found = np.zeros(len(self.starts), np.bool_)
        seen: set[str] = set()
        for number, stage in enumerate(self.stage.tolist()):
            if self.names[stage].equipment not in seen:
                seen.add(self.names[stage].equipment)
                found[number] = True
        return found

    @cached_property
    def of_unknown_end(self) -> NDArray[np.bool_]:
        """(cells,) the last step of the last run of each equipment: the table may end before the step does."""
        found = np.zeros(len(self.starts), np.bool_)
        seen: set[str] = set()
        for number in range(len(self.starts) - 1, -1, -1):
            equipment = self.names[int(self.stage[number])].equipment
            if equipment not in seen:
                seen.add(equipment)
                found[number] = True
        return found

    @cached_property
    def since_change(self) -> Ints:
        """(cells,) wafers of the same recipe that the equipment ran just before: 0 for the first after a change."""
        return self._in_stays[0]

    @cached_property
    def of_first_stay(self) -> NDArray[np.bool_]:
        """(cells,) whether the table does not say what recipe the equipment ran before this one."""
        return self._in_stays[1]

    @cached_property
    def _in_stays(self) -> tuple[Ints, NDArray[np.bool_]]:
        first = np.flatnonzero(np.diff(self.run, prepend=-1))
        tool = np.unique([one.equipment for one in self.names], return_inverse=True)[1][self.stage[first]]
        recipe = np.unique([one.recipe for one in self.names], return_inverse=True)[1][self.stage[first]]
        other_tool = np.diff(tool, prepend=-1) != 0
        changes = np.flatnonzero(other_tool | (np.diff(recipe, prepend=-1) != 0))
        cells = np.diff(first, append=len(self.run))
        of_first = np.repeat(other_tool[changes], np.diff(changes, append=len(first)))
        return np.repeat(ticks_of(changes, len(first)), cells), np.repeat(of_first, cells)

    @cached_property
    def tick(self) -> Ints:
        """(n,) rows since the cell began, from 0."""
        return ticks_of(self.starts, len(self.rows))


def cells_of(table: Table) -> StepCells | None:
    """The cells of a table; None where it has no runs (see ``find_passes``).

    Raises:
        InputError: when no row has a time.
    """
    runs = find_passes(table)
    return None if runs is None else cells_in(table, runs)


def cells_in(table: Table, runs: WaferRuns) -> StepCells:
    """The cells of these runs."""
    columns = [*table.columns(Role.RECIPE)[:1], *table.columns(Role.STEP)[:1]]
    code, keys = _codes(table, columns, runs.rows)
    order, starts = _by_step(runs.numbers, code)
    rows = runs.rows[order]
    run = runs.numbers[order][starts]
    stage, names = _stages(table, runs, run, code[order][starts], keys)
    timed = table.column(Role.TIME) is not None
    clock = _since(table, rows, starts) if timed else ticks_of(starts, len(rows)).astype(np.float64)
    return StepCells(runs, rows, starts, run, stage, names, clock, timed)


def ticks_of(starts: Ints, rows: int) -> Ints:
    """(rows,) rows since the last of these starts."""
    found: Ints = np.arange(rows) - np.repeat(starts, np.diff(starts, append=rows))
    return found


def _codes(table: Table, columns: list[str], rows: Ints) -> tuple[NDArray[np.intp], list[tuple[str, ...]]]:
    """What ``group_codes`` says of these rows alone, the values in the order in which the table has them first."""
    if len(rows) == len(table.frame):
        code, keys = group_codes(table.frame, columns)
        return code[rows], keys
    sorted_rows = np.sort(rows)
    code, keys = group_codes(table.frame[columns].iloc[sorted_rows], columns)
    return code[np.searchsorted(sorted_rows, rows)], keys


def _by_step(run: Ints, code: NDArray[np.intp]) -> tuple[Ints, Ints]:
    """Order of the rows cell after cell, and where cells begin in it."""
    changes = (np.diff(run, prepend=-1) != 0) | (np.diff(code, prepend=-1) != 0)
    first, visit = np.flatnonzero(changes), np.cumsum(changes) - 1
    key = run[first] * (int(code.max(initial=0)) + 1) + code[first]
    distinct, where, same = np.unique(key, return_index=True, return_inverse=True)
    if len(distinct) == len(first):
        return np.arange(len(run)), first
    earliest = where[same]  # of each visit, the first visit of the same cell
    cell = earliest[visit]
    order = np.argsort(cell, kind="stable")
    return order, np.flatnonzero(np.diff(cell[order], prepend=-1) != 0)


def _stages(
    table: Table, runs: WaferRuns, run: Ints, code: NDArray[np.intp], keys: list[tuple[str, ...]]
) -> tuple[Ints, list[StageName]]:
    scope, tools = _codes(table, table.columns(Role.EQUIPMENT), runs.rows[runs.starts])
    tool = scope[run]
    key = tool * max(len(keys), 1) + code
    distinct, stage = np.unique(key, return_inverse=True)
    has_recipe, has_step = bool(table.columns(Role.RECIPE)), bool(table.columns(Role.STEP))
    names = []
    for one in distinct.tolist():
        words = list(keys[one % max(len(keys), 1)])
        recipe = words.pop(0) if has_recipe else ""
        names.append(StageName(" / ".join(tools[one // max(len(keys), 1)]), recipe, words[0] if has_step else ""))
    return stage.astype(np.int64), names


def _since(table: Table, rows: Ints, starts: Ints) -> Floats:
    """(n,) seconds, or units of its clock, from the first row of each cell."""
    every: NDArray[Any] = table.frame[table.column(Role.TIME)].to_numpy()
    if every.dtype.kind == "M":
        exact = clock_numbers(every[rows])
        time = (exact - clock_numbers(every[~np.isnat(every)]).min()).astype(np.float64) * _NS
    else:
        time = every[rows].astype(np.float64)
    found: Floats = time - np.repeat(time[starts], np.diff(starts, append=len(rows)))
    return found
