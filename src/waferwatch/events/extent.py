"""How wide a fault is: windows see a spike of three rows for as long as they are, so its event is narrowed to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from waferwatch.events.merge import MERGE_GAP_POINTS
from waferwatch.series.layout import key_text
from waferwatch.series.series import Series

NEIGHBOURHOOD = 17  # points whose median a spike stands out from
USUAL_SHARE = 0.999  # of the reference's rows that stand out less
TIMES = 2.0  # as far out as that, and farther, is a spike
MOST_OF_EVENT = 1 / 3  # of an event that its spikes span: a longer fault has no narrow core

Floats = NDArray[np.float64]


def jumps(series: Sequence[Series]) -> Floats:
    """(S,) how far the values of normal series stand out from those around them, at most but for one in a thousand."""
    off = [np.abs(one.values - _around(one.values)) for one in series if len(one)]
    if not off:
        return np.full(series[0].sensors if series else 0, np.inf)
    every = np.concatenate(off)
    known = ~np.isnan(every).all(axis=0)
    found = np.nanquantile(np.where(known, every, 0.0), USUAL_SHARE, axis=0)
    return np.where(known & ~_are_states(series), found, np.inf)


def _are_states(series: Sequence[Series]) -> NDArray[np.bool_]:
    """(S,) sensors of exactly two values: a state jumps by its nature, and a fault of it is as long as it lasts."""
    values = np.concatenate([one.values for one in series])
    low, high = np.nanmin(values, axis=0, initial=np.inf), np.nanmax(values, axis=0, initial=-np.inf)
    between = np.isnan(values) | (values == low) | (values == high)
    found: NDArray[np.bool_] = np.asarray(between.all(axis=0) & (low < high))
    return found


def usual_jumps(known: Mapping[str, Sequence[float]], series: Sequence[Series]) -> list[Floats | None]:
    """What :func:`jumps` said of the scope of each series; of an unknown one the median of those that are known."""
    if not known:
        return [None] * len(series)
    usual = {scope: np.asarray(values, np.float64) for scope, values in known.items()}
    others = np.median(list(usual.values()), axis=0)
    return [usual.get(key_text(one.scope), others) for one in series]


def narrowed(
    flags: NDArray[np.bool_],
    contributions: NDArray[np.floating],
    series: Sequence[Series],
    usual: Sequence[Floats | None],
) -> NDArray[np.bool_]:
    """Flags (rows,) of which stretches around spikes are narrowed to these.

    Args:
        contributions: (rows, S), to find the sensor that carries a stretch.
        usual: of each series what :func:`jumps` says of its scope; None leaves it as it is.
    """
    found = flags.copy()
    rows = np.concatenate([one.rows for one in series]) if series else np.empty(0, np.int64)
    owner = np.repeat(np.arange(len(series)), [len(one) for one in series])
    for number in np.unique(owner[flags[rows]]).tolist():
        one, jump = series[number], usual[number]
        if jump is None:
            continue
        at = np.flatnonzero(flags[one.rows])
        for stretch in np.split(at, np.flatnonzero(np.diff(at) > MERGE_GAP_POINTS + 1) + 1):
            carried = contributions[one.rows[stretch]].sum(axis=0)
            core = _core(one.values, int(stretch[0]), int(stretch[-1]), int(np.argmax(carried)), jump)
            if core is not None:
                found[one.rows[stretch]] = (stretch >= core[0]) & (stretch <= core[1])
    return found


def _core(values: Floats, first: int, last: int, sensor: int, usual: Floats) -> tuple[int, int] | None:
    """First and last point of the spikes of a stretch, with one more on both sides; None where it has no such core."""
    reach = slice(max(0, first - NEIGHBOURHOOD), last + 1 + NEIGHBOURHOOD)
    column = values[reach, sensor]
    off = np.abs(column - _around(column[:, None])[:, 0])
    inside = off[first - reach.start : last + 1 - reach.start]
    spikes = np.flatnonzero(inside > TIMES * usual[sensor])
    if not len(spikes) or spikes[-1] - spikes[0] + 1 > MOST_OF_EVENT * len(inside):
        return None
    return first + int(spikes[0]) - 1, first + int(spikes[-1]) + 1


def _around(values: Floats) -> Floats:
    """(n, S) running medians; missing values count as the last one before, the first ones as the first that follows."""
    missing = np.isnan(values)
    if missing.any():
        place = np.where(missing, -1, np.arange(len(values))[:, None])
        before = np.maximum.accumulate(place, axis=0)
        source = np.where(before >= 0, before, np.argmin(missing, axis=0))
        values = np.nan_to_num(np.take_along_axis(values, source, axis=0))  # 0 in a sensor without any value
    return np.asarray(median_filter(values, (NEIGHBOURHOOD, 1), mode="nearest"), np.float64)
