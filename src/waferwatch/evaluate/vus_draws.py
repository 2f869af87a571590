"""VUS-PR of bootstrap draws, for all draws at once.

Every count that VUS-PR is made of is a sum over points or labelled stretches, so a draw is a weighted sum of what each
block adds. Thresholds and distances between points stay those of the whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from waferwatch.evaluate.metrics import lowest_where_unjudged
from waferwatch.evaluate.vus import (
    THRESHOLDS,
    Buffer,
    Stretches,
    first_steps,
    joined_stretches,
    labelled_stretches,
)

WIDTHS = 6  # buffer widths that stand for all from 0 to the window: the area changes slowly between them

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def vus_draws(labels: NDArray[np.bool_], scores: Floats, window: int, blocks: Whole, weights: Floats) -> Floats:
    """VUS-PR of each draw, (draws,).

    Args:
        labels: (points,) True where anomalous, in time order.
        scores: (points,) high = anomalous; NaN = not judged, taken as the lowest score.
        window: widest buffer in points, as for :func:`waferwatch.evaluate.vus.vus_pr`.
        blocks: (points,) number of the block that holds each point, from 0.
        weights: (draws, blocks) how often each block is in each draw.

    Returns:
        NaN for a draw without a labelled point, and for all where no point or every point is labelled.
    """
    if labels.all() or not labels.any():
        return np.full(len(weights), np.nan)
    counts = _BlockCounts(blocks, weights, first_steps(lowest_where_unjudged(scores)))
    stretches = labelled_stretches(labels)
    buffer = Buffer(labels, stretches, window // 2)
    hits = counts.above(np.flatnonzero(labels))
    flagged = np.maximum(counts.above(np.arange(len(labels))), 1e-9)
    total = weights @ np.bincount(blocks[labels], minlength=weights.shape[1])
    widths = np.unique(np.linspace(0, window, WIDTHS).round().astype(int)).tolist()
    areas = [_areas(counts, hits, flagged, total, buffer, stretches, width) for width in widths]
    return np.where(total > 0, np.mean(areas, axis=0), np.nan)


def _areas(
    counts: _BlockCounts, hits: Floats, flagged: Floats, total: Floats, buffer: Buffer, stretches: Stretches, width: int
) -> Floats:
    """(draws,) area under the precision-recall curve for one buffer width."""
    partial = counts.above(*buffer.soft_labels(width))
    reached = hits + partial
    recall = np.minimum(reached / np.maximum(total[:, None] + partial / 2, 1e-9), 1.0)
    recall *= counts.found_share(stretches, width // 2)
    return np.asarray((np.diff(recall, axis=1, prepend=0.0) * (reached / flagged)).sum(axis=1))


class _BlockCounts:
    """Sums over the points of each draw."""

    def __init__(self, blocks: Whole, weights: Floats, step: Whole) -> None:
        self._blocks, self._weights, self._step = blocks, weights, step

    def above(self, points: Whole, soft: Floats | None = None) -> Floats:
        """(draws, thresholds) how many of these points, or how much of their soft labels, each threshold flags."""
        return self._sums(self._blocks[points], self._step[points], soft)

    def found_share(self, stretches: Stretches, reach: int) -> Floats:
        """(draws, thresholds) share of the widened stretches that hold a flag."""
        earliest, starts = joined_stretches(self._step, stretches, reach)
        found = self._sums(self._blocks[starts], earliest)
        return found / np.maximum(found[:, -1:], 1e-9)

    def _sums(self, block: Whole, step: Whole, soft: Floats | None = None) -> Floats:
        used, place = np.unique(block, return_inverse=True)  # most blocks hold no labelled stretch
        each = np.bincount(place * THRESHOLDS + step, weights=soft, minlength=len(used) * THRESHOLDS)
        return self._weights[:, used] @ np.cumsum(each.reshape(len(used), THRESHOLDS), axis=1)
