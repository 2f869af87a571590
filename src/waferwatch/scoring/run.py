"""Learning from a table, and one detection over another: shape the series, score, threshold, merge into events."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from waferwatch.errors import InputError
from waferwatch.evaluate.metrics import flag_metrics
from waferwatch.events.build import build_events
from waferwatch.events.event import Event
from waferwatch.events.extent import jumps, narrowed, usual_jumps
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.indicators.judge import RowScores
from waferwatch.models.contract import Detector, Progress, Scores, no_progress, part_of
from waferwatch.models.fitted import Fitted, fit_parts, key_of
from waferwatch.models.registry import create
from waferwatch.read.table import Note, Table
from waferwatch.scoring import wafers
from waferwatch.scoring.model import Model, roles_of
from waferwatch.scoring.notes.counters import counter_notes
from waferwatch.scoring.notes.decades import decades_notes
from waferwatch.scoring.notes.detected import detection_notes
from waferwatch.scoring.question import Question
from waferwatch.scoring.reference import Scope, like, normal_series, set_aside_notes, standing_out_notes
from waferwatch.scoring.result import Detection
from waferwatch.scoring.sensors import with_sensors_of
from waferwatch.scoring.thresholds.threshold import Chosen, Thresholds, choose
from waferwatch.series.series import Series
from waferwatch.series.split import split

_LEARNING = 0.5  # of the work, as far as progress shows it


def fit_table(
    table: Table,
    *,
    detector: str = "moment",
    checkpoint: str | None = None,
    reference_rows: int | None = None,
    vouched: NDArray[np.bool_] | None = None,
    device: str | None = None,
    progress: Progress = no_progress,
) -> Model:
    """Learn from a table.

    Args:
        table: normal rows, or mostly normal ones.
        detector: a name of ``detector_names()``.
        checkpoint: for ``moment``: name of an imported checkpoint; None takes the embedded one.
        reference_rows: how many of the first rows of each group, in time order, are learnt from.
        vouched: (rows,) that an engineer said are normal: their runs are learnt from even where they are unlike others.
        device: "auto", "cpu" or "cuda"; None takes the setting.
        progress: called with the share done, 0 to 1; may raise ``Cancelled``.

    Raises:
        InputError, NotFoundError, ModelError: each says what to do about it.
    """
    method = create(detector, checkpoint=checkpoint, device=device)
    parts = split(table, reference_rows=reference_rows)
    if vouched is not None:
        series = [replace(one, vouched=bool(vouched[one.rows].all())) for one in parts.series]
        parts = replace(parts, series=series)
    normal = normal_series(parts.series)
    features, layout = parts.features, parts.layout
    del parts  # which holds all rows, not the normal ones alone
    fitted = _fitted(method, normal, progress)
    return Model(
        fitted,
        features,
        roles_of(table),
        list(table.groups),
        layout,
        method.info,
        {key_of(scope): jumps(mine).tolist() for scope, mine in normal.items()},
        device,
        (
            *set_aside_notes(fitted, normal),
            *standing_out_notes(fitted, normal),
            *counter_notes(normal, features),
            *decades_notes(fitted, features),
            *_network_notes(method, fitted),
        ),
        wafers=wafers.learn_from(table, normal, features, fitted),
    )


def fit_series(detector: Detector, series: Sequence[Series], progress: Progress = no_progress) -> Fitted:
    """Learn from the known-normal rows of series, or from all of them where nothing is known to be normal."""
    return _fitted(detector, normal_series(series), progress)


def _fitted(detector: Detector, normal: Mapping[Scope, Sequence[Series]], progress: Progress) -> Fitted:
    # Threads of the matrix library wait for one another by spinning: on a busy machine two took eight times the
    # processor time of one, on a free one they were no faster.
    with threadpool_limits(limits=1, user_api="blas"):
        return fit_parts(detector, normal, progress)


def detect_table(
    table: Table,
    question: Question | None = None,
    *,
    reference: Table | None = None,
    limits: Sequence[TypedLimit] = (),
    device: str | None = None,
    progress: Progress = no_progress,
) -> Detection:
    """Find anomalies in a table: learn from its reference, then score it.

    Args:
        question: the options; None: all as they are by default.
        reference: a table of known-normal rows with the same sensors, instead of ``reference_rows``.
        limits: of indicators, that a person has set.
        device, progress: as for :func:`fit_table`.

    Raises:
        InputError, NotFoundError, ModelError: each says what to do about it.
    """
    asked = question or Question()
    if asked.reference_rows is not None and reference is not None:
        raise InputError(
            "Both reference rows and a reference were given.", hint="Give one of them.", field="reference_rows"
        )
    started = time.perf_counter()
    model = fit_table(
        table if reference is None else like(with_sensors_of(reference, table), table),
        detector=asked.detector,
        checkpoint=asked.checkpoint,
        reference_rows=asked.reference_rows,
        device=device,
        progress=part_of(progress, 0.0, _LEARNING),
    )
    found = detect_with(model, table, asked.thresholds, part_of(progress, _LEARNING, 1 - _LEARNING), limits)
    if np.isnan(found.scores).all() and (reference is not None or asked.reference_rows is not None):
        raise _nothing_learnt(asked.detector, "reference_rows" if reference is None else "reference")
    return replace(found, seconds=time.perf_counter() - started)


def detect_with(
    model: Model,
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
    model: Model,
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


def found_in(model: Model, table: Table, series: Sequence[Series], rows: RowScores, chosen: Chosen) -> Detection:
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


def _scored(model: Model, table: Table, series: Sequence[Series], wish: Thresholds, progress: Progress) -> _Scored:
    points, contributions = _scores(model, series, len(table.frame), progress)
    chosen = choose(wish, model.fitted, points)
    flags = points > chosen.value  # NaN compares as False: what was not judged is not flagged
    flags = narrowed(flags, contributions, series, usual_jumps(model.jumps, series))
    return _with_events(model, table, series, RowScores(points, flags, contributions, chosen.value), chosen)


def _with_events(model: Model, table: Table, series: Sequence[Series], rows: RowScores, chosen: Chosen) -> _Scored:
    events, event_ids = build_events(rows.scores, rows.flags, rows.contributions, series, table, model.features)
    alarms = model.fitted.alarms
    events = [replace(one, usual_every_hours=alarms.hours_between(one.peak_score)) for one in events]
    return _Scored(rows, chosen, events, event_ids, detection_notes(model, series, table, rows.scores, chosen))


def _finished(
    model: Model, table: Table, series: Sequence[Series], scored: _Scored, limits: Sequence[TypedLimit]
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


def _learnt(model: Model) -> dict[str, Any]:
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


def score_by(
    detector: Detector, reference: Sequence[Series], series: Sequence[Series], progress: Progress = no_progress
) -> list[Scores]:
    """Scores of series, in their order, by what is learnt from a reference."""
    fitted = fit_series(detector, reference, part_of(progress, 0.0, _LEARNING))
    with threadpool_limits(limits=1, user_api="blas"):
        return fitted.score(series, detector, part_of(progress, _LEARNING, 1 - _LEARNING))


def _nothing_learnt(detector: str, field: str) -> InputError:
    return InputError(
        "{detector} could learn nothing from the reference, so no row could be judged.",
        hint="Give more known-normal rows: some hundreds for each equipment, with values in the same sensors.",
        field=field,
        detector=detector,
    )


def _scores(
    model: Model, series: Sequence[Series], rows: int, progress: Progress
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Scores and contributions by row of the table."""
    points = np.full(rows, np.nan)
    contributions = np.full((rows, len(model.features)), np.nan, np.float32)
    with threadpool_limits(limits=1, user_api="blas"):
        for number, scored in model.fitted.scored(model.as_before(series), model.detector, progress):
            points[series[number].rows] = scored.points
            contributions[series[number].rows] = scored.contributions
    return points, contributions


def _network_notes(detector: Detector, fitted: Fitted) -> list[Note]:
    """Where a detector with a network did without it."""
    if detector.info.sha256 is None or any(detector.uses_network(part) for part in fitted.parts.values()):
        return []
    if fitted.reads_steps:
        template = (
            "The network of {detector} was not run: the recipe steps are known, and its features add nothing there."
        )
    else:
        template = (
            "The network of {detector} was not run: with references of several sensors as long as these the other "
            "features find more without it."
        )
    return [Note(template, {"detector": detector.name})]
