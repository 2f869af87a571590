"""The reference cut into blocks, each of which is left out of learning once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.series import Series

BLOCKS = 4
NOT_LEARNT = -1  # block of rows that are set aside

Folds = NDArray[np.int64]


def contiguous(lengths: Sequence[int]) -> list[Folds]:
    """Block of each point of several pieces, (n,) each: four stretches of the same number of points, one behind the
    other over all pieces.
    """
    total = max(1, sum(lengths))
    folds = np.minimum(np.arange(sum(lengths)) * BLOCKS // total, BLOCKS - 1)
    return np.split(folds, np.cumsum(lengths)[:-1])


def of_runs(kinds: Sequence[str]) -> NDArray[np.int64]:
    """Block of each run: four stretches, one behind the other, of the runs of its kind (recipe).

    Runs taken in turn would have their neighbours learnt from: where a sensor wanders, these say too well what comes.
    """
    found = np.zeros(len(kinds), np.int64)
    for kind in dict.fromkeys(kinds):
        at = np.flatnonzero([one == kind for one in kinds])
        found[at] = np.arange(len(at)) * BLOCKS // max(1, len(at))
    return found


def touching(folds: Folds, centres: NDArray[np.floating], half: float) -> NDArray[np.bool_]:
    """(BLOCKS, m) whether a window of ``half`` points to each side of a centre holds a row of each block."""
    points = len(folds)
    first = np.clip(np.floor(centres - half).astype(np.int64), 0, points - 1)
    after = np.clip(np.ceil(centres + half).astype(np.int64), 0, points - 1) + 1
    found = np.empty((BLOCKS, len(centres)), np.bool_)
    for block in range(BLOCKS):
        count = np.concatenate([[0], np.cumsum(folds == block)])
        found[block] = count[after] > count[first]
    return found


def pieces_of(
    reference: Sequence[Series], folds: Sequence[NDArray[np.int64]], block: int, mine: bool
) -> list[tuple[int, Series]]:
    """Parts of pieces that are in a block, or not; those not in it are cut where it lies."""
    found = []
    for number, (one, fold) in enumerate(zip(reference, folds, strict=True)):
        chosen = (fold == block) == mine
        edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(np.int8), [0]])))
        pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        found += [(number, one.at(slice(first, after))) for first, after in pairs]
    return found
