"""How far the first wafers after a change of recipe usually lie off the later ones.

The walls of a chamber, and what lies on them, take some wafers to settle after another recipe. The first wafers differ
in the same way each time, which is normal, and would lie beyond limits that are learnt from all wafers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_WAFERS = 3  # after a change that may lie elsewhere
_FEWEST = 2  # golden ones in the same place, of all equipment that runs the recipe: one says nothing of the next
_ENOUGH = 4  # with as many the usual one counts; of fewer the one nearest to the later wafers, if all agree on a side


def usual_offsets(spreads: Sequence[Floats], golden: Sequence[Ints], cells: StepCells) -> Floats:
    """(FIRST_WAFERS, G, K) how far the first, second and third wafer after a change usually lie off, in spreads.

    Of its own equipment where that has enough of them, else of all that run the same step of the same recipe; 0 where
    there are too few, or they do not agree.

    Args:
        spreads: of each of G stages (wafers, K) how far golden cells are off its middle; NaN where there is none.
        golden: of each stage these cells, (wafers,).
    """
    found = np.zeros((FIRST_WAFERS, len(golden), spreads[0].shape[1] if spreads else 0))
    sisters: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, some in enumerate(golden):
        sisters[cells.names[int(cells.stage[some[0]])].anywhere].append(at)
    place = np.where(cells.of_first_stay, FIRST_WAFERS, cells.since_change)
    for mine in sisters.values():
        for wafer in range(FIRST_WAFERS):
            own = [spreads[at][place[golden[at]] == wafer] for at in mine]
            few = any(len(values) < _ENOUGH for values in own)
            usual = _usual(np.concatenate(own)) if few else np.zeros(found.shape[2])
            for at, values in zip(mine, own, strict=True):
                found[wafer, at] = _usual(values) if len(values) >= _ENOUGH else usual
    return found


def beyond_usual(spreads: Floats, offsets: Floats, stage: Ints, cells: StepCells) -> Floats:
    """(cells, K) how far cells are off what is usual for them: anything between later wafers and the usual offset of
    their place is.

    Args:
        spreads: (cells, K) signed, off the middle of later wafers.
        offsets: what :func:`usual_offsets` gave.
        stage: (cells,) which of its stages.
    """
    found = spreads.copy()
    some = np.flatnonzero(cells.since_change < FIRST_WAFERS)
    usual = offsets[cells.since_change[some], stage[some]]
    found[some] -= np.clip(found[some], np.minimum(usual, 0.0), np.maximum(usual, 0.0))
    return found


def medians(values: Floats) -> Floats:
    """(K,) as ``np.median`` over the first axis, several times as fast for few rows."""
    ordered = np.sort(values, axis=0)
    middle = (ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2
    return np.where(np.isnan(ordered[-1]), np.nan, middle)


def _usual(off: Floats) -> Floats:
    """(K,) of cells of one place."""
    off = off[~np.isnan(off).all(axis=1)]
    if len(off) < _FEWEST:
        return np.zeros(off.shape[1])
    if len(off) >= _ENOUGH:
        return np.nan_to_num(medians(off))
    agree = (off > 0).all(axis=0) | (off < 0).all(axis=0)
    nearest = np.sign(off[0]) * np.abs(off).min(axis=0)
    return np.where(agree, nearest, 0.0)
