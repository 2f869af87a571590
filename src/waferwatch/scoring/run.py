"""Learning from a table, alone or to score another."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from waferwatch.errors import InputError
from waferwatch.events.extent import jumps
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.models.contract import Detector, Progress, Scores, no_progress, part_of
from waferwatch.models.fitted import Fitted, fit_parts, key_of
from waferwatch.models.registry import create
from waferwatch.read.table import Note, Table
from waferwatch.scoring import wafers
from waferwatch.scoring.detecting.learnt import roles_of
from waferwatch.scoring.detecting.with_model import detect_with
from waferwatch.scoring.model import Model
from waferwatch.scoring.notes.codes import codes_of
from waferwatch.scoring.notes.counters import counter_notes
from waferwatch.scoring.notes.decades import decades_notes
from waferwatch.scoring.question import Question
from waferwatch.scoring.reference import Scope, like, normal_series, set_aside_notes, standing_out_notes
from waferwatch.scoring.result import Detection
from waferwatch.scoring.sensors import with_sensors_of
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
            *standing_out_notes(fitted, normal, table.first_row),
            *counter_notes(normal, features),
            *decades_notes(fitted, features),
            *_network_notes(method, fitted),
        ),
        wafers=wafers.learn_from(table, normal, features, fitted),
        codes=codes_of(table, normal),
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
