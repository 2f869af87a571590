"""A sensor that stands still: it repeats one value far longer than it ever did in the same step of the reference.

A reading that is frozen may lie where it usually lies, so that no distance shows it. Readings at the lowest or the
highest value of the reference do not count: there a sensor is at the end of its scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.models.ensemble.preparation.stays import absolute, bounds
from waferwatch.models.state import storable
from waferwatch.series.steps import Steps

FACTOR = 2.0  # times the longest repetition of the reference that says nothing yet
LEAST = 8.0  # points: a shorter repetition is chance
_DOUBLED = (1, 2, 4)  # from two in a row by doubling to LEAST in a row
CHANCE = 1e-9  # of a repetition of independent readings, each of which repeats as often as in the reference
FEWEST_POINTS = 50  # of a reference in a stage, to know how often readings repeat there
FEWEST_STAYS = 5
EXCESS = 10.0  # what a still sensor adds to the score: as much as the highest vote

Floats = NDArray[np.float64]


@storable
@dataclass(frozen=True)
class Still:
    """What was learnt of S sensors in K stages."""

    stages: NDArray[np.int64]  # (K,) sorted
    longest: Floats  # (S, K) points that a sensor may repeat one value; infinite where that is unknown
    lowest: Floats  # (S,) of the reference
    highest: Floats  # (S,)

    @classmethod
    def learn(cls, reference: Chain, steps: Steps, used: NDArray[np.bool_]) -> Self:
        """From normal points; ``used`` (n,) says which of them."""
        begins = _begins(reference, steps)
        values = np.where(reference.measured & used, reference.values, np.nan)
        stages = np.unique(steps.stage)
        longest = np.full((reference.sensors, len(stages)), np.inf)
        every = np.stack([_repeated(reference, sensor, begins) for sensor in range(reference.sensors)])
        for number, stage in enumerate(stages.tolist()):
            mine = (steps.stage == stage) & used
            if mine.sum() >= FEWEST_POINTS and (mine & begins).sum() >= FEWEST_STAYS:
                longest[:, number] = _allowed(every[:, mine])
        known = ~np.isnan(values)
        return cls(
            stages,
            longest,
            np.where(known, values, np.inf).min(axis=1).astype(np.float64),
            np.where(known, values, -np.inf).max(axis=1).astype(np.float64),
        )

    def excess(self, chain: Chain, steps: Steps) -> Floats:
        """(S, n) what a sensor that stands still adds to the score, more with each doubling of its repetition."""
        found = np.zeros(chain.values.shape)
        if not len(self.stages):
            return found
        begins = _begins(chain, steps)
        long = np.flatnonzero(_repeats(chain.values, begins))
        if not len(long):
            return found
        number = np.minimum(np.searchsorted(self.stages, steps.stage), len(self.stages) - 1)
        known = self.stages[number] == steps.stage
        for sensor in long.tolist():
            values = chain.values[sensor]
            inside = known & (values > self.lowest[sensor]) & (values < self.highest[sensor])
            share = _repeated(chain, sensor, begins) / self.longest[sensor, number]
            far = inside & (share > 1)
            found[sensor, far] = EXCESS * (1 + np.log2(share[far]))
        return found


def _allowed(repeated: NDArray[np.int64]) -> Floats:
    """(S,) points that sensors may repeat a value, from the repetitions that hold the points (S, m) of a stage."""
    points = repeated.shape[1]
    # A repetition of r points holds r - 1 readings that repeat the one before them.
    repeats = points - (1 / repeated).sum(axis=1)
    often = np.log((repeats + 1) / (points + 2))
    by_chance = np.ceil(np.log(CHANCE) / np.minimum(often, -1e-12))
    found: Floats = np.maximum(np.maximum(FACTOR * repeated.max(axis=1), by_chance), LEAST)
    return found


def _repeats(values: NDArray[np.float32], begins: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(S,) whether a sensor repeats a value, within a stay, more often than ``LEAST`` times."""
    same = (values[:, 1:] == values[:, :-1]) & ~begins[1:]
    for reach in _DOUBLED:
        same = same[:, reach:] & same[:, :-reach]
    return np.asarray(same.any(axis=1))


def _begins(chain: Chain, steps: Steps) -> NDArray[np.bool_]:
    """(n,) whether a stay begins: repetitions are counted within stays."""
    found = np.zeros(len(chain), np.bool_)
    found[bounds(steps, absolute(chain.starts, chain.offsets, len(chain)), chain.starts)] = True
    return found


def _repeated(chain: Chain, sensor: int, begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n,) points of the repetition of one value that holds each point; what was not measured repeats nothing."""
    values, measured = chain.values[sensor], chain.measured[sensor]
    changes = begins.copy()
    changes[1:] |= (np.diff(values) != 0) | ~measured[1:] | ~measured[:-1]
    first = np.flatnonzero(changes)
    length = np.diff(np.append(first, len(values)))
    return np.repeat(length, length)
