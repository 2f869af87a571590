"""The injected-fault test without its detectors: faults put into normal rows, and how many of them flags find.

Nothing is known of most process data but that it is nearly always normal. So faults of known place, kind and size are
put into normal rows, and what each detector finds of them is counted. The same rows without the faults say how many
false alarms each detector gives, and a flag that it raises there too is no finding: else a detector that
flags at random would find every long fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.evaluate.faults import FAULTS, KINDS, SIZES, FaultPlace, Floats, noise_units, step_places
from waferwatch.series.series import Series

Mask = NDArray[np.bool_]

GAP_POINTS = 192  # normal points between two faults of a series, at least, so that normal rows stay the rule
_SENSORS_TOUCHED = ((1, 0.6), (2, 0.25), (3, 0.15))  # how many sensors a fault shows in, and how often
_TRIES = 8  # places tried for one fault before its turn is over
_MOST_OF_SERIES = 1 / 3  # no fault is longer than this share of its series


@dataclass(frozen=True)
class Fault:
    """One fault that was put in."""

    kind: str  # one of faults.KINDS
    size: str  # one of faults.SIZES
    series: int  # which of the series holds it
    start: int  # first changed point of the series
    stop: int  # point after the last changed one
    sensors: tuple[int, ...]  # those whose values were changed


@dataclass(frozen=True)
class Injected:
    """Series with faults in them. All else is as it was."""

    series: list[Series]
    labels: list[Mask]  # one (n,) for each series, True exactly where a value was changed
    faults: list[Fault]  # in no order


def inject(series: Sequence[Series], clean: Sequence[Mask], *, seed: int, most: int = 10_000) -> Injected:
    """Put faults of all kinds and sizes into the clean rows of series, as many as find room.

    Kinds and sizes take turns. Missing values stay missing; sensors that never move stay untouched.
    A kind that these data give no room for (a late step where nothing steps) is left out.

    Args:
        series: normal stretches. They are not changed.
        clean: for each series (n,) True where a fault may lie.
        seed: the same seed gives the same faults in the same places.
        most: faults, at most.
    """
    rng = np.random.default_rng(seed)
    ground = _Ground(series, clean)
    labels = [np.zeros(len(one), dtype=np.bool_) for one in series]
    faults: list[Fault] = []
    turns = [(kind, size) for kind in KINDS for size in SIZES]
    while turns and len(faults) < most:
        for kind, size in _order(rng, turns):
            fault = _put(rng, kind, size, ground) if len(faults) < most else None
            if fault is None:
                turns.remove((kind, size))
                continue
            faults.append(fault)
            span = slice(fault.start, fault.stop)
            labels[fault.series][span] = _differs(ground.values[fault.series][span], series[fault.series].values[span])
            ground.free[fault.series][max(0, fault.start - GAP_POINTS) : fault.stop + GAP_POINTS] = False
    changed = [replace(one, values=new) for one, new in zip(series, ground.values, strict=True)]
    return Injected(changed, labels, faults)


def _order(rng: np.random.Generator, turns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The turns in a random order, those of long faults first: short ones find room later too."""
    lengths = [FAULTS[kind].points(size, rng) for kind, size in turns]
    return [turns[place] for place in np.argsort(lengths, kind="stable")[::-1]]


class _Ground:
    """Where faults are put, and what is left free of them. Every list has one entry for each series."""

    def __init__(self, series: Sequence[Series], clean: Sequence[Mask]) -> None:
        self.series = series
        self.values = [one.values.copy() for one in series]  # with the faults put in so far
        self.free = [mask.copy() for mask in clean]
        scopes = {one.scope for one in series}
        noise = {
            scope: noise_units(np.concatenate([one.values for one in series if one.scope == scope])) for scope in scopes
        }
        self.units = [noise[one.scope] for one in series]
        self.steps = [step_places(one.values, units) for one, units in zip(series, self.units, strict=True)]


