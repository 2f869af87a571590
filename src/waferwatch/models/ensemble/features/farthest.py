"""A single sensor of many that is farther from its usual level than chance allows.

The distance of a row adds up what all sensors are off: one of 500 that is 12 spreads off is lost in what the other 499
are off by chance. So each sensor has a limit of its own as well, for single readings and for what is usual around a
point, in units of how far the sensor itself has been. The limit is where the farthest of all sensors hardly comes by
chance, as normal rows say that were left out of learning: the more sensors there are and the heavier their tails, the
farther out it lies.

Shapes: S sensors, n points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.blocks import BLOCKS, Folds
from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.models.state import storable

FEWEST_SENSORS = 64  # with fewer the distance of a row shows each of them (docs/experiments.md)
FEWEST_POINTS = 64  # of a reference
FEWEST_READINGS = 12  # of a sensor in each block
WINDOW = 9  # readings around a point
CHANCE = 1e-5  # of a normal row, to have a sensor beyond its limit
CHANCE_OF_ALL = 0.01  # of normal rows as many as those of the reference, to hold a stretch that has one
STRETCHES = 16  # of the reference, whose highest rows say how the tail goes on
LEAST_UNIT = 1.0  # spreads: a sensor that hardly moved outside of a block is not known better than this
EXCESS = 3.0  # what a sensor at its limit adds to the score, and each doubling: as much as an unexpected state
# Of Gumbel's distribution, in its scales: median above the mode, and median absolute deviation.
_GUMBEL_MEDIAN, _GUMBEL_DEVIATION = 0.3665, 0.7670
_AT_ONCE = 32  # sensors: they stay in the cache
_MOST_SORTED = 4096  # points whose median is a sensor's level

Floats = NDArray[np.float32]


@storable
@dataclass(frozen=True)
class FarthestSensor:
    """How far each of S sensors may be off, in spreads of the reference."""

    level: Floats  # (S,) from that of the reference
    limit: Floats  # (2, S) of single readings and of what is usual around a point; infinite where it is unknown

    @classmethod
    def learn(
        cls, reference: Chain, judged: NDArray[np.bool_], folds: Folds, *, known_normal: bool
    ) -> tuple[Self, Floats]:
        """What was learnt, and the (n,) excess of each point by what was learnt without its block.

        Args:
            judged: (S,) sensors that count; of the others no limit is known.
            folds: (n,) block of each point.
            known_normal: whether no point of the reference can be a fault: then none has an excess.
        """
        learning = _Learning(reference, judged, folds, known_normal)
        by_chance = np.array([_by_chance(one) for one in learning.highest], np.float32)
        limit = by_chance[:, None] * learning.unit
        if known_normal:
            return cls(learning.level, np.maximum(limit, learning.farthest)), np.zeros(len(reference), np.float32)
        return cls(learning.level, limit), _excess((learning.highest / by_chance[:, None]).max(axis=0))

    def excess(self, chain: Chain) -> Floats:
        """(S, n) what each sensor beyond its limit adds to the score; 0 within it."""
        found = np.zeros(chain.values.shape, np.float32)
        for some, both in _readings(chain):
            for values, limit in zip(both, self.limit[:, some], strict=True):
                off = _off(values, self.level[some]) / limit[:, None]
                np.maximum(found[some], _excess(off), out=found[some])
        return found


class _Learning:
    """Level, unit and farthest value of each sensor, and how far the farthest sensor of each left-out point is off."""

    def __init__(self, reference: Chain, judged: NDArray[np.bool_], folds: Folds, known_normal: bool) -> None:
        self.level = np.zeros(reference.sensors, np.float32)
        self.unit = np.full((2, reference.sensors), np.inf, np.float32)
        self.farthest = np.zeros((2, reference.sensors), np.float32)
        self.highest = np.zeros((2, len(reference)), np.float32)  # in units
        self._blocks = [folds == block for block in range(BLOCKS)]
        self._known_normal = known_normal
        if len(reference) < FEWEST_POINTS:
            return
        for some, both in _readings(reference):
            self._learn(some, both, judged[some])

    def _learn(self, some: slice, both: tuple[Floats, Floats], judged: NDArray[np.bool_]) -> None:
        for block in self._blocks:
            others = [one for one in self._blocks if one is not block]
            level = self._level(both[0], others)
            for scale, values in enumerate(both):
                unit = self._unit(values, others, level, judged)
                off = (_off(values[:, block], level) / unit[:, None]).max(axis=0)
                self.highest[scale, block] = np.maximum(self.highest[scale, block], off)
        self.level[some] = self._level(both[0], self._blocks)
        for scale, values in enumerate(both):
            self.unit[scale, some] = self._unit(values, self._blocks, self.level[some], judged)
            self.farthest[scale, some] = _off(values, self.level[some]).max(axis=1)

    def _level(self, values: Floats, blocks: Sequence[NDArray[np.bool_]]) -> Floats:
        """(S,) the median of what is measured in some blocks; 0 of a sensor without any value."""
        used = np.flatnonzero(np.any(blocks, axis=0))
        ordered = np.sort(values[:, used[:: max(1, len(used) // _MOST_SORTED)]], axis=1)  # NaN last
        count = (~np.isnan(ordered)).sum(axis=1)
        found = ordered[np.arange(len(ordered)), np.maximum(count - 1, 0) // 2]
        return np.asarray(np.nan_to_num(found), np.float32)

    def _unit(
        self, values: Floats, blocks: Sequence[NDArray[np.bool_]], level: Floats, judged: NDArray[np.bool_]
    ) -> Floats:
        """(S,) how far sensors go in a block: in the farthest where all is normal, else in most, since one of them may
        hold what is looked for; infinite where a sensor says nothing of it.
        """
        farthest = np.stack([_off(values[:, block], level).max(axis=1, initial=0) for block in blocks])
        fewest = np.min([(~np.isnan(values[:, block])).sum(axis=1) for block in blocks], axis=0)
        found = farthest.max(axis=0) if self._known_normal else np.median(farthest, axis=0)
        known = judged & (fewest >= FEWEST_READINGS) & (found > 0)
        return np.where(known, np.maximum(found, LEAST_UNIT), np.inf).astype(np.float32)


def _off(values: Floats, level: Floats) -> Floats:
    """(S, n) distance from the level; 0 where nothing was measured."""
    return np.asarray(np.nan_to_num(np.abs(values - level[:, None])), np.float32)


def _excess(ratio: Floats) -> Floats:
    found = np.zeros(ratio.shape, np.float32)
    beyond = ratio > 1
    found[beyond] = EXCESS * (1 + np.log2(ratio[beyond]))
    return found


def _by_chance(highest: Floats) -> float:
    """What the farthest sensor of a normal row hardly reaches by chance, from those of left-out rows, (n,).

    The logarithms of the highest of many values with tails of any weight have Gumbel's distribution, or a lighter one
    (E. J. Gumbel, Statistics of Extremes, 1958): the median of the highest of m rows lies log(m) scales above that of
    all rows. Where sensors wander neighbouring rows are alike, and only the spread of the highest of stretches shows
    how far they go: the farther of both counts. What stands out of fewer than half of the stretches moves them little.
    """
    logs = np.log(highest[highest > 0].astype(np.float64))
    if len(logs) < FEWEST_POINTS:
        return float("inf")
    usual, cut = float(np.median(logs)), np.array([one.max() for one in np.array_split(logs, STRETCHES)])
    of_stretches = float(np.median(cut))
    within = (of_stretches - usual) / np.log(len(logs) / STRETCHES)
    between = float(np.median(np.abs(cut - of_stretches))) / _GUMBEL_DEVIATION
    by_row = usual + within * (-np.log(CHANCE) - _GUMBEL_MEDIAN)
    by_stretch = of_stretches + between * (-np.log(CHANCE_OF_ALL / STRETCHES) - _GUMBEL_MEDIAN)
    return max(1.0, float(np.exp(max(by_row, by_stretch))))


def _readings(chain: Chain) -> Iterator[tuple[slice, tuple[Floats, Floats]]]:
    """Some sensors at a time: their readings, and what is usual around each point; NaN where that is unknown."""
    for start in range(0, chain.sensors, _AT_ONCE):
        some = slice(start, min(start + _AT_ONCE, chain.sensors))
        values, measured = chain.values[some], chain.measured[some]
        around = np.full(values.shape, np.nan, np.float32)
        for first, stop in zip(chain.starts.tolist(), chain.stops.tolist(), strict=True):
            if stop - first >= WINDOW:
                at = slice(first + WINDOW // 2, stop - WINDOW // 2)
                around[:, at] = _usual(values[:, first:stop], measured[:, first:stop])
        yield some, (values if chain.complete else np.where(measured, values, np.nan).astype(np.float32), around)


def _usual(values: Floats, measured: NDArray[np.bool_]) -> Floats:
    """(S, n - 8) the median of three medians of three neighbours, which no spike moves; NaN where fewer than half of
    the nine were measured.
    """
    found = _middle(_middle(values, 1), 3)
    if not measured.all():
        counted = np.cumsum(np.pad(measured, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
        found[counted[:, WINDOW:] - counted[:, :-WINDOW] < WINDOW / 2] = np.nan
    return found


def _middle(values: Floats, apart: int) -> Floats:
    """The median of each three points that are so far apart from one another."""
    left, middle, right = values[:, : -2 * apart], values[:, apart:-apart], values[:, 2 * apart :]
    low, high = np.minimum(left, middle), np.maximum(left, middle)
    return np.asarray(np.maximum(low, np.minimum(high, right)), np.float32)
