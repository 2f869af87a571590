"""T2 and SPE of single rows: multivariate process control as fabs have it, for comparison.

The combined index of Yue and Qin, "Reconstruction-based fault identification using a combined index" (Industrial and
Engineering Chemistry Research, 2001): both statistics over their limits, added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.baselines.scaling import ReferenceScales, Scale, reference_values, standard_deviation
from waferwatch.models.baselines.scorer import BaselineDetector, Scorer
from waferwatch.models.contract import ModelInfo, Progress, Scores, no_progress
from waferwatch.series.series import Series

EXPLAINED = 0.9  # share of the variance that the principal components hold
LIMIT = 0.99  # quantile of the reference that limits each statistic
FARTHEST = 1e4  # spreads: farther values are cut, or their squares would drown the rest
ROWS_AT_ONCE = 65_536

Floats = NDArray[np.float64]


class PcaScorer(Scorer):
    """Rows without a value in some sensor are judged as if that sensor were at its usual level."""

    info = ModelInfo("T2 and SPE of principal components", None, f"cpu (numpy {np.__version__})")

    def __init__(self) -> None:
        self._scales: ReferenceScales | None = None
        self._index = np.empty((0, 0))  # (S, S): a row's score is row @ index @ row; empty without usable reference

    def fit(self, reference: Sequence[Series]) -> Self:
        """Learn components and limits from the reference rows that have a value."""
        self._scales = ReferenceScales(reference, standard_deviation)
        blocks = [_standardise(self._scales.of(one), reference_values(one)) for one in reference]
        rows = np.concatenate(blocks) if blocks else np.empty((0, 0))
        rows = rows[~np.isnan(rows).all(axis=1)]
        self._index = _combined_index(np.nan_to_num(rows)) if len(rows) > 1 else np.empty((0, 0))
        return self

    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        """Score each series' rows. What a sensor carries is its part of the quadratic form, where that is above 0."""
        scales = self._scales
        total, done, found = max(1, sum(len(one) for one in series)), 0, []
        for one in series:
            scores = Scores(np.full(len(one), np.nan), np.full(one.values.shape, np.nan, np.float32))
            for start in range(0, len(one) if self._index.size and scales else 0, ROWS_AT_ONCE):
                block = slice(start, start + ROWS_AT_ONCE)
                rows = _standardise(scales.of(one), one.values[block]) if scales else one.values[block]
                scores.points[block], scores.contributions[block] = _judge(rows, self._index)
            found.append(scores)
            done += len(one)
            progress(done / total)
        return found


def _judge(rows: Floats, index: Floats) -> tuple[Floats, NDArray[np.float32]]:
    """Scores (n,) of standardised rows (n, S), and what each sensor carries of them."""
    missing = np.isnan(rows)
    rows = np.nan_to_num(rows)
    parts = rows * (rows @ index)
    points = np.maximum(parts.sum(axis=1), 0.0)
    parts = np.maximum(parts, 0.0)
    nothing_off = parts.sum(axis=1) == 0
    parts[nothing_off] = ~missing[nothing_off]
    with np.errstate(invalid="ignore", divide="ignore"):  # a row without any value ends as NaN
        parts *= (points / parts.sum(axis=1))[:, None]
    nothing = missing.all(axis=1)
    points[nothing], parts[nothing] = np.nan, np.nan
    return points, parts.astype(np.float32)


def _standardise(scale: Scale, values: Floats) -> Floats:
    return np.clip(scale.standardise(values), -FARTHEST, FARTHEST)


def _combined_index(rows: Floats) -> Floats:
    """The matrix of T2 over its limit plus SPE over its limit."""
    variances, axes = np.linalg.eigh(np.atleast_2d(rows.T @ rows / len(rows)))
    variances, axes = np.maximum(variances[::-1], 0), axes[:, ::-1]
    share = np.cumsum(variances) / max(variances.sum(), 1e-12)
    count = int(np.searchsorted(share, EXPLAINED)) + 1
    inside = axes[:, :count] / np.sqrt(np.maximum(variances[:count], 1e-6))
    outside = axes[:, count:]
    index = np.zeros((rows.shape[1], rows.shape[1]))
    for directions in (inside, outside):
        if directions.shape[1]:
            statistic = np.square(rows @ directions).sum(axis=1)
            index += directions @ directions.T / max(float(np.quantile(statistic, LIMIT)), 1e-6)
    return index


class PcaDetector(BaselineDetector):
    """See :class:`PcaScorer`."""

    name: ClassVar[str] = "pca"
    scorer = PcaScorer
