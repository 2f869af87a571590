"""Another threshold on the scores of a finished detection: flags and events anew, without running the model."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from waferwatch.errors import InputError
from waferwatch.evaluate.metrics import flag_metrics
from waferwatch.events.build import build_events
from waferwatch.events.extent import narrowed, usual_jumps
from waferwatch.indicators.judge import RowScores
from waferwatch.read.table import Table
from waferwatch.scoring import wafers
from waferwatch.scoring.result import Detection
from waferwatch.series.split import split


def with_threshold(table: Table, found: Detection, threshold: float) -> Detection:
    """The same detection with the rows above ``threshold`` flagged.

    Args:
        table: what ``found`` was detected in.
        threshold: a finite number, as the scores are.

    Raises:
        InputError: for a threshold that is no finite number.
    """
    if not math.isfinite(threshold):
        raise InputError("The threshold must be a finite number.", hint="Choose another number.", field="threshold")
    flags = np.isfinite(found.scores) & (np.nan_to_num(found.scores) > threshold)
    parts = split(table, layout=found.layout)
    series = [one.with_sensors(parts.features, found.features) for one in parts.series]
    flags = narrowed(flags, found.contributions, series, usual_jumps(found.jumps, series))
    events, event_ids = build_events(found.scores, flags, found.contributions, series, table, found.features)
    rows = RowScores(found.scores, flags, found.contributions, threshold)
    runs, problems = wafers.verdicts_and_problems(
        found.wafers, table, series, rows, events, event_ids, found.layout, found.limits, found.shifts
    )
    labels = table.labels()
    return replace(
        found,
        flags=flags,
        events=events,
        event_ids=event_ids,
        threshold=threshold,
        threshold_by="hand",
        promise=None,
        metrics=None if labels is None else flag_metrics(labels, flags),
        runs=runs,
        problems=problems,
    )
