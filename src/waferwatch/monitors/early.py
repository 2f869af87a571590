"""What raises live alarms, learnt with each version of a monitor from the rows that it learnt from."""

from __future__ import annotations

from collections.abc import Sequence

from waferwatch.models.early.detector import EarlyDetector
from waferwatch.models.fitted import Fitted
from waferwatch.scoring.model import Model
from waferwatch.scoring.run import fit_series
from waferwatch.series.series import Series


def learn_early(model: Model, normal: Sequence[Series]) -> Fitted | None:
    """The detector ``early`` on normal series; None for a model of this very detector, which needs no second one."""
    return None if model.name == EarlyDetector.name else fit_series(EarlyDetector(), normal)


def early_of(model: Model) -> Fitted | None:
    """What scores rows as they come; None for a model that was learnt before 0.6.0."""
    return model.fitted if model.name == EarlyDetector.name else model.early
