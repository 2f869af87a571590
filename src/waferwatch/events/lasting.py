"""A sensor that is off in run after run, now and then below the threshold, is one state and not an event in each run.

The state has hysteresis: it begins once the same sensor has led the events of four runs, and ends once six runs that
could have shown it have not. A run could have shown it where it passes one of the recipe steps that the events lie in:
a fault of one recipe is not over because another recipe ran in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.merge import Flagged
from waferwatch.series.series import Series, steps_of

RUNS_OF_LASTING = 4  # runs whose events one sensor leads, or more, are one state,
QUIET_RUNS = 6  # as long as fewer runs than this in between could have shown it and have not

Ints = NDArray[np.int64]


def with_lasting_states(flagged: Flagged, carried: NDArray[np.float64], series: Sequence[Series]) -> Flagged:
    """Events of successive runs that one sensor leads, joined to states.

    Args:
        flagged: what ``merge`` gives.
        carried: (events, sensors) what each sensor contributes to each event.
        series: the stretches the events were cut from, those of one scope in time order.
    """
    begins, ends = flagged.owners[flagged.first], flagged.owners[flagged.last]
    stays = _Stays(flagged, series)
    group = np.arange(len(flagged.first))
    for mine in _alike(flagged, carried, series):
        for chain in _chains(mine, begins, ends, stays):
            runs = set().union(*(range(begins[event], ends[event] + 1) for event in chain))
            if len(runs) >= RUNS_OF_LASTING:
                group[chain] = chain[0]
    return flagged if (group == np.arange(len(group))).all() else _joined(flagged, group)


def _alike(flagged: Flagged, carried: NDArray[np.float64], series: Sequence[Series]) -> list[list[int]]:
    """Events of runs of one scope with one leading sensor, in time order."""
    leading = carried.argmax(axis=1)
    found: dict[tuple[tuple[str, ...], int], list[int]] = defaultdict(list)
    for event, owner in enumerate(flagged.owners[flagged.first].tolist()):
        if series[owner].run and carried[event, leading[event]] > 0:
            found[series[owner].scope, int(leading[event])].append(event)
    return [mine for mine in found.values() if len(mine) >= RUNS_OF_LASTING]


def _chains(mine: Sequence[int], begins: Ints, ends: Ints, stays: _Stays) -> list[list[int]]:
    """Events cut where too many runs in between have not shown what they show."""
    chains = [[mine[0]]]
    for before, event in pairwise(mine):
        if stays.quiet(before, event, int(ends[before]), int(begins[event])) < QUIET_RUNS:
            chains[-1].append(event)
        else:
            chains.append([event])
    return chains


@dataclass
class _Stays:
    """Which runs pass the recipe step that an event begins in."""

    flagged: Flagged
    series: Sequence[Series]

    def __post_init__(self) -> None:
        self._starts = np.cumsum([0, *(len(one) for one in self.series)])
        self._passing: dict[tuple[str, ...], dict[int, Ints]] = {}

    def quiet(self, before: int, event: int, first: int, last: int) -> int:
        """Runs between two events, the ``first`` and the ``last``, that pass the step of either."""
        if last - first <= QUIET_RUNS:
            return max(0, last - first - 1)
        passing = self._of_scope(self.series[last].scope)
        runs = [passing[self._stage(one)] for one in (before, event)]
        some = [one[np.searchsorted(one, first, "right") : np.searchsorted(one, last)] for one in runs]
        return len(np.union1d(*some))

    def _stage(self, event: int) -> int:
        point = int(self.flagged.first[event])
        owner = int(self.flagged.owners[point])
        return int(steps_of(self.series[owner]).stage[self.flagged.places[point] - self._starts[owner]])

    def _of_scope(self, scope: tuple[str, ...]) -> dict[int, Ints]:
        """Stage -> the runs that pass it, ascending."""
        if scope not in self._passing:
            mine = [number for number, one in enumerate(self.series) if one.scope == scope]
            every = [steps_of(self.series[number]).stage for number in mine]
            stage, run = np.concatenate(every), np.repeat(mine, [len(one) for one in every])
            begins = (np.diff(stage, prepend=0) != 0) | (np.diff(run, prepend=-1) != 0)
            stage, run = stage[begins], run[begins]
            self._passing[scope] = {int(one): np.unique(run[stage == one]) for one in np.unique(stage)}
        return self._passing[scope]


def _joined(flagged: Flagged, group: Ints) -> Flagged:
    """Events with one number in ``group`` (events,) as one; its points lie together, in time order."""
    event = group[flagged.events]
    order = np.argsort(event, kind="stable")
    numbers, events = np.unique(event[order], return_inverse=True)
    count = np.bincount(group, minlength=len(group))[numbers]
    return replace(
        flagged,
        rows=flagged.rows[order],
        places=flagged.places[order],
        owners=flagged.owners[order],
        events=events,
        first=np.flatnonzero(np.diff(events, prepend=-1)),
        lasting=count > 1,
    )
