"""How far every step and sensor is out of its limits: where to look first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.indicators import LENGTH, MISSING, SPE, T2, IndicatorColumn
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.learnt.wafer_model import NO_VERDICT, TREND
from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.indicators.problems.severity import severity
from waferwatch.indicators.statistics import MEAN

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OF_CELLS = tuple(f"_{name}" for name in (LENGTH, MISSING, T2, SPE))  # rows of the grid that are no sensors


@dataclass(frozen=True)
class GridPart:
    """Which wafers are looked at; None stands for all."""

    equipment: str | None = None
    recipe: str | None = None
    last: int | None = None  # of each equipment and recipe


@dataclass(frozen=True)
class Place:
    """One indicator of one stage: where it is, and how far out of its limits."""

    equipment: str
    recipe: str
    step: str
    sensor: str
    statistic: str
    ratio: float  # farthest wafer, as a multiple of its limit
    beyond: int  # wafers beyond a limit
    in_a_row: int  # of them, at most
    wafers: int  # judged ones
    run: int  # first wafer beyond, else the farthest; from 0
    direction: int  # -1 below, 1 above

    @property
    def severity(self) -> ProblemSeverity | None:
        """None within the limits."""
        return severity(self.ratio, self.in_a_row, self.beyond, False)[0] if self.beyond else None

    @property
    def weight(self) -> tuple[int, float, int]:
        """Sorts places, worst first."""
        kinds = tuple(ProblemSeverity)
        found = self.severity
        return (len(kinds) if found is None else kinds.index(found), -min(self.ratio, 1e6), -self.beyond)


def places_of(judged: JudgedWafers, part: GridPart = GridPart()) -> list[Place]:
    """The worst indicator of every stage and sensor that has a limit, worst first.

    Lowest and highest values, time to settle and missing rows have limits, but no say in a verdict, and do not count.
    """
    columns = judged.deviations.columns
    of_sensor = _columns_by_sensor(columns)
    found: list[Place] = []
    for stage, name in enumerate(judged.cells.names):
        if part.equipment not in (None, name.equipment) or part.recipe not in (None, name.recipe):
            continue
        mine = np.flatnonzero(judged.cells.stage == stage)[-part.last if part.last else None :]
        off = judged.deviations.off[mine]
        for sensor, at in of_sensor.items():
            worst = _worst(off, at, columns)
            if worst is not None:
                found.append(_place(judged, stage, mine, off[:, worst], sensor, columns[worst].statistic))
    return sorted(found, key=lambda one: one.weight)


def worst_cells(places: Iterable[Place]) -> dict[tuple[str, str], Place]:
    """(sensor, step) to the worst of its places, over equipment and recipes.

    Args:
        places: worst first.
    """
    found: dict[tuple[str, str], Place] = {}
    for one in places:
        found.setdefault((one.sensor, one.step), one)
    return found


def steps_in_order(judged: JudgedWafers, part: GridPart = GridPart()) -> list[str]:
    """Names of steps as runs go through them."""
    names = judged.cells.names
    stages = dict.fromkeys(judged.cells.stage.tolist())
    shown = [names[at] for at in stages if part.recipe in (None, names[at].recipe)]
    return list(dict.fromkeys(one.step for one in shown if part.equipment in (None, one.equipment)))


def _columns_by_sensor(columns: Sequence[IndicatorColumn]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for at, one in enumerate(columns):
        if one.statistic not in NO_VERDICT:
            found.setdefault(one.sensor, []).append(at)
    return found


def _worst(off: Floats, at: Sequence[int], columns: Sequence[IndicatorColumn]) -> int | None:
    """The column that speaks for a sensor: its mean where that is beyond a limit, else the farthest.

    The trend over wafers speaks only where nothing else does: it stays off for some wafers after all is well.
    """
    far = np.abs(off[:, at])
    known = np.where(np.isnan(far), -1.0, far).max(axis=0, initial=-1.0)
    if not (known >= 0).any():
        return None
    order = {MEAN: 2, TREND: 0}
    ranks = [
        (order.get(columns[one].statistic, 1) if ratio > 1 else -1, ratio) for one, ratio in zip(at, known, strict=True)
    ]
    return at[max(range(len(at)), key=ranks.__getitem__)]


def _place(judged: JudgedWafers, stage: int, mine: Ints, off: Floats, sensor: str, statistic: str) -> Place:
    name = judged.cells.names[stage]
    far = np.where(np.isnan(off), -1.0, np.abs(off))
    beyond = far > 1
    at = int(np.argmax(beyond)) if beyond.any() else int(np.argmax(far))
    return Place(
        name.equipment,
        name.recipe,
        name.step,
        sensor,
        statistic,
        float(far.max()),
        int(beyond.sum()),
        _longest(beyond),
        int(np.isfinite(off).sum()),
        int(judged.cells.run[mine[at]]),
        int(np.sign(off[int(np.argmax(far))])),
    )


def _longest(beyond: NDArray[np.bool_]) -> int:
    """The most in a row."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], beyond.astype(np.int8), [0]])))
    return int((ends[1::2] - ends[::2]).max(initial=0))
