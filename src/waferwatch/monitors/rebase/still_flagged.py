"""What a model still flags in wafer after wafer: another course or relation, which no level explains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from waferwatch.models.contract import Progress, no_progress
from waferwatch.models.levels import units_of
from waferwatch.scoring.model import Model
from waferwatch.series.series import Series, steps_of

MOST = 0.5  # share of the later wafers; what more of them show is no chance


def still_flagged(
    model: Model, series: Sequence[Series], rows: int, progress: Progress = no_progress
) -> list[tuple[int, int, int]]:
    """Stage, leading sensor and wafers of what is flagged in most of the later half of the wafers.

    Args:
        series: of one equipment, in time order, readings as the model scores them.
        rows: of the table.
    """
    points, carried = np.full(rows, np.nan), np.zeros((rows, len(model.features)), np.float32)
    with threadpool_limits(limits=1, user_api="blas"):
        scored = model.fitted.score(series, model.detector, progress)
    for one, scores in zip(series, scored, strict=True):
        points[one.rows], carried[one.rows] = scores.points, scores.contributions
    units = units_of(series)
    later = units[len(units) // 2 :]
    seen: Counter[int] = Counter()
    led: Counter[tuple[int, int]] = Counter()
    for unit in later:
        stage, flagged = steps_of(unit).stage, points[unit.rows] > model.fitted.threshold
        seen.update(np.unique(stage).tolist())
        for one in np.unique(stage[flagged]).tolist():
            led[one, int(np.nansum(carried[unit.rows[flagged & (stage == one)]], axis=0).argmax())] += 1
    return [(stage, sensor, count) for (stage, sensor), count in led.items() if count > MOST * seen[stage]]
