"""Where each sensor stands in each step after a maintenance, compared with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.levels import LevelStays, UsualLevels
from waferwatch.monitors.levels.settling import FEWEST, Standing, standing
from waferwatch.series.series import Series

LEAST = 0.3  # spreads of single readings; less is what detectors take for drift
SURE = 4.0  # standard errors that a shift is at least, with hundreds of sensors and steps looked at
SAME = 1.0  # spreads of single readings that the shifts of one calibration differ from step to step
FEWEST_STEPS = 3  # in which a calibration must show
MOST_STEPS = 0.75  # share of the steps that can show it: in some a gauge reads nothing, such as a closed valve's

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StepLevel:
    """One sensor in one stage of one equipment; shift and spread in its unit, or in decades."""

    sensor: int
    stage: int
    column: int  # of the stage in UsualLevels
    before: float  # usual reading in the reference, in the sensor's unit
    spread: float  # of single readings in the reference
    standing: Standing  # of its distance from the reference, wafer by wafer
    error: float  # standard error of its shift
    wafers: int
    in_decades: bool = False  # it is judged by its logarithm

    @property
    def after(self) -> float:
        """What is usual now, in the sensor's unit."""
        return self.before * 10.0**self.shift if self.in_decades else self.before + self.shift

    @property
    def shift(self) -> float:
        return self.standing.level

    @property
    def spreads(self) -> float:
        """The shift in spreads of single readings."""
        return self.shift / self.spread

    @property
    def notable(self) -> bool:
        return abs(self.shift) > max(LEAST * self.spread, SURE * self.error)

    @property
    def moving(self) -> bool:
        return self.standing.moving and abs(self.standing.between) > LEAST * self.spread


def step_levels(levels: UsualLevels, series: Sequence[Series]) -> list[StepLevel]:
    """Of successive series of one equipment; sensors and stages with too few wafers are left out."""
    stays = levels.stays_of(series)
    found = []
    for column, stage in enumerate(levels.stages.tolist()):
        for sensor in range(len(levels.level)):
            values = _wafer_means(stays, stage, sensor) - levels.off[sensor, column]
            if len(values) >= FEWEST and np.isfinite(levels.level[sensor, column]):
                found.append(_step_level(levels, sensor, stage, column, values))
    return found


def is_calibration(steps: Sequence[StepLevel]) -> bool:
    """Whether one sensor has shifted as one does that was replaced or calibrated: by one value in three of four steps,
    in three at least, and not otherwise in the rest.
    """
    shift = np.array([one.shift for one in steps])
    allowed = np.array([max(SAME * one.spread, SURE * one.error) for one in steps])
    moved = np.array([one.notable for one in steps])
    value = float(np.median(shift)) if len(steps) else 0.0
    same, shown = np.abs(shift - value) <= allowed, np.abs(value) > allowed
    enough = max(FEWEST_STEPS, MOST_STEPS * np.count_nonzero(shown))
    return bool((same | ~moved).all()) and int(np.count_nonzero(same & shown)) >= enough


def _wafer_means(stays: LevelStays, stage: int, sensor: int) -> Floats:
    """(k,) one value of each wafer that has any in the stage, in time order."""
    mine = (stays.stage == stage) & ~np.isnan(stays.off[sensor])
    piece, values = stays.piece[mine], stays.off[sensor, mine]
    _, which, count = np.unique(piece, return_inverse=True, return_counts=True)
    return np.bincount(which, values) / count if len(values) else np.empty(0)


def _step_level(levels: UsualLevels, sensor: int, stage: int, column: int, values: Floats) -> StepLevel:
    run_spread = float(levels.run_spread[sensor, column])
    found = standing(values, run_spread)
    error = float(np.hypot(found.error, run_spread / np.sqrt(levels.stays[column])))
    before, spread = float(levels.level[sensor, column]), float(levels.spread[sensor, column])
    decades = levels.decades is not None and bool(levels.decades.sensors[sensor])
    before = 10.0**before if decades else before
    return StepLevel(sensor, stage, column, before, spread, found, error, len(values), decades)
