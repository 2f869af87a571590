"""Western Electric and Nelson rules over successive wafers, one by one, each with its expected false rate.

Values are deviations in spreads: z of the successive wafers of one stage. The expected rate is the share of points at
which a rule fires on independent, normally distributed values; where wafers drift, rates are higher, which is why the
rate on the golden wafers stands next to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """One rule."""

    name: str
    about: str  # in words
    points: int  # it looks at
    fires: Callable[[Floats], Flags]  # (m, points) windows, each ending at the point -> (m,)
    false_rate: float  # expected


def fired(z: Floats, rule: Rule) -> Flags:
    """(n,) at which of successive wafers a rule fires; a wafer without a value is left out of the sequence."""
    found = np.zeros(len(z), np.bool_)
    known = np.flatnonzero(~np.isnan(z))
    if len(known) >= rule.points:
        windows = sliding_window_view(z[known], rule.points)
        found[known[rule.points - 1 :]] = rule.fires(windows)
    return found


def _of(least: int, spreads: float) -> Callable[[Floats], Flags]:
    """At least so many of the points farther than so many spreads off to one side, the last of them too."""

    def fires(windows: Floats) -> Flags:
        high, low = windows > spreads, windows < -spreads
        found: Flags = np.asarray((high.sum(axis=1) >= least) & high[:, -1] | (low.sum(axis=1) >= least) & low[:, -1])
        return found

    return fires


def _rate(points: int, least: int, spreads: float) -> float:
    chance = float(norm.sf(spreads))
    others, wanted = points - 1, least - 1
    tail = sum(
        comb(others, count) * chance**count * (1 - chance) ** (others - count) for count in range(wanted, others + 1)
    )
    return 2 * chance * tail


def _one_side(windows: Floats) -> Flags:
    found: Flags = np.asarray((windows > 0).all(axis=1) | (windows < 0).all(axis=1))
    return found


def _steady(windows: Floats) -> Flags:
    steps = np.diff(windows, axis=1)
    found: Flags = np.asarray((steps > 0).all(axis=1) | (steps < 0).all(axis=1))
    return found


def _alternating(windows: Floats) -> Flags:
    steps = np.sign(np.diff(windows, axis=1))
    found: Flags = np.asarray((steps[:, 1:] * steps[:, :-1] < 0).all(axis=1))
    return found


def _within(windows: Floats) -> Flags:
    found: Flags = np.asarray((np.abs(windows) < 1).all(axis=1))
    return found


def _outside(windows: Floats) -> Flags:
    found: Flags = np.asarray((np.abs(windows) > 1).all(axis=1))
    return found


_INSIDE = float(norm.cdf(1) - norm.cdf(-1))
RULES: Mapping[str, Rule] = {
    one.name: one
    for one in (
        Rule("beyond_3", "one point beyond 3 spreads", 1, _of(1, 3.0), _rate(1, 1, 3.0)),
        Rule("two_of_3_beyond_2", "2 of 3 beyond 2 spreads on one side", 3, _of(2, 2.0), _rate(3, 2, 2.0)),
        Rule("four_of_5_beyond_1", "4 of 5 beyond 1 spread on one side", 5, _of(4, 1.0), _rate(5, 4, 1.0)),
        Rule("eight_on_one_side", "8 in a row on one side", 8, _one_side, 2 * 0.5**8),
        Rule("nine_on_one_side", "9 in a row on one side", 9, _one_side, 2 * 0.5**9),
        Rule("six_rising_or_falling", "6 in a row rising or falling", 6, _steady, 2 / 720),
        Rule("fourteen_alternating", "14 in a row up and down in turn", 14, _alternating, 2 * 199360981 / 87178291200),
        Rule("fifteen_within_1", "15 in a row within 1 spread", 15, _within, _INSIDE**15),
        Rule("eight_beyond_1", "8 in a row beyond 1 spread on either side", 8, _outside, (1 - _INSIDE) ** 8),
    )
}