def _put(rng: np.random.Generator, kind: str, size: str, ground: _Ground) -> Fault | None:
    """One fault written into the ground; None where no place was found for it."""
    recipe = FAULTS[kind]
    points = recipe.points(size, rng)
    for _ in range(_TRIES):
        found = _choose(rng, points, kind, ground)
        if found is None:
            return None
        number, start, stop = found
        original, units = ground.series[number].values, ground.units[number]
        sensors = _sensors(rng, original[start:stop], units, every=recipe.every_sensor)
        if not len(sensors):
            continue
        before = original[start:stop][:, sensors]
        changed = recipe.change(FaultPlace(original, start, stop, sensors, units, size, rng))
        changed = np.where(np.isnan(changed) | np.isnan(before), before, changed)
        if not (np.abs(changed - before) / units[sensors] >= recipe.least_units).any():
            continue
        ground.values[number][start:stop, sensors] = changed
        rows = np.flatnonzero(_differs(changed, before))
        touched = sensors[_differs(changed.T, before.T)]
        return Fault(kind, size, number, start + int(rows[0]), start + int(rows[-1]) + 1, tuple(touched.tolist()))
    return None


def _choose(rng: np.random.Generator, points: int, kind: str, ground: _Ground) -> tuple[int, int, int] | None:
    """Series, first point and point after the last of a place for a fault, each free place as likely as any other."""
    places: list[NDArray[np.int64]] = []
    lengths: list[int] = []
    for free, steps in zip(ground.free, ground.steps, strict=True):
        length = min(points, max(1, int(_MOST_OF_SERIES * len(free))))
        starts = _room(free, length)
        if kind == "late_step":
            starts = np.intersect1d(starts[starts >= length], steps)  # the readings before the step come once more
        places.append(starts[starts >= 1])  # a stuck sensor repeats the value before
        lengths.append(length)
    total = sum(map(len, places))
    if not total:
        return None
    pick = int(rng.integers(total))
    for number, starts in enumerate(places):
        if pick < len(starts):
            return number, int(starts[pick]), int(starts[pick]) + lengths[number]
        pick -= len(starts)
    return None


def _room(free: Mask, points: int) -> NDArray[np.int64]:
    """First points of the stretches with as many free points in a row."""
    if len(free) < points:
        return np.empty(0, np.int64)
    taken = np.concatenate([[0], np.cumsum(~free)])
    return np.flatnonzero(taken[points:] == taken[:-points])


def _sensors(rng: np.random.Generator, stretch: Floats, units: Floats, *, every: bool) -> NDArray[np.int64]:
    """The sensors that a fault touches: of those that move at all and have values there."""
    able = np.flatnonzero((units > 0) & (~np.isnan(stretch)).any(axis=0))
    if every or not len(able):
        return able
    counts, weights = zip(*_SENSORS_TOUCHED, strict=True)
    count = min(int(rng.choice(counts, p=weights)), len(able))
    return np.sort(rng.choice(able, count, replace=False))


def _differs(new: Floats, old: Floats) -> Mask:
    """(rows,) True where any value differs; a missing value is equal to a missing value."""
    return np.asarray(((new != old) & ~(np.isnan(new) & np.isnan(old))).any(axis=1))


def delays(faults: Sequence[Fault], flagged: Sequence[Mask], flagged_clean: Sequence[Mask]) -> list[int | None]:
    """Points from each fault's first point to the first flag inside of it that the fault caused; None where missed.

    Args:
        faults: what was put in.
        flagged: for each series (n,) the flags with the faults.
        flagged_clean: the flags of the same rows without them; such a row is no finding.
    """
    found: list[int | None] = []
    for fault in faults:
        inside = slice(fault.start, fault.stop)
        raised = np.flatnonzero(flagged[fault.series][inside] & ~flagged_clean[fault.series][inside])
        found.append(int(raised[0]) if len(raised) else None)
    return found
