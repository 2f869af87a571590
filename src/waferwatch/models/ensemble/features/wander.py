"""How far sensors wander from run to run, as the runs just before show it.

Whether a sensor wanders is learnt: where the runs before say nothing of the next one in the reference, nothing is taken
away, so that a fault that stays for many runs is not taken for wander.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.stays import Stays
from waferwatch.models.state import storable

STAYS = 12  # before a run, whose median says how far a sensor has wandered
FEWEST_RUNS = 8  # of a reference, to tell
LEAST = 0.2  # share of the wander that the runs before must explain; less is chance
FARTHER = 3.0  # times the wander of the reference that is taken away at most

Floats = NDArray[np.float64]


@storable
@dataclass(frozen=True)
class Wander:
    """Of S sensors."""

    share: Floats  # (S,) of what the runs before show that is taken away
    most: Floats  # (S,) of it, in spreads of the course

    @classmethod
    def learn(cls, stays: Stays, runs: int) -> Self:
        """From the stays of a reference, each measured from the course of other blocks."""
        before = _medians(stays, runs)
        if runs < FEWEST_RUNS:
            return cls(np.zeros(len(before)), np.zeros(len(before)))
        each = before[:, stays.piece]
        known = stays.piece > 0
        together = (stays.mean[:, known] * each[:, known]).sum(axis=1)
        share = np.clip(together / np.maximum(np.square(each[:, known]).sum(axis=1), 1e-9), 0, 1)
        return cls(np.where(share < LEAST, 0.0, share), FARTHER * np.abs(before).max(axis=1))

    @property
    def reach(self) -> Floats:
        """(S,) how far each sensor wandered in the reference; 0 for one that did not."""
        return np.where(self.share > 0, self.most / FARTHER, 0.0)

    def before(self, stays: Stays, runs: int) -> Floats:
        """(S, runs) what to take away from each run."""
        return self.share[:, None] * np.clip(_medians(stays, runs), -self.most[:, None], self.most[:, None])


def _medians(stays: Stays, runs: int) -> Floats:
    """(S, runs) median of the last stays before each run; 0 before the first."""
    first = np.searchsorted(stays.piece, np.arange(runs))
    at = first[:, None] - np.arange(1, STAYS + 1)
    values = np.where(at >= 0, stays.mean[:, np.maximum(at, 0)], np.nan)  # (S, runs, STAYS)
    found = np.zeros((len(stays.mean), runs))
    full = first >= STAYS
    found[:, full] = np.median(values[:, full], axis=2)
    for run in np.flatnonzero(~full & (first > 0)):
        found[:, run] = np.nanmedian(values[:, run], axis=1)
    return found
