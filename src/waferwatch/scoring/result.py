"""What a detection gives back."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.evaluate.metrics import Metrics
from waferwatch.events.event import Event
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.indicators.learnt.wafer_model import WaferModel
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.verdicts import RunScore
from waferwatch.models.levels import LevelShift
from waferwatch.read.table import Note
from waferwatch.scoring.thresholds.promise import Promise
from waferwatch.series.layout import SeriesLayout


@dataclass(frozen=True)
class Detection:
    """Scores, flags and events for every input row, in input order."""

    scores: NDArray[np.float64]  # (rows,) high = anomalous, NaN = could not be judged
    flags: NDArray[np.bool_]  # (rows,) False where the score is NaN
    contributions: NDArray[np.float32]  # (rows, features) at least 0, adds up to the score; NaN where the score is
    event_ids: NDArray[np.int64]  # (rows,) id of the event the row belongs to, 0 = none
    events: list[Event]
    runs: list[RunScore]  # one per wafer, with its verdict; without wafers one per series
    features: list[str]
    threshold: float  # flagged rows score above it; ``threshold_by`` says what set it
    detector: str
    model: str  # checkpoint or algorithm that ran
    model_sha256: str | None  # hash of the checkpoint's weights
    device: str
    seconds: float  # from shaping the series to the events, without reading the file
    metrics: Metrics | None = None  # None without labels
    notes: tuple[Note, ...] = field(default=())  # what was done to the data that its owner should know
    threshold_by: str = "auto"  # what set the threshold: "auto", "contamination", "false_alarms" or "hand"
    promise: Promise | None = None  # what the threshold promises; None for results of older versions
    model_digest: str | None = None  # of all that was learnt
    jumps: dict[str, list[float]] = field(default_factory=dict)  # see events.extent; empty for older versions
    layout: SeriesLayout | None = None  # how the table was cut into series; None for results of older versions
    problems: list[FabProblem] = field(default_factory=list)  # worst first
    limits: list[TypedLimit] = field(default_factory=list)  # of indicators, that a person has set
    shifts: list[LevelShift] = field(default_factory=list)  # of a rebased model, which its indicators are free of
    wafers: WaferModel | None = None  # limits and what golden wafers showed; None without golden wafers

    def to_dict(self) -> dict[str, Any]:
        """The result without its row arrays, as plain JSON types (NaN becomes None)."""
        rows, anomalies = len(self.scores), int(self.flags.sum())
        return {
            "detector": self.detector,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "device": self.device,
            "rows": rows,
            "anomalies": anomalies,
            "anomaly_ratio": anomalies / rows if rows else 0.0,
            "threshold": self.threshold if math.isfinite(self.threshold) else None,
            "threshold_by": self.threshold_by,
            "promise": None if self.promise is None else asdict(self.promise),
            "model_digest": self.model_digest,
            "seconds": self.seconds,
            "features": list(self.features),
            "metrics": None if self.metrics is None else asdict(self.metrics),
            "events": [event.to_dict() for event in self.events],
            "runs": [run.to_dict() for run in self.runs],
            "problems": [one.to_dict() for one in self.problems],
            "notes": [str(note) for note in self.notes],
        }
