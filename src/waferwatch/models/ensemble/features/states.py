"""Sensors that are a state, such as a valve: how long it lasts, how often it switches, and states that are unexpected.

What a reference shows of lengths and switches is known no better than to a factor of two: within it a state adds
nothing to the score. A state that came only once and shortly is a spike on a flat line, unless the reference is known
to be normal: then the state is normal too, as a rare command is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.columns import Columns
from waferwatch.models.state import SINCE, storable

FACTOR = 2.0  # times what the reference shows that says nothing yet; each doubling beyond it adds 1
FEWEST_STAYS = 5  # of a reference in a state, to know how long it lasts
FEWEST_KNOWN = 4096  # points of a reference; a shorter one has seldom seen how long a state can last
WINDOW = 256  # points in which switches are counted
SPIKE = 0.01  # share of the reference that an unexpected state may take
UNEXPECTED = 3.0  # what it adds: as much as a vote of three times what the reference's rows are off
LOW, HIGH = -1.0, 1.0
REACH, MOST_REACH = 8, 8192  # times the longest stay, and points, that the length of a stay is followed

Floats = NDArray[np.float64]


@storable
@dataclass(frozen=True)
class States:
    """What was learnt of S sensors with two values."""

    middle: Floats  # (S,) between the two values, in spreads of the reference
    longest: Floats  # (S, 2) points of the longest stay in the low and the high state; infinite where it is unknown
    switches: Floats  # (S,) most switches in a window; infinite where they are unknown
    reach: int  # points before a row that its excess rests on
    unexpected: Floats | None = field(default=None, metadata={SINCE: "0.7.0"})  # (S,) LOW, HIGH, 0: neither

    @classmethod
    def learn(cls, reference: Sequence[Columns], *, known_normal: bool = False) -> Self:
        """From pieces of a reference; where it is known to be normal none of its states is unexpected."""
        values = np.concatenate([one.values for one in reference], axis=1)
        measured = np.concatenate([one.measured for one in reference], axis=1)
        low = np.where(measured, values, np.inf).min(axis=1)
        middle = (low + np.where(measured, values, -np.inf).max(axis=1)) / 2
        highs = [one.values > middle[:, None] for one in reference]
        unexpected = None if known_normal else _unexpected(highs, [one.measured for one in reference])
        longest = np.full((len(middle), 2), np.inf)
        switches = np.full(len(middle), np.inf)
        if values.shape[1] < FEWEST_KNOWN:
            return cls(middle.astype(np.float64), longest, switches, 0, unexpected)
        for sensor in range(len(middle)):
            stays = [_stays(high[sensor]) for high in highs]
            for state in (0, 1):
                lengths = np.concatenate([points[of == state] for points, of in stays])
                if len(lengths) >= FEWEST_STAYS:
                    longest[sensor, state] = lengths.max()
            switches[sensor] = max(_switches(high[sensor]).max() for high in highs if high.shape[1])
        known = longest[np.isfinite(longest)]
        reach = min(REACH * int(known.max()), MOST_REACH) if len(known) else 0
        return cls(middle.astype(np.float64), longest, switches, max(reach, WINDOW), unexpected)

    def excess(self, columns: Columns) -> Floats:
        """(S, n) doublings of a stay's length or of the switches beyond the factor, 0 within it, as usual; and what an
        unexpected state adds.
        """
        high = columns.values > self.middle[:, None]
        found = np.zeros(high.shape)
        for sensor, (state, measured) in enumerate(zip(high, columns.measured, strict=True)):
            lasts = self._lasting(state, measured) / self.longest[sensor][state.astype(np.int64)]
            often = _switches(state) / max(self.switches[sensor], 1.0)
            found[sensor] = np.log2(np.maximum(np.maximum(lasts, often) / FACTOR, 1.0))
        if self.unexpected is not None:
            found[(np.where(high, HIGH, LOW) == self.unexpected[:, None]) & columns.measured] += UNEXPECTED
        return found

    def _lasting(self, state: NDArray[np.bool_], measured: NDArray[np.bool_]) -> Floats:
        """(n,) measured points of the present stay so far, no farther back than the reach."""
        place = np.arange(len(state))
        begins = np.maximum.accumulate(np.where(_begins(state), place, 0))
        counted = np.concatenate([[0], np.cumsum(measured)])
        found: Floats = (counted[1:] - counted[np.maximum(begins, place - self.reach + 1)]).astype(np.float64)
        return found


def with_excess(
    points: Floats, shares: NDArray[np.float32], excess: NDArray[np.floating]
) -> tuple[Floats, NDArray[np.float32]]:
    """Scores with what single sensors add, and the shares of all sensors, each row of them adding up to 1.

    Args:
        points: (n,) votes without it.
        shares: (S, n) of all sensors in these.
        excess: (S, n) of all sensors, 0 for those that add nothing. The largest counts: sensors often go together.
    """
    added = excess.max(axis=0)
    some = np.flatnonzero(added > 0)  # of few points or none: the others stay as they are
    found = np.asarray(shares, np.float32)
    if len(some):
        of_states = added[some] / np.maximum(added[some] + np.maximum(points[some], 0.0), 1e-9)
        own = excess.take(some, axis=1)
        each = own / np.maximum(own.sum(axis=0), 1e-9)
        found = found.copy()
        found[:, some] = shares.take(some, axis=1) * (1 - of_states) + each * of_states
    return points + added, found


def _unexpected(highs: Sequence[NDArray[np.bool_]], measured: Sequence[NDArray[np.bool_]]) -> Floats | None:
    """(S,) which state of each sensor came only once and shortly, if either did; None where none of any did."""
    found = np.zeros(len(highs[0]))
    for side, states in ((HIGH, highs), (LOW, [~high for high in highs])):
        rows = [state & known for state, known in zip(states, measured, strict=True)]
        begins = [(np.diff(one.astype(np.int8), axis=1, prepend=0) > 0).sum(axis=1) for one in rows]
        share = np.concatenate(rows, axis=1).sum(axis=1) / np.concatenate(measured, axis=1).sum(axis=1).clip(1)
        found[(np.sum(begins, axis=0) == 1) & (share <= SPIKE)] = side
    return found if found.any() else None


def _begins(state: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.concatenate([[True], state[1:] != state[:-1]]) if len(state) else np.empty(0, np.bool_)


def _stays(state: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Points of each stay, and the state it is in."""
    begins = np.flatnonzero(_begins(state))
    return np.diff(np.append(begins, len(state))), state[begins]


def _switches(state: NDArray[np.bool_]) -> Floats:
    """(n,) switches in the window that ends at each point."""
    every = np.concatenate([[0], np.cumsum(state[1:] != state[:-1])]) if len(state) else np.empty(0)
    before = np.concatenate([np.zeros(WINDOW), every])[: len(every)]
    return np.asarray(every - before, np.float64)
