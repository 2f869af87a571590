"""The runs of a table: each pass of a wafer (or a lot) through an equipment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.groups import group_codes
from waferwatch.read.table import Role, Table
from waferwatch.series.split import split

_FEWEST_ROWS = 4  # of the usual run; anything shorter has no course over time


@dataclass(frozen=True)
class WaferRuns:
    """Which rows are one run."""

    columns: tuple[str, ...]  # columns whose values name a run
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
    no_sensors: dict[str, Role] = {
        name: Role.IGNORED if role is Role.SENSOR else role for name, role in table.roles.items()
    }
    series = split(replace(table, roles=no_sensors)).series
    rows = np.concatenate([one.rows for one in series])
    run = group_codes(table.frame, columns)[0][rows]
    runs = WaferRuns(columns, rows, np.flatnonzero(np.diff(run, prepend=-1)))
    return runs if len(runs) > 1 and np.median(runs.lengths) >= _FEWEST_ROWS else None


def _run_columns(table: Table) -> tuple[str, ...]:
    """Equipment, lot and wafer, and whatever else parts the table into series; () when that is equipment alone."""
    naming = [*table.columns(Role.LOT), *table.columns(Role.WAFER)]
    naming += [name for name in table.groups if table.roles[name] is not Role.EQUIPMENT and name not in naming]
    if not naming:
        return ()
    return tuple(dict.fromkeys([*table.columns(Role.EQUIPMENT), *naming]))
