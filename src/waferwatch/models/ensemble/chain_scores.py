"""Scores of series that lie end to end in a chain, and which of their points can be judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.contract import Scores
from waferwatch.models.ensemble.preparation.alignment import FEWEST_POINTS
from waferwatch.models.ensemble.preparation.batches import Piece
from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.models.ensemble.preparation.normal import Normal
from waferwatch.series.series import Series


def joined_scores(series: Sequence[Series], work: Sequence[list[Piece]], found: Sequence[list[Scores]]) -> list[Scores]:
    """Scores of series, of which long ones were scored in pieces."""
    parts: dict[int, list[Scores]] = {number: [] for number in range(len(series))}
    for batch, scores in zip(work, found, strict=True):
        for piece, one in zip(batch, scores, strict=True):
            parts[piece.number].append(Scores(one.points[piece.kept], one.contributions[piece.kept]))
    return [
        mine[0]
        if len(mine) == 1
        else Scores(np.concatenate([one.points for one in mine]), np.concatenate([one.contributions for one in mine]))
        for mine in parts.values()
    ]


def scores_of(chain: Chain, points: NDArray[np.float64], shares: NDArray[np.floating]) -> list[Scores]:
    """Scores (n,) and shares (S, n) of a chain, series by series; a series that is too short is not judged."""
    points = np.where((chain.lengths < FEWEST_POINTS // 2)[chain.owner], np.nan, points)
    each = np.where(np.isnan(points)[:, None], np.nan, shares.T).astype(np.float32)
    pairs = zip(chain.starts.tolist(), chain.stops.tolist(), strict=True)
    return [Scores(points[start:stop], each[start:stop]) for start, stop in pairs]


def equal_shares(chain: Chain, normal: Normal) -> NDArray[np.float32]:
    judged = chain.measured & normal.known[:, None]
    return np.asarray(judged / np.maximum(judged.sum(axis=0), 1), np.float32)


def mean_vote(votes: dict[str, NDArray[np.float64]], points: int) -> NDArray[np.float64]:
    """(n,) plain mean of the votes; a vote that is NaN does not count, and without any vote all is NaN."""
    every = np.stack([*votes.values()]) if votes else np.empty((0, points))
    known = ~np.isnan(every)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = np.where(known, every, 0.0).sum(axis=0) / known.sum(axis=0)
    return found


def measured(chain: Chain, normal: Normal) -> NDArray[np.bool_]:
    """(n,) whether any sensor that is known was measured."""
    found: NDArray[np.bool_] = np.asarray((chain.measured & normal.known[:, None]).any(axis=0))
    return found
