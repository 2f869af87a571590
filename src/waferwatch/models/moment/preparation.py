"""Series to normalised windows: what the network is given, and which of it is real.

MOMENT normalises every window by its own mean and spread. Here the spread is that of the reference (rows taken to be
normal), so that a window that moves more or less than the reference looks so to the network; only the mean is the
window's own, because drift and maintenance move it (measured: docs/experiments.md). The level is a head of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.columns import columns_of
from waferwatch.models.ensemble.preparation.normal import Normal
from waferwatch.series.series import Series
from waferwatch.series.windows import Cut, cut, take

CLIP = 15.0  # normalised values beyond this are clipped, as in training


@dataclass(frozen=True)
class PreparedWindows:
    """One series ready for the network. S sensors, W windows, T points, N patches."""

    x: NDArray[np.float32]  # (S, W, T) normalised, gaps filled, 0 where not observed
    observed: NDArray[np.float32]  # (S, W, N) 1 where at least half of the patch was measured
    where: Cut


def prepare(series: Series, normal: Normal, *, window: int, patch: int, overlap: int) -> PreparedWindows:
    """Normalise, fill gaps, cut into windows, centre each. Needs at least one point."""
    columns = columns_of(series, normal)
    return to_windows(columns.values.T, columns.measured.T, window=window, patch=patch, overlap=overlap)


def to_windows(
    values: NDArray[Any], measured: NDArray[np.bool_], *, window: int, patch: int, overlap: int, centred: bool = True
) -> PreparedWindows:
    """Cut normalised columns without gaps, (n, S), into windows.

    Args:
        values: in spreads of the reference.
        measured: (n, S) False where a value was filled in.
        window, patch, overlap: points.
        centred: whether each window loses its own mean.
    """
    where = cut(len(values), window, overlap)
    x = take(values, where)
    known = take(measured, where, fill=False)
    if where.padding % patch:
        _complete_first_patch(x, known, where.padding, patch)
    patches = known.reshape(*known.shape[:2], window // patch, patch)
    observed = (2 * patches.sum(axis=-1) >= patch).astype(np.float32)
    return PreparedWindows(_clipped(x, np.repeat(observed, patch, axis=-1), centred), observed, where)


def _clipped(x: NDArray[Any], observed: NDArray[np.float32], centred: bool) -> NDArray[np.float32]:
    """Each window, less its own mean if so wished, clipped; 0 where nothing was observed, as padding is in training."""
    if centred:
        x = x - (x * observed).sum(axis=-1, keepdims=True) / np.maximum(observed.sum(axis=-1, keepdims=True), 1)
    clipped: NDArray[np.float32] = (np.clip(x, -CLIP, CLIP) * observed).astype(np.float32)
    return clipped


def _complete_first_patch(x: NDArray[Any], known: NDArray[Any], padding: int, patch: int) -> None:
    """A short series need not begin with a patch: its first value is held back to the patch's start."""
    start = padding - padding % patch
    x[..., start:padding] = x[..., padding : padding + 1]
    known[..., start:padding] = known[..., padding : padding + 1]
