"""One detection over one table: shape the series, fit, score, threshold, merge into events."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from waferwatch.detection.budget import budget_notes, budget_threshold, check_budget, with_achieved
from waferwatch.detection.calibration import calibrate
from waferwatch.detection.result import Detection, RunScore
from waferwatch.detectors.base import Detector, Progress, Scores, no_progress, part_of
from waferwatch.detectors.registry import create
from waferwatch.detectors.threshold import DEFAULT_CONTAMINATION, contamination_threshold
from waferwatch.errors import InputError
from waferwatch.evaluate.metrics import flag_metrics
from waferwatch.events.build import build_events
from waferwatch.read.table import Note, Table
from waferwatch.series.series import Series
from waferwatch.series.split import Split, split

_MANY_RUNS = 8
TOP_SHARE = 0.1  # of a run's points, the highest, whose mean is the run's score


def detect_table(
    table: Table,
    *,
    detector: str = "moment",
    checkpoint: str | None = None,
    contamination: float = DEFAULT_CONTAMINATION,
    false_alarms: float | None = None,
    reference_rows: int | None = None,
    reference: Table | None = None,
    device: str | None = None,
    progress: Progress = no_progress,
) -> Detection:
    """Find anomalies in a table.

    Args:
        table: what to judge.
        detector: a name of ``detector_names()``.
        checkpoint: for ``moment``: name of an imported checkpoint; None takes the embedded one.
        contamination: expected share of anomalous rows, above 0 and at most 0.5.
        false_alarms: instead: at most so many false events per equipment and week. The detector then learns from the
            first two thirds of the known-normal rows, and its threshold is found on the others.
        reference_rows: the first so many rows of each group, in time order, are known to be normal.
        reference: a table of known-normal rows with the same sensors, instead of ``reference_rows``.
        device: "auto", "cpu" or "cuda"; None takes the setting.
        progress: told the share done, 0 to 1; may raise ``Cancelled``.

    Raises:
        InputError, NotFoundError, ModelError: each says what to do about it.
    """
    started = time.perf_counter()
    known = reference is not None or reference_rows is not None
    _refuse_early(contamination, false_alarms, known)
    parts = split(table, reference_rows=reference_rows, reference=reference)
    calibration = None if false_alarms is None else calibrate(parts, false_alarms)
    runner = create(detector, checkpoint=checkpoint, device=device)
    all_scores = score_split(runner, parts if calibration is None else calibration.work, progress)
    scores = all_scores[: len(parts.series)]
    points, contributions = _in_input_order(parts, scores, len(table.frame))
    if np.isnan(points).all() and known:
        raise _nothing_learnt(detector, "reference_rows" if reference is None else "reference")
    if calibration is None:
        threshold, budget = contamination_threshold(points, contamination), None
    else:
        threshold, budget = budget_threshold(calibration, all_scores)
    flags = points > threshold  # NaN compares as False: what was not judged is not flagged
    events, event_ids = build_events(points, flags, contributions, parts.series, table, parts.features)
    labels = table.labels()
    if calibration is not None and budget is not None:
        budget = with_achieved(budget, calibration, parts.series, points, events, event_ids, labels)
    return Detection(
        scores=points,
        flags=flags,
        contributions=contributions,
        event_ids=event_ids,
        events=events,
        runs=_run_scores(table, parts.series, scores, flags),
        features=parts.features,
        threshold=threshold,
        threshold_by="contamination" if budget is None else "false_alarms",
        budget=budget,
        detector=detector,
        model=runner.model.name,
        model_sha256=runner.model.sha256,
        device=runner.model.device,
        seconds=time.perf_counter() - started,
        metrics=None if labels is None else flag_metrics(labels, flags),
        notes=(*table.notes, *parts.notes, *_unjudged_note(points), *budget_notes(budget)),
    )


def _refuse_early(contamination: float, false_alarms: float | None, known: bool) -> None:
    """Bad values are refused before the work, not after it."""
    if false_alarms is None:
        contamination_threshold(np.zeros(1), contamination)
    else:
        check_budget(false_alarms, contamination, known)


def _nothing_learnt(detector: str, field: str) -> InputError:
    return InputError(
        "{detector} could learn nothing from the reference, so no row could be judged.",
        hint="Give more known-normal rows: some hundreds for each equipment, with values in the same sensors.",
        field=field,
        detector=detector,
    )


def score_split(detector: Detector, parts: Split, progress: Progress = no_progress) -> list[Scores]:
    """Fit once for each scope and score its series; answers in the order of ``parts.series``."""
    by_scope: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, one in enumerate(parts.series):
        by_scope[one.scope].append(number)
    total = max(1, sum(len(one) for one in parts.series))
    found: dict[int, Scores] = {}
    finished = 0
    for scope, numbers in by_scope.items():
        mine = [parts.series[number] for number in numbers]
        share = sum(len(one) for one in mine) / total
        before = finished / total
        progress(before)
        # Threads of the matrix library wait for one another by spinning: on a busy machine two took eight times the
        # processor time of one, on a free one they were no faster.
        with threadpool_limits(limits=1, user_api="blas"):
            detector.fit(reference_of(scope, mine, parts.reference), part_of(progress, before, 0.0))
            scored = detector.score(mine, part_of(progress, before, share))
        found.update(zip(numbers, scored, strict=True))
        finished += sum(len(one) for one in mine)
        progress(finished / total)
    return [found[number] for number in range(len(parts.series))]


def reference_of(scope: tuple[str, ...], series: Sequence[Series], given: Sequence[Series]) -> list[Series]:
    """What a scope is fitted on: the reference table's rows of the same scope, or those of every scope when it has
    none; else the marked rows; else, when nothing is known to be normal, everything.
    """
    if given:
        return [one for one in given if one.scope == scope] or list(given)
    if all(one.reference is None for one in series):
        return list(series)
    return known_parts(series)


def known_parts(series: Sequence[Series]) -> list[Series]:
    """The points that are known to be normal, of each series that has any.

    Where many runs are known as wholes, one that is known in part is left out: half a run is no normal run.
    """
    known = [(one, one.reference) for one in series if one.reference is not None and one.reference.any()]
    wholes = [(one, mask) for one, mask in known if one.is_run and mask.all()]
    chosen = wholes if len(wholes) >= _MANY_RUNS else known
    return [one.at(mask) for one, mask in chosen]


def _in_input_order(
    parts: Split, scores: Sequence[Scores], rows: int
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    points = np.full(rows, np.nan)
    contributions = np.full((rows, len(parts.features)), np.nan, np.float32)
    for series, one in zip(parts.series, scores, strict=True):
        points[series.rows] = one.points
        contributions[series.rows] = one.contributions
    return points, contributions


def _run_scores(
    table: Table, series: Sequence[Series], scores: Sequence[Scores], flags: NDArray[np.bool_]
) -> list[RunScore]:
    return [
        RunScore(
            key=dict(zip(table.groups, one.key, strict=True)),
            start_row=int(one.rows[0]),
            rows=len(one),
            score=_highest_tenth(scored.points),
            flagged=int(flags[one.rows].sum()),
        )
        for one, scored in zip(series, scores, strict=True)
    ]


def _highest_tenth(points: NDArray[np.float64]) -> float:
    judged = points[~np.isnan(points)]
    if not len(judged):
        return float("nan")
    count = max(1, round(TOP_SHARE * len(judged)))
    return float(np.partition(judged, -count)[-count:].mean())


def _unjudged_note(points: NDArray[np.float64]) -> tuple[Note, ...]:
    missing = int(np.isnan(points).sum())
    if not missing:
        return ()
    return (
        Note(
            "{count} of {rows} rows could not be judged and are not flagged.", {"count": missing, "rows": len(points)}
        ),
    )
