"""VUS-PR: the volume under the surface of range-based precision-recall curves.

Paparrizos, Boniol, Palpanas, Tsay, Elmore, Franklin: "Volume Under the Surface: A New Accuracy Evaluation Measure for
Time-Series Anomaly Detection", VLDB 2022, in the form in which the TSB-AD benchmark computes it (TSB-AD 1.5,
``RangeAUC_volume_opt`` with 250 thresholds), so that figures compare with its published ones. Around each labelled
stretch lies a buffer in which a detection still counts in part; the area under the precision-recall curve is averaged
over every buffer width from 0 to the window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waferwatch.evaluate.metrics import lowest_where_unjudged, same_length

THRESHOLDS = 250  # points of each curve, evenly spaced over the ranked scores

_FAR = np.iinfo(np.int64).max // 4  # distance to a stretch that does not exist


@dataclass(frozen=True)
class Stretches:
    """The labelled stretches, first to last."""

    starts: NDArray[np.int64]  # (stretches,) first labelled point of each
    ends: NDArray[np.int64]  # (stretches,) last labelled point of each


def vus_pr(labels: ArrayLike, scores: ArrayLike, window: int) -> float:
    """VUS-PR of scores against labels, as TSB-AD computes it.

    Args:
        labels: (points,) truthy where anomalous, in time order.
        scores: (points,) high = anomalous; NaN = could not be judged, taken as the lowest score.
        window: widest buffer, in points: the :mod:`waferwatch.series.period` of one sensor, 100 for several sensors.

    Returns:
        0 to 1, up to rounding; NaN when no point or every point is labelled, since then there is nothing to tell apart.

    Raises:
        ValueError: when labels and scores differ in length, or the window is below 0.
    """
    truth, values = same_length(labels, np.asarray(scores, dtype=np.float64))
    if window < 0:
        raise ValueError(f"the window must be at least 0, not {window}")
    if truth.all() or not truth.any():
        return float("nan")
    step = first_steps(lowest_where_unjudged(values))
    flagged = np.cumsum(np.bincount(step, minlength=THRESHOLDS))
    hits = np.cumsum(np.bincount(step[truth], minlength=THRESHOLDS))
    stretches = labelled_stretches(truth)
    buffer = Buffer(truth, stretches, window // 2)
    areas = np.empty(window + 1)
    for width in range(window + 1):
        if width % 2 == 0:  # widths 2h and 2h + 1 both reach h points to each side
            found = _found_share(step, stretches, width // 2)
        points, soft = buffer.soft_labels(width)
        partial = np.cumsum(np.bincount(step[points], weights=soft, minlength=THRESHOLDS))
        recall = np.minimum((hits + partial) / (int(truth.sum()) + partial / 2), 1.0) * found
        areas[width] = np.dot(np.diff(recall, prepend=0.0), (hits + partial) / flagged)
    return float(areas.mean())


def first_steps(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """(points,) index of the highest threshold that flags each point; the thresholds fall from step to step."""
    descending = -np.sort(-scores)
    thresholds = descending[np.linspace(0, len(scores) - 1, THRESHOLDS).astype(int)]
    return np.searchsorted(-thresholds, -scores, side="left")


def labelled_stretches(truth: NDArray[np.bool_]) -> Stretches:
    edges = np.diff(truth.astype(np.int8), prepend=0, append=0)
    return Stretches(starts=np.flatnonzero(edges == 1), ends=np.flatnonzero(edges == -1) - 1)


def _found_share(step: NDArray[np.int64], stretches: Stretches, reach: int) -> NDArray[np.float64]:
    """(thresholds,) share of the stretches, widened by ``reach`` and joined where they overlap, that hold a flag."""
    earliest, _ = joined_stretches(step, stretches, reach)
    return np.cumsum(np.bincount(earliest, minlength=THRESHOLDS)) / len(earliest)


def joined_stretches(
    step: NDArray[np.int64], stretches: Stretches, reach: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Stretches widened by ``reach`` and joined where they overlap: the first threshold that flags a point of each,
    and the first labelled point of each.
    """
    apart = stretches.starts[1:] - stretches.ends[:-1] > 2 * reach
    starts = stretches.starts[np.append(True, apart)]
    first = np.maximum(starts - reach, 0)
    after = np.minimum(stretches.ends[np.append(apart, True)] + reach + 1, len(step))
    borders = np.column_stack([first, after]).ravel()
    # reduceat takes no border behind the last point, so one stands there that is found at no threshold.
    earliest: NDArray[np.int64] = np.minimum.reduceat(np.append(step, THRESHOLDS), borders)[::2]
    return earliest, starts


class Buffer:
    """The unlabelled points within reach of a labelled stretch."""

    def __init__(self, truth: NDArray[np.bool_], stretches: Stretches, reach: int) -> None:
        points = np.flatnonzero(~truth)
        before = np.concatenate([[-_FAR, -_FAR], stretches.ends])
        behind = np.concatenate([stretches.starts, [_FAR, _FAR]])
        place = np.searchsorted(stretches.ends, points)  # stretches that end before the point
        left, left_but_one = points - before[place + 1], points - before[place]
        right, right_but_one = behind[place] - points, behind[place + 1] - points
        nearest = np.minimum(left, right)
        # The nearest but one may lie on the same side as the nearest.
        second = np.minimum(np.maximum(left, right), np.where(left <= right, left_but_one, right_but_one))
        order = np.argsort(nearest, kind="stable")[: np.count_nonzero(nearest <= reach)]
        self._nearest = nearest[order]  # ascending distance to the nearest stretch
        self._second = second[order]  # distance to the second nearest
        self._points = points[order]

    def soft_labels(self, width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The points of a buffer of this width, and the soft label of each."""
        reach = width // 2
        count = int(np.searchsorted(self._nearest, reach, side="right")) if reach else 0
        soft = np.sqrt(1 - self._nearest[:count] / max(width, 1))
        # Labels of overlapping buffers add up to at most 1, and any two add up to more: each is at least sqrt(1/2).
        soft[self._second[:count] <= reach] = 1.0
        return self._points[:count], soft
