"""One detection over a table by what a model has learnt: score, threshold, merge into events, judge wafers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from waferwatch.evaluate.metrics import flag_metrics
from waferwatch.events.build import build_events
from waferwatch.events.event import Event
from waferwatch.events.extent import narrowed, usual_jumps
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.indicators.judge import RowScores
from waferwatch.models.contract import Progress, no_progress
from waferwatch.read.table import Note, Table
from waferwatch.scoring import wafers
from waferwatch.scoring.detecting.learnt import LearntModel
from waferwatch.scoring.notes.detected import detection_notes
from waferwatch.scoring.result import Detection
from waferwatch.scoring.thresholds.threshold import Chosen, Thresholds, choose
from waferwatch.series.series import Series
from waferwatch.series.split import split


def detect_with(
    model: LearntModel,
    table: Table,
    wish: Thresholds,
    progress: Progress = no_progress,
    limits: Sequence[TypedLimit] = (),
) -> Detection:
    """Score a table by what a model has learnt; errors as for ``Model.detect``."""
    started = time.perf_counter()
    parts = split(model.fits(table), layout=model.layout)
    series = [one.with_sensors(parts.features, model.features) for one in parts.series]
    scored = _scored(model, table, series, wish, progress)
    notes = parts.notes
    if model.wafers is not None and not model.shifts:
        series = []  # the table's values once more, which wafers are not judged by
    del parts
    found = _finished(model, table, series, scored, limits)
    notes = (*table.notes, *notes, *found.notes[len(table.notes) :])
    return replace(found, notes=notes, seconds=time.perf_counter() - started)


def detect_series(
    model: LearntModel,
    table: Table,
    series: Sequence[Series],
    wish: Thresholds,
    progress: Progress = no_progress,
    limits: Sequence[TypedLimit] = (),
) -> Detection:
    """As ``detect_with``, for a table that is split already.

    Args:
        series: of the table, with the sensors of the model in its order.
    """
    started = time.perf_counter()
    found = _finished(model, table, series, _scored(model, table, series, wish, progress), limits)
    return replace(found, seconds=time.perf_counter() - started)


def found_in(model: LearntModel, table: Table, series: Sequence[Series], rows: RowScores, chosen: Chosen) -> Detection:
    """Events, wafers and problems of a table whose rows have been scored by a model.

    Args:
        series: of the table, with the sensors of the model in its order.
        chosen: how the threshold was chosen.
    """
    return _finished(model, table, series, _with_events(model, table, series, rows, chosen), ())


@dataclass(frozen=True)
class _Scored:
    """What is known of the rows of a table before its wafers are judged."""

    rows: RowScores
    chosen: Chosen
    events: list[Event]
    event_ids: NDArray[np.int64]
    notes: tuple[Note, ...]


def _scored(
    model: LearntModel, table: Table, series: Sequence[Series], wish: Thresholds, progress: Progress
) -> _Scored:
    points, contributions = _scores(model, series, len(table.frame), progress)
    chosen = choose(wish, model.fitted, points)
    flags = points > chosen.value  # NaN compares as False: what was not judged is not flagged
    flags = narrowed(flags, contributions, series, usual_jumps(model.jumps, series))
    return _with_events(model, table, series, RowScores(points, flags, contributions, chosen.value), chosen)


def _with_events(
    model: LearntModel, table: Table, series: Sequence[Series], rows: RowScores, chosen: Chosen
) -> _Scored:
    events, event_ids = build_events(rows.scores, rows.flags, rows.contributions, series, table, model.features)
    alarms = model.fitted.alarms
    events = [replace(one, usual_every_hours=alarms.hours_between(one.peak_score)) for one in events]
    return _Scored(rows, chosen, events, event_ids, detection_notes(model, series, table, rows.scores, chosen))


def _finished(
    model: LearntModel, table: Table, series: Sequence[Series], scored: _Scored, limits: Sequence[TypedLimit]
) -> Detection:
    """
    Args:
        series: none where the model knows wafers and was never rebased.
    """
    rows, chosen, events, event_ids = scored.rows, scored.chosen, scored.events, scored.event_ids
    runs, problems = wafers.verdicts_and_problems(
        model.wafers, table, series, rows, events, event_ids, model.layout, limits, model.shifts
    )
    labels = table.labels()
    return Detection(
        scores=rows.scores,
        flags=rows.flags,
        contributions=rows.contributions,
        event_ids=event_ids,
        events=events,
        runs=runs,
        problems=problems,
        limits=list(limits),
        threshold=chosen.value,
        threshold_by=chosen.by,
        promise=chosen.promise,
        seconds=0.0,
        metrics=None if labels is None else flag_metrics(labels, rows.flags),
        notes=(*table.notes, *scored.notes),
        **_learnt(model),
    )


def _learnt(model: LearntModel) -> dict[str, Any]:
    """What a detection keeps of its model."""
    return {
        "detector": model.name,
        "model": model.info.name,
        "model_sha256": model.info.sha256,
        "model_digest": model.digest,
        "device": model.detector.info.device,
        "features": list(model.features),
        "layout": model.layout,
        "jumps": model.jumps,
        "wafers": model.wafers,
        "shifts": list(model.shifts),
    }


def _scores(
    model: LearntModel, series: Sequence[Series], rows: int, progress: Progress
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Scores and contributions by row of the table."""
    points = np.full(rows, np.nan)
    contributions = np.full((rows, len(model.features)), np.nan, np.float32)
    with threadpool_limits(limits=1, user_api="blas"):
        for number, scored in model.fitted.scored(model.as_before(series), model.detector, progress):
            points[series[number].rows] = scored.points
            contributions[series[number].rows] = scored.contributions
    return points, contributions
