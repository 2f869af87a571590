"""Sensors that count: later values of theirs lie beyond everything that was learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.table import Note
from waferwatch.scoring.reference import Scope
from waferwatch.series.series import Series

_LEAST_MOVES = 20  # of a sensor that only rises by chance, such as a set point
_MOST_RESETS = 2  # of a counter; what falls back more often comes to the same values again
_RESET = 0.5  # of all that it ran over, that a counter falls at least when it is set back
_AT_ONCE = 4096  # rows: most sensors go both ways in the first of them
_MOST_NAMED = 10


def counter_notes(normal: Mapping[Scope, Sequence[Series]], features: Sequence[str]) -> list[Note]:
    """Sensors that only rise, or only fall, from the first row learnt from to the last, over all runs; and those that
    do so but for a reset.

    Args:
        normal: what was learnt from, of each equipment in time order.
        features: names of the sensors.
    """
    counted = {name: _counts_everywhere(list(normal.values()), at) for at, name in enumerate(features)}
    found = [name for name, resets in counted.items() if resets == 0]
    reset = [name for name, resets in counted.items() if resets]
    notes = []
    if found:
        text = (
            "Sensors that only rise or only fall in what was learnt, as counters do: {sensors}. Later values lie "
            "beyond it. Give them the role ignored, or their differences instead."
        )
        notes.append(Note(text, {"sensors": _listed(found)}))
    if reset:
        text = (
            "Sensors that count and were set back in what was learnt: {sensors}. Later values may lie beyond it. Give "
            "them the role ignored, or their differences instead."
        )
        notes.append(Note(text, {"sensors": _listed(reset)}))
    return notes


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")


def _counts_everywhere(scopes: Sequence[Sequence[Series]], sensor: int) -> int | None:
    """Resets of a sensor that counts on some equipment; None for one that does not, or goes both ways on another."""
    moves = [one for mine in scopes if (one := _moves(mine, sensor)) is not None]
    return max(one.resets for one in moves) if moves and all(one.counts for one in moves) else None


@dataclass
class _Moves:
    """How a sensor moves from row to row, to each side."""

    count: list[int]  # falls, rises
    least: list[float]  # the smallest of them
    at_border: list[int]  # of these, between two runs
    low: float = np.inf
    high: float = -np.inf

    @property
    def both_ways(self) -> bool:
        return min(self.count) > _MOST_RESETS

    @property
    def resets(self) -> int:
        return min(self.count)

    @property
    def counts(self) -> bool:
        """Whether it goes one way, but for resets: a ramp that begins anew in every run does not."""
        if self.both_ways or self.resets == 0:
            return not self.both_ways
        back = int(self.count[1] < self.count[0])
        return not self.at_border[back] and self.least[back] >= _RESET * (self.high - self.low)

    def add(self, values: NDArray[np.float64], last: float, *, border: bool) -> None:
        """The next values of a series, and the last one before them, which was of another series at a border."""
        steps = np.diff(values, prepend=last)  # the first of all is NaN, which is neither
        for side, mine in enumerate((-steps, steps)):
            up = mine > 0
            self.count[side] += int(up.sum())
            self.least[side] = min(self.least[side], float(mine[up].min(initial=np.inf)))
            self.at_border[side] += int(border and up[0])
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))


def _moves(mine: Sequence[Series], sensor: int) -> _Moves | None:
    """None where the sensor moves too seldom to say."""
    last, found = np.nan, _Moves([0, 0], [np.inf, np.inf], [0, 0])
    for one in mine:
        border = True
        for start in range(0, len(one), _AT_ONCE):
            some = one.values[start : start + _AT_ONCE, sensor]
            some = some[~np.isnan(some)]
            if not len(some):
                continue
            found.add(some, last, border=border)
            last, border = float(some[-1]), False
            if found.both_ways:
                return found
    return found if sum(found.count) >= _LEAST_MOVES else None
