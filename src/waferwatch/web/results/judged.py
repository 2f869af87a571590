"""The wafers of a finished detection with all their indicators; those of the last detections are kept."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from starlette.background import BackgroundTask

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.indicators.indicators import Values, columns_of
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.jobs.finished import Finished, ScoredRows, finished_of
from waferwatch.jobs.options import reference_mask
from waferwatch.read.table import Table
from waferwatch.scoring.reference import normal_series
from waferwatch.scoring.wafers import judged_again, judged_as, measured, values_as_found
from waferwatch.series.split import split
from waferwatch.store.recent import Recent
from waferwatch.store.runs import Run
from waferwatch.web.results.finished import finished_detection
from waferwatch.web.results.keys import detection_key
from waferwatch.web.shell.context import Parts

_KEPT_BYTES = 256 * 2**20
_COLUMNS = 6  # of a table next to its sensors: time, equipment, lot and the like


class _Kept:
    """Wafers, or that there are none."""

    def __init__(self, judged: JudgedWafers | None) -> None:
        self.judged = judged

    @property
    def bytes(self) -> int:
        if self.judged is None:
            return 1
        cells, sensors = self.judged.cells, len(self.judged.model.sensors)
        table = (_COLUMNS + sensors) * len(cells.rows)  # numbers of the rows, which may be read at any time
        return 3 * self.judged.deviations.off.nbytes + 8 * table + 2_000 * len(self.judged.runs)


_kept: Recent[Hashable, _Kept] = Recent(_KEPT_BYTES, lambda one: one.bytes)


def judged_of(app: Parts, run_id: str) -> JudgedWafers:
    """
    Raises:
        NotFoundError: when the run, its data or its result is gone or not there yet.
        InputError: when it is no detection, or its wafers have no limits.
        RunFailed: what ended it instead.
    """
    run = finished_detection(app, run_id)
    kept = _kept.get(detection_key(app, run), lambda: _Kept(_judge(app, run)))
    if kept.judged is None:
        raise InputError(
            "The wafers of this detection have no limits.",
            hint="Limits are learnt from at least 8 normal wafers of one equipment and recipe. Give data with a wafer "
            "column or clear pauses, or detect again if the result is of an older version.",
            field="run",
        )
    return kept.judged


def measured_of(app: Parts, run_id: str) -> JudgedWafers:
    """As :func:`judged_of`, but wafers without limits are given too: their limits are NaN, and no wafer is abnormal.

    Raises:
        NotFoundError, RunFailed: as :func:`judged_of`.
        InputError: when it is no detection, or its data have no wafers.
    """
    run = finished_detection(app, run_id)
    key = detection_key(app, run)
    kept = _kept.get(key, lambda: _Kept(_judge(app, run)))
    if kept.judged is None:
        kept = _kept.get(("measured", key), lambda: _Kept(_measure(app, run)))
    if kept.judged is None:
        raise InputError(
            "These data have no wafers to compare.",
            hint="Trends have a point for each wafer. Give data of several wafers, with a wafer column or clear pauses "
            "between them.",
            field="run",
        )
    return kept.judged


def judged_soon(app: Parts, run_id: str) -> BackgroundTask:
    """Judge the wafers behind an answer that is sent: who looks at a result looks at its wafers next."""
    return BackgroundTask(_judged_soon, app, run_id)


async def _judged_soon(app: Parts, run_id: str) -> None:
    with suppress(WaferwatchError):  # said to whoever asks for them
        await app.work.draw(
            lambda: measured_of(app, run_id).table
        )  # that of indicators which were kept is not read yet


def _judge(app: Parts, run: Run) -> JudgedWafers | None:
    """By the indicators that are kept; else they are computed, and kept for the next time."""
    results = app.store.results
    found = results.wafers(run.id)
    if found.model is None:
        return None
    kept = results.indicators(run.id, columns_of(found.model.sensors, found.model.course))
    if kept is not None and len(kept.cells.runs) == len(found.runs):
        return judged_as(found.model, kept, found.runs, lambda: _rows(finished_of(app.store, run)))
    scored = finished_of(app.store, run).scored_rows()
    judged = judged_again(scored.table, scored.found)
    if judged is not None:
        results.put_indicators(run.id, judged.found)
    return judged


def _rows(one: Finished) -> tuple[Table, Values]:
    scored = one.scored_rows()
    return scored.table, values_as_found(scored.table, scored.found)


def _measure(app: Parts, run: Run) -> JudgedWafers | None:
    scored = finished_of(app.store, run).scored_rows()
    return measured(scored.table, scored.found, _learnt(scored))


def _learnt(scored: ScoredRows) -> NDArray[np.bool_]:
    """(rows,) which rows the detection learnt from; none where a monitor had learnt from other data before."""
    options = scored.finished.options
    found = np.zeros(len(scored.table.frame), np.bool_)
    if options.monitor is not None:
        return found
    period = reference_mask(scored.finished.data, options)
    if period is not None:
        return np.asarray(period[scored.rows])
    for series in normal_series(split(scored.table, reference_rows=options.reference_rows).series).values():
        for one in series:
            found[one.rows] = True
    return found
