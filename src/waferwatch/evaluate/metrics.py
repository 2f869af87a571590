"""How flags and scores compare with labels, row by row. Never point-adjusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score

Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True)
class Metrics:
    """How the flags compare with the labels, row by row. All between 0 and 1."""

    precision: float
    recall: float
    f1: float


def flag_metrics(labels: ArrayLike, flags: ArrayLike) -> Metrics:
    """Precision, recall and F1 of flags against labels.

    A row that could not be judged is not flagged, so it counts as missed where it is labelled. A ratio of nothing to
    nothing is 0: without flags the precision, without labels the recall.

    Args:
        labels: (rows,) truthy where anomalous.
        flags: (rows,) truthy where flagged.

    Raises:
        ValueError: when the two differ in length.
    """
    truth, found = same_length(labels, np.asarray(flags, dtype=bool))
    hits = int(np.count_nonzero(truth & found))
    flagged, labelled = int(np.count_nonzero(found)), int(np.count_nonzero(truth))
    return Metrics(
        precision=hits / flagged if flagged else 0.0,
        recall=hits / labelled if labelled else 0.0,
        f1=2 * hits / (flagged + labelled) if hits else 0.0,
    )


def auc_pr(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the precision-recall curve: average precision, as scikit-learn computes it.

    Args:
        labels: (rows,) truthy where anomalous.
        scores: (rows,) high = anomalous; NaN = could not be judged, taken as the lowest score.

    Returns:
        0 to 1; NaN when no row or every row is labelled, since then there is nothing to tell apart.

    Raises:
        ValueError: when the two differ in length.
    """
    truth, values = same_length(labels, np.asarray(scores, dtype=np.float64))
    if truth.all() or not truth.any():
        return float("nan")
    return float(average_precision_score(truth, lowest_where_unjudged(values)))


def lowest_where_unjudged(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores with NaN replaced by the lowest score there is (0 when no row was judged)."""
    unjudged = np.isnan(scores)
    if not unjudged.any():
        return scores
    return np.where(unjudged, 0.0 if unjudged.all() else np.nanmin(scores), scores)


def same_length(labels: ArrayLike, other: NDArray[Value]) -> tuple[NDArray[np.bool_], NDArray[Value]]:
    """The labels as bool, checked to be one for each entry of ``other``."""
    truth = np.asarray(labels, dtype=bool)
    if truth.ndim != 1 or truth.shape != other.shape:
        raise ValueError(f"labels of shape {truth.shape} do not fit values of shape {other.shape}")
    return truth, other
