"""The job that finds anomalies, and what later questions about its result need."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.jobs.finished import finished_of
from waferwatch.jobs.options import Options, chosen_rows, reference_period, with_features
from waferwatch.models.contract import Progress, part_of
from waferwatch.monitors.alarms.hours import hours_of
from waferwatch.monitors.drift.check import drift
from waferwatch.read.table import Table
from waferwatch.scoring.part import detect_rows, detect_rows_with, move_threshold
from waferwatch.scoring.result import Detection
from waferwatch.series.split import split
from waferwatch.settings import Settings
from waferwatch.store.monitors.facts import kept_notes
from waferwatch.store.runs import Run
from waferwatch.store.store import Store

HOURS = "equipment_hours"  # in the summary of a detection by a monitor: how long the scored rows last
_SCORING = 0.9  # of the work of a monitor, as far as progress shows it


def run_detection(store: Store, settings: Settings, run: Run, progress: Progress) -> dict[str, Any]:
    """Detect, keep the result, and return its summary.

    Raises:
        InputError, NotFoundError, ModelError, Cancelled: as ``detect_table``, and for options that cannot be used.
    """
    options = Options.from_dict(run.options)
    if options.monitor is not None:
        return run_monitor(store, run, options, progress)
    table = table_of(store, options)
    found = detect_rows(
        table,
        chosen_rows(table, options),
        options,
        reference=reference_period(table, options),
        limits=options.limits,
        device=settings.device,
        progress=progress,
    )
    store.results.put_detection(run.id, found)
    store.problems.found_by(run, found)
    return summary(found)


def run_monitor(store: Store, run: Run, options: Options, progress: Progress) -> dict[str, Any]:
    """Detect by a monitor, keep the result and whether its normal still fits, and return the summary.

    Raises:
        InputError, NotFoundError, ModelError, DamagedError, Cancelled: as ``detect_by``.
    """
    version = store.monitors.version(str(options.monitor))
    model = store.monitors.model(version)
    table = table_of(store, options)
    rows = chosen_rows(table, options)
    found = detect_rows_with(model, table, rows, options.thresholds, part_of(progress, 0.0, _SCORING), options.limits)
    fits = drift(model, table, found, progress=part_of(progress, _SCORING, 1 - _SCORING))
    store.results.put_detection(run.id, found)
    store.problems.found_by(run, found)
    store.results.put_document(run.id, {"drift": {**fits.to_dict(), "notes": kept_notes(fits.notes)}})
    hours = hours_of(split(table).series, ~np.isnan(found.scores))
    return {**summary(found), "monitor": version.title, "fits": fits.fits.value, HOURS: hours}


def table_of(store: Store, options: Options) -> Table:
    """The table as a run sees it: every row, with the roles of its time, and of the sensors those that were chosen.

    Raises:
        NotFoundError, InputError: when the data set or a column is gone or is no sensor.
    """
    return with_features(store.datasets.table(options.dataset, options.version), options.features)


def set_threshold(store: Store, run: Run, threshold: float) -> Detection:
    """Move the threshold of a finished detection, and keep it so.

    Raises:
        InputError: for a threshold that is no finite number.
        NotFoundError: when the data set or the result is gone.
        DamagedError: when the result was damaged.
        StorageFullError: when the disk is full; the threshold stays where it was.
    """
    with store.results.lock(run.id):
        one = finished_of(store, run)
        found = move_threshold(one.table, one.rows, one.found, threshold)
        # A kill after the next line leaves an old summary; without it, a moved result that answers the old question.
        store.runs.move(run.id, run.summary or {})
        store.results.put_threshold(run.id, found)
        store.problems.found_by(run, found)
        store.runs.move(run.id, {**summary(found), **_of_monitor(run)})
    return found


def _of_monitor(run: Run) -> dict[str, Any]:
    """What the summary says of a monitor, which a moved threshold leaves as it is."""
    return {name: value for name, value in (run.summary or {}).items() if name in ("monitor", "fits", HOURS)}


def summary(found: Detection) -> dict[str, Any]:
    """What the list of runs shows of a detection."""
    metrics = found.metrics
    return {
        "detector": found.detector,
        "model": found.model,
        "device": found.device,
        "rows": len(found.scores),
        "judged": int(np.isfinite(found.scores).sum()),
        "anomalies": int(found.flags.sum()),
        "problems": sum(one.severity is not ProblemSeverity.WEAK for one in found.problems),
        "events": len(found.events),
        "seconds": found.seconds,
        "f1": None if metrics is None else metrics.f1,
        "threshold_by": found.threshold_by,
        "threshold": found.threshold if np.isfinite(found.threshold) else None,
        "promise": None if found.promise is None else asdict(found.promise),
    }
