"""The library's two functions over pandas frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from waferwatch.detection.compare import ComparisonRow, compare_table
from waferwatch.detection.result import Detection
from waferwatch.detection.run import detect_table
from waferwatch.detectors.base import Progress, no_progress
from waferwatch.detectors.threshold import DEFAULT_CONTAMINATION
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table

Columns = str | Sequence[str]


def detect(
    frame: pd.DataFrame,
    *,
    features: Columns | None = None,
    time: str | None = None,
    group: Columns | None = None,
    label: str | None = None,
    roles: Mapping[str, str] | None = None,
    reference: pd.DataFrame | None = None,
    reference_rows: int | None = None,
    detector: str = "moment",
    contamination: float = DEFAULT_CONTAMINATION,
    false_alarms: float | None = None,
    checkpoint: str | None = None,
    device: str | None = None,
    progress: Progress = no_progress,
) -> Detection:
    """Find anomalies in a frame of sensor readings.

    Args:
        frame: rows in any time order; results come back in its row order. It is not changed.
        features: sensor columns; by default every numeric column that is not something else by its name.
        time: time column; by default found by name and content. Without one the rows are in order.
        group: columns that part the rows into series: the equipment, or the run of run-based traces.
        label: column of known anomalies, for precision, recall and F1.
        roles: column -> role ("time", "sensor", "equipment", "lot", "wafer", "recipe", "step", "context", "label" or
            "ignored"), for columns that were not recognised.
        reference: known-normal rows with the same columns (for example the good runs).
        reference_rows: instead: the first so many rows of each group, in time order, are known to be normal.
        detector: one of ``detector_names()``.
        contamination: expected share of anomalous rows, above 0 and at most 0.5.
        false_alarms: instead: at most so many false events per equipment and week. Needs a reference or
            reference_rows, and a time column with dates; the result's ``budget`` says what it rests on and what came
            of it.
        checkpoint: for ``moment``: name of an imported checkpoint; by default the embedded one.
        device: "auto", "cpu" or "cuda"; by default the setting ``WAFERWATCH_DEVICE``.
        progress: called with the share done, 0 to 1.

    Returns:
        Scores, flags and contributions for every row, events, and what ran.

    Raises:
        InputError: the data or an option cannot be used; the sentence names column and row and says what to do.
        NotFoundError: a column, detector or checkpoint that does not exist.
        ModelError: the checkpoint or device cannot be used.
    """
    return detect_table(
        _table(frame, "the frame", features, time, group, label, roles),
        detector=detector,
        checkpoint=checkpoint,
        contamination=contamination,
        false_alarms=false_alarms,
        reference_rows=reference_rows,
        reference=None if reference is None else _table(reference, "the reference", features, time, group, None, roles),
        device=device,
        progress=progress,
    )


def compare(
    frame: pd.DataFrame,
    *,
    detectors: Sequence[str] | None = None,
    features: Columns | None = None,
    time: str | None = None,
    group: Columns | None = None,
    label: str | None = None,
    roles: Mapping[str, str] | None = None,
    reference: pd.DataFrame | None = None,
    reference_rows: int | None = None,
    contamination: float = DEFAULT_CONTAMINATION,
    progress: Progress = no_progress,
) -> list[ComparisonRow]:
    """Run several detectors (all by default) on the same frame; arguments and errors as for ``detect``."""
    return compare_table(
        _table(frame, "the frame", features, time, group, label, roles),
        detectors=detectors,
        contamination=contamination,
        reference_rows=reference_rows,
        reference=None if reference is None else _table(reference, "the reference", features, time, group, None, roles),
        progress=progress,
    )


def _table(
    frame: pd.DataFrame,
    name: str,
    features: Columns | None,
    time: str | None,
    group: Columns | None,
    label: str | None,
    roles: Mapping[str, str] | None,
) -> Table:
    return table_from_frame(
        frame, name=name, features=_listed(features), time=time, group=_listed(group), label=label, roles=roles
    )


def _listed(columns: Columns | None) -> list[str] | None:
    """One column may be given as plain text."""
    return [columns] if isinstance(columns, str) else None if columns is None else list(columns)
