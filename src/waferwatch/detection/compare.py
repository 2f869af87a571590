"""Several detectors on one table, each with the same rows, reference and contamination."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from waferwatch.detection.result import Detection
from waferwatch.detection.run import detect_table
from waferwatch.detectors.base import Progress, no_progress
from waferwatch.detectors.registry import detector_names
from waferwatch.errors import InputError
from waferwatch.evaluate.metrics import auc_pr
from waferwatch.evaluate.vus import period, vus_pr
from waferwatch.read.table import Role, Table

MULTIVARIATE_WINDOW = 100  # VUS-PR's widest buffer in points, as TSB-AD sets it for several sensors


@dataclass(frozen=True)
class ComparisonRow:
    """One detector's line of the comparison. The metrics are None without labels (or without any anomalous row)."""

    detector: str
    model: str
    device: str
    precision: float | None
    recall: float | None
    f1: float | None
    auc_pr: float | None
    vus_pr: float | None
    anomalies: int  # flagged rows
    anomaly_ratio: float  # flagged rows / rows
    events: int
    seconds: float


def compare_table(
    table: Table,
    *,
    detectors: Sequence[str] | None = None,
    contamination: float = 0.05,
    reference_rows: int | None = None,
    reference: Table | None = None,
    progress: Progress = no_progress,
) -> list[ComparisonRow]:
    """Run detectors on a table and say how each did, in the order given (all of them by default).

    Raises:
        InputError: when no detector is given; otherwise as ``detect_table``.
    """
    names = detector_names() if detectors is None else list(dict.fromkeys(detectors))
    if not names:
        raise InputError(
            "No detector was given to compare.",
            hint="Choose at least one of: {known}.",
            field="detectors",
            known=", ".join(detector_names()),
        )
    rows = []
    for number, name in enumerate(names):
        detection = detect_table(
            table,
            detector=name,
            contamination=contamination,
            reference_rows=reference_rows,
            reference=reference,
            progress=_part_of(progress, number, len(names)),
        )
        rows.append(_row(table, detection))
    return rows


def _part_of(progress: Progress, number: int, count: int) -> Progress:
    return lambda share: progress((number + share) / count)


def _row(table: Table, detection: Detection) -> ComparisonRow:
    flagged = int(detection.flags.sum())
    label = table.column(Role.LABEL)
    labels = None if label is None else table.frame[label].to_numpy(bool)
    return ComparisonRow(
        detector=detection.detector,
        model=detection.model,
        device=detection.device,
        precision=detection.metrics.precision if detection.metrics else None,
        recall=detection.metrics.recall if detection.metrics else None,
        f1=detection.metrics.f1 if detection.metrics else None,
        auc_pr=None if labels is None else _number(auc_pr(labels, detection.scores)),
        vus_pr=None
        if labels is None
        else _number(vus_pr(labels, detection.scores, vus_window(table, detection.features))),
        anomalies=flagged,
        anomaly_ratio=flagged / len(table.frame),
        events=len(detection.events),
        seconds=detection.seconds,
    )


def vus_window(table: Table, features: Sequence[str]) -> int:
    """VUS-PR's widest buffer in points: the period of a single sensor, 100 for several (TSB-AD's rule)."""
    if len(features) > 1:
        return MULTIVARIATE_WINDOW
    values = table.frame[features[0]].to_numpy(float)
    return period(values[~np.isnan(values)])


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
