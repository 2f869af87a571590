"""Runs of a recipe, made for the tests: three steps whose levels lie far apart, as a stream or one run a series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.series import Series
from waferwatch.series.steps import Steps

Floats = NDArray[np.float64]

STAGES = (11, 12, 13)
LENGTHS = (30, 40, 30)
LEVELS = np.array([[0.0, 50.0, 20.0], [100.0, 60.0, 90.0], [5.0, 5.0, 40.0]])  # (sensors, steps), noise is 1


def course(lengths: Sequence[int], levels: Floats = LEVELS) -> Floats:
    """(n, sensors) one run without noise: each step settles on its level."""
    parts, last = [], levels[:, -1]
    for length, level in zip(lengths, levels.T, strict=True):
        parts.append(level + (last - level) * np.exp(-np.arange(length)[:, None] / 3))
        last = level
    return np.concatenate(parts)


def steps_of(lengths: Sequence[int], stages: Sequence[int] = STAGES) -> Steps:
    return Steps(np.repeat(stages, lengths).astype(np.int64), np.concatenate([np.arange(one) for one in lengths]))


def jittered(rng: np.random.Generator) -> list[int]:
    """Lengths of the steps of one run, a second more or less each."""
    return [length + int(rng.integers(-1, 2)) for length in LENGTHS]


def stream(
    runs: int, seed: int = 0, *, levels: Floats = LEVELS, stages: Sequence[int] = STAGES, scope: str = "E1"
) -> Series:
    """Runs of one equipment, one after the other, as one series."""
    rng = np.random.default_rng(seed)
    lengths = [jittered(rng) for _ in range(runs)]
    values = np.concatenate([course(one, levels) for one in lengths])
    steps = [steps_of(one, stages) for one in lengths]
    return Series(
        values + rng.standard_normal(values.shape),
        np.arange(len(values)),
        None,
        key=(scope,),
        scope=(scope,),
        steps=Steps(np.concatenate([one.stage for one in steps]), np.concatenate([one.tick for one in steps])),
    )


def begins(series: Series, run: int) -> int:
    """First point of a run of a stream."""
    assert series.steps is not None
    return int(np.flatnonzero((series.steps.stage == STAGES[0]) & (series.steps.tick == 0))[run])


def separate(runs: int, seed: int = 0, *, stretch: float = 0.0, steps: bool = True) -> list[Series]:
    """Runs as series of their own; each lasts longer or shorter than usual by up to so large a share."""
    rng = np.random.default_rng(seed)
    found = []
    for run in range(runs):
        factor = 1 + stretch * rng.uniform(-1, 1)
        lengths = [max(3, round(length * factor)) for length in jittered(rng)]
        values = course(lengths)
        found.append(
            Series(
                values + rng.standard_normal(values.shape),
                np.arange(len(values)),
                None,
                key=("E1", str(run)),
                scope=("E1",),
                steps=steps_of(lengths) if steps else None,
            )
        )
    return found
