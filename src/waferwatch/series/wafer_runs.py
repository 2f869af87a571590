"""The runs of a table: each pass of a wafer (or a lot) through an equipment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.roles.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.series.clock import clock_numbers
from waferwatch.series.split import rows_in_order, split

_FEWEST_ROWS = 4  # of the usual run; anything shorter has no course over time
_FEWEST_SUMMARIES = 25  # wafers of a row or a few: with fewer there is little to learn limits from
_FEWEST_PIECES = 8  # between pauses, or rounds of a recipe: with fewer, nothing says that they repeat
_ALIKE = 0.8  # share of the pieces that are within a factor of _TIMES of the usual length
_TIMES = 2.0
_PAUSE = 10.0  # usual steps of time


@dataclass(frozen=True)
class WaferRuns:
    """Which rows are one run."""

    columns: tuple[str, ...]  # columns whose values name a run; those of the equipment alone where steps or pauses do
    rows: NDArray[np.int64]  # (n,) positions in the table, run after run, each in time order; rows without a time fail
    starts: NDArray[np.int64]  # (runs,) where each run begins in ``rows``, ascending

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """(runs,) rows of each run."""
        return np.diff(self.starts, append=len(self.rows))

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """(n,) the run of each of ``rows``."""
        return np.repeat(np.arange(len(self.starts)), self.lengths)

    @cached_property
    def have_a_course(self) -> bool:
        """Whether the usual run has rows enough for a course over time; a row or a few say something of it all."""
        return float(np.median(self.lengths)) >= _FEWEST_ROWS

    def only(self, chosen: NDArray[np.bool_]) -> WaferRuns:
        """The chosen runs alone; ``chosen`` is (runs,)."""
        lengths = self.lengths[chosen]
        return WaferRuns(self.columns, self.rows[chosen[self.numbers]], np.cumsum(lengths) - lengths)


def find_runs(table: Table) -> WaferRuns | None:
    """The runs, by equipment in time order; None when no column tells one run from the next.

    A run is a stretch of one series group's rows, in time order, in which equipment, lot and wafer stay the same. A
    wafer that comes back later is another run.

    Raises:
        InputError: when no row has a time.
    """
    columns = _run_columns(table)
    if not columns:
        return None
    rows = rows_in_order(table)
    run = group_codes(table.frame, columns)[0][rows]
    runs = WaferRuns(columns, rows, np.flatnonzero(np.diff(run, prepend=-1)))
    return runs if len(runs) > 1 and (runs.have_a_course or _name_wafers(table, runs)) else None


def has_summaries(table: Table) -> bool:
    """Whether the rows are a summary of each wafer, or its metrology."""
    runs = find_runs(table)
    return runs is not None and not runs.have_a_course and _name_wafers(table, runs)


def _name_wafers(table: Table, runs: WaferRuns) -> bool:
    return table.column(Role.WAFER) is not None and len(runs) >= _FEWEST_SUMMARIES


def find_passes(table: Table) -> WaferRuns | None:
    """The runs as :func:`find_runs` has them; where no column names them, by the steps of the recipe or clear pauses.

    Without lots and wafers a run begins where the recipe changes, where its first step comes again, or behind a pause.
    None where nothing of that repeats at least eight times with pieces of about the same length.

    Raises:
        InputError: when no row has a time.
    """
    named = find_runs(table)
    if named is not None or _run_columns(table):
        return named
    rows, borders = _ordered(table)
    borders = borders | _pauses(table, rows)
    if table.column(Role.STEP) is not None or table.column(Role.RECIPE) is not None:
        borders = borders | _rounds(table, rows, borders)
    starts = np.flatnonzero(borders)
    runs = WaferRuns(tuple(table.columns(Role.EQUIPMENT)), rows, starts)
    return runs if _repeat(runs.lengths) else None


def _ordered(table: Table) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(n,) rows of the series below one another, and whether one begins at each: an equipment, or behind a pause."""
    no_sensors: dict[str, Role] = {
        name: Role.IGNORED if role is Role.SENSOR else role for name, role in table.roles.items()
    }
    series = split(replace(table, roles=no_sensors), steps=False).series
    rows = np.concatenate([one.rows for one in series])
    begins = np.zeros(len(rows), np.bool_)
    begins[np.cumsum([0, *(len(one) for one in series[:-1])])] = True
    return rows, begins


def _pauses(table: Table, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows that come more than ten usual steps of time after the one before, however often that happens."""
    found = np.zeros(len(rows), np.bool_)
    column = table.column(Role.TIME)
    if column is None or len(rows) < 2:
        return found
    step = np.diff(clock_numbers(table.frame[column].to_numpy()[rows]).astype(np.float64))
    if (step > 0).any():
        found[1:] = step > _PAUSE * float(np.median(step[step > 0]))
    return found


def _rounds(table: Table, rows: NDArray[np.int64], borders: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the recipe changes, or its first step comes again."""
    recipe = group_codes(table.frame, table.columns(Role.RECIPE))[0][rows]
    changes: NDArray[np.bool_] = np.diff(recipe, prepend=recipe[:1]) != 0
    step = table.column(Role.STEP)
    if step is None:
        return changes
    code = group_codes(table.frame, [step])[0][rows]
    enters = (np.diff(code, prepend=-1) != 0) | changes | borders
    again = np.zeros(len(rows), np.bool_)
    pieces = [*np.flatnonzero(changes | borders).tolist(), len(rows)]
    for start, stop in pairwise(pieces):
        some = slice(start, stop)
        first = _first_of_round(code[some], enters[some])
        again[some] = enters[some] & (code[some] == first)
    found: NDArray[np.bool_] = changes | again
    return found


def _first_of_round(code: NDArray[np.intp], enters: NDArray[np.bool_]) -> int:
    """The step that follows the one it could not follow within a recipe: the first to come of those that come again."""
    entered = code[enters]
    counts = np.bincount(entered)
    repeated = np.flatnonzero(counts[entered] > 1)
    return int(entered[repeated[0]]) if len(repeated) else int(entered[0])


def _repeat(lengths: NDArray[np.int64]) -> bool:
    usual = float(np.median(lengths)) if len(lengths) else 0.0
    alike = (lengths >= usual / _TIMES) & (lengths <= usual * _TIMES)
    return len(lengths) >= _FEWEST_PIECES and usual >= _FEWEST_ROWS and float(alike.mean()) >= _ALIKE


def _run_columns(table: Table) -> tuple[str, ...]:
    """Equipment, lot and wafer, and whatever else splits the table into series; () when that is equipment alone."""
    naming = [*table.columns(Role.LOT), *table.columns(Role.WAFER)]
    naming += [name for name in table.groups if table.roles[name] is not Role.EQUIPMENT and name not in naming]
    if not naming:
        return ()
    return tuple(dict.fromkeys([*table.columns(Role.EQUIPMENT), *naming]))
