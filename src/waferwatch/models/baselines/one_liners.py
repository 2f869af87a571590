"""Two detectors of one line each, to hold every model against.

Both are the ones of "When Foundation Models are One-Liners" (ICLR 2026), which found that the plain reconstruction
error of MOMENT says no more than the variance of a window (Var-96), and that forecasters say no more than the squared
difference to the mean of the last three points (Last-3).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from waferwatch.models.baselines.scaling import ReferenceScales, standard_deviation
from waferwatch.models.baselines.scorer import BaselineDetector, Scorer
from waferwatch.models.contract import ModelInfo, Progress, Scores, no_progress
from waferwatch.series.series import Series

Floats = NDArray[np.float64]

_VARIANCE_POINTS = 96
_MEAN_POINTS = 3
_ELEMENTS_AT_ONCE = 2_000_000  # values worked on at a time, which bounds the memory on top of the answer


class _OneLiner(Scorer):
    """Mean over the sensors of a curve, each sensor in units of its reference variance."""

    def __init__(self) -> None:
        self._scales: ReferenceScales | None = None

    def fit(self, reference: Sequence[Series]) -> Self:
        """Learn each sensor's variance, equipment by equipment."""
        self._scales = ReferenceScales(reference, standard_deviation)
        return self

    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        """Score each series. A sensor that cannot be judged at a point leaves the mean to the others."""
        if self._scales is None:
            raise RuntimeError("score comes after fit")
        total = max(sum(len(one) for one in series), 1)
        done = 0
        scores = []
        for one in series:
            scores.append(self._score_one(one, self._scales))
            done += len(one)
            progress(done / total)
        return scores

    def _score_one(self, series: Series, scales: ReferenceScales) -> Scores:
        scale = scales.of(series)
        contributions = np.empty(series.values.shape, dtype=np.float32)
        total, judged = np.zeros(len(series)), np.zeros(len(series))
        at_once = max(1, _ELEMENTS_AT_ONCE // max(len(series), 1))
        for first in range(0, series.sensors, at_once):
            columns = slice(first, first + at_once)
            standardised = scale.standardise(series.values[:, columns], columns)
            curve = np.where(np.isnan(standardised), np.nan, self._curve(standardised))
            known = ~np.isnan(curve)
            curve[~known] = 0.0
            total += curve.sum(axis=1)
            judged += known.sum(axis=1)
            contributions[:, columns] = curve
        share = np.where(judged > 0, 1 / np.maximum(judged, 1), np.nan)
        contributions *= share[:, None].astype(np.float32)
        return Scores(points=total * share, contributions=contributions)

    @abstractmethod
    def _curve(self, values: Floats) -> Floats:
        """Standardised values (n, sensors) -> score of each sensor at each point, NaN where it is unknown."""


class MovingVarianceScorer(_OneLiner):
    """Variance over the 96 points around each point, the 48 before it and the 47 after it.

    At the ends of a series, and in a series shorter than the window, the points that exist are taken; fewer than two
    cannot be judged (NaN). Missing values are left out.
    """

    info = ModelInfo(f"moving variance over {_VARIANCE_POINTS} points", None, f"cpu (numpy {np.__version__})")
    context, delay = 48, 47

    def _curve(self, values: Floats) -> Floats:
        return moving_variance(values, _VARIANCE_POINTS)


class SquaredDifferenceScorer(_OneLiner):
    """Squared difference to the mean of the three points before.

    The first three points of a series cannot be judged (NaN), nor can a point without any value in the three before it.
    """

    info = ModelInfo(
        f"squared difference to the mean of the last {_MEAN_POINTS} points", None, f"cpu (numpy {np.__version__})"
    )
    context, delay = 3, 0

    def _curve(self, values: Floats) -> Floats:
        return squared_difference(values, _MEAN_POINTS)


def moving_variance(values: Floats, window: int) -> Floats:
    """Variance over a centred window that shrinks at the borders, (n, sensors), NaN below two values.

    Cumulative sums in blocks of one window, each block centred on its own mean: a huge value far away, or a mean far
    above the spread, takes no digit from the variance here.
    """
    rows, sensors = values.shape
    blocks = -(-rows // window)
    padded = np.full((blocks * window + window - 1, sensors), np.nan)
    padded[window // 2 : window // 2 + rows] = values
    segments = sliding_window_view(padded, 2 * window - 1, axis=0)[::window]  # (blocks, sensors, 2 * window - 1)
    variance = np.empty((blocks, window, sensors))
    at_once = max(1, _ELEMENTS_AT_ONCE // 4 // (2 * window * max(sensors, 1)))
    for first in range(0, blocks, at_once):
        some = slice(first, first + at_once)
        variance[some] = np.swapaxes(_block_variance(segments[some], window), 1, 2)
    return variance.reshape(blocks * window, sensors)[:rows]


def _block_variance(segments: Floats, window: int) -> Floats:
    """Variance of each window in each segment, along the last axis."""
    known = ~np.isnan(segments)
    values = np.where(known, segments, 0.0)
    mean = values.sum(axis=-1, keepdims=True) / np.maximum(known.sum(axis=-1, keepdims=True), 1)
    values = np.where(known, segments - mean, 0.0)
    count = _window_sums(known.astype(np.float64), window)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = _window_sums(values * values, window) / count - (_window_sums(values, window) / count) ** 2
    return np.where(count >= 2, np.maximum(variance, 0.0), np.nan)


def _window_sums(values: Floats, window: int) -> Floats:
    """Sums over each run of ``window`` values along the last axis."""
    sums = np.cumsum(values, axis=-1)
    result: Floats = sums[..., window - 1 :].copy()
    result[..., 1:] -= sums[..., :-window]
    return result


def squared_difference(values: Floats, points: int) -> Floats:
    """Squared difference to the mean of the ``points`` values before, (n, sensors), NaN without any of them."""
    result = np.full(values.shape, np.nan)
    if len(values) <= points:
        return result
    total, count = np.zeros((len(values) - points, values.shape[1])), np.zeros((len(values) - points, values.shape[1]))
    for back in range(1, points + 1):
        before = values[points - back : len(values) - back]
        known = ~np.isnan(before)
        total += np.where(known, before, 0.0)
        count += known
    with np.errstate(divide="ignore", invalid="ignore"):
        result[points:] = (values[points:] - total / count) ** 2
    return result


class MovingVariance(BaselineDetector):
    """See :class:`MovingVarianceScorer`."""

    name: ClassVar[str] = "moving_variance"
    scorer = MovingVarianceScorer


class SquaredDifference(BaselineDetector):
    """See :class:`SquaredDifferenceScorer`."""

    name: ClassVar[str] = "squared_difference"
    scorer = SquaredDifferenceScorer
