"""What can be said of wafers before enough golden ones are there: their values and bands, but no limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells
from waferwatch.indicators.indicators import Values, columns_of, indicators_of
from waferwatch.indicators.learnt.limits import IndicatorLimits, least_spreads
from waferwatch.indicators.learnt.normal_course import NormalCourse, quanta
from waferwatch.indicators.learnt.relation import MeanRelation
from waferwatch.indicators.learnt.wafer_model import WaferModel
from waferwatch.indicators.statistics import MEAN
from waferwatch.models.rarity import Rarity


def model_without_limits(
    values: Values, cells: StepCells, sensors: Sequence[str], golden: NDArray[np.bool_], row_seconds: float
) -> WaferModel:
    """A model that judges nothing: it knows how many golden wafers each stage has, and their band from three on.

    Args:
        values: gives the values of the sensors at rows of the table.
        golden: (runs,) whether a run is known, or taken, to be normal.
        row_seconds: usual time from row to row.
    """
    every = values(cells.rows)
    quantum = quanta(every)
    used = golden[cells.run]
    course = NormalCourse.learn(every, cells, used, quantum)
    columns = columns_of(sensors, course)
    least = least_spreads(columns, sensors, quantum, row_seconds, float(np.median(cells.lengths)))
    found = indicators_of(values, cells, sensors, course)
    learnt = IndicatorLimits.learn(found.values, cells, used, columns, least)
    means = [one for one in columns if one.statistic == MEAN]
    return WaferModel(
        list(sensors),
        course,
        replace(learnt, centre=np.full_like(learnt.centre, np.nan)),
        MeanRelation([], np.empty((0, len(means), len(means)))),
        _no_limits(1),
        float("inf"),
        np.empty((2, 0)),
        Rarity.learn([]),
        1.0,
        int(golden.sum()),
    )


def _no_limits(columns: int) -> IndicatorLimits:
    nothing = np.empty((0, columns))
    return IndicatorLimits([], np.empty(0, np.int64), nothing, nothing, nothing, np.ones(columns))
