"""What MOMENT expected where an event lies, in the sensors' own units.

Every patch is drawn while it is hidden, as for the restoring error: every second one at a time, and an event of no more
than two patches as a whole, since a spike that lies across a border would else be half in sight. Windows are centred on
what surrounds the event, so that a large fault does not move what is drawn next to it.

Measured on four virtual fabs against the same fab without its faults (mean distance in spreads): every second patch
hidden 0.12 to 0.13 where nothing is wrong and 0.20 in RF mismatches; events hidden as a whole 0.56 over 100 normal
points and 0.22 in RF mismatches, since nothing tells which step of the recipe comes next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.normal import Normal
from waferwatch.models.moment.preparation import CLIP, PreparedWindows, prepare
from waferwatch.models.moment.runners.engine import Engine
from waferwatch.series.series import Series
from waferwatch.series.windows import Cut, stitch, take

Floats = NDArray[np.float64]

_TURNS = 2  # in which every patch is hidden once
_TOGETHER = 2  # patches of an event that are hidden as a whole, at most
_OVERLAP = 64  # points that neighbouring windows share
_MOST_WINDOWS = 4  # of one sensor; a longer stretch is averaged first
_LARGE = 50_000_000  # parameters of a checkpoint of which one window has to do: seconds each on a processor


@dataclass(frozen=True)
class Expectation:
    """What was expected of some points of a series."""

    first: int  # position in the series of the first point drawn
    values: Floats  # (n, S) in the sensors' own units; NaN where it cannot be said
    averaged: int  # points that the network saw as one, 1 unless the stretch is long


def expect(engine: Engine, series: Series, event: slice, view: slice, normal: Normal) -> Expectation:
    """Draw a part of a series without looking at it.

    Args:
        engine: the checkpoint.
        series: n points of S sensors.
        event: the points in question, within ``view``.
        view: the points to draw, within the series, at least one. More are drawn where the windows reach further.
        normal: level and spread of these sensors over the reference (``preparation.measure``).
    """
    window, patch = engine.config.seq_len, engine.config.patch_len
    windows = _MOST_WINDOWS if engine.checkpoint.parameters < _LARGE else 1
    most = window + (windows - 1) * (window - _OVERLAP)
    averaged = -(-(view.stop - view.start) // most)
    around = _around(view, len(series), window * averaged)
    piece = _averages(series.values[around], averaged)
    inside = slice((event.start - around.start) // averaged, -(-(event.stop - around.start) // averaged))
    prepared, centre = _centred_on_surroundings(piece, inside, normal, window, patch)
    drawn = _draw(engine, prepared, inside) + centre[..., None].astype(np.float32)
    trust = np.repeat(prepared.observed, patch, axis=-1) * np.isfinite(centre)[..., None]
    values = stitch(np.nan_to_num(drawn), prepared.where, trust) * normal.spread + normal.level
    return Expectation(around.start, _on_every_point(values, averaged, around.stop - around.start), averaged)


def _around(view: slice, points: int, least: int) -> slice:
    """At least ``least`` points with the view in their middle, moved inside the series; all of a shorter series."""
    length = max(least, view.stop - view.start)
    start = max(0, min((view.start + view.stop - length) // 2, points - length))
    return slice(start, min(points, start + length))


def _averages(values: Floats, points: int) -> Floats:
    """Means of blocks of points, of those that are there; NaN where there is none."""
    if points == 1:
        return values
    padded = np.pad(values, ((0, -len(values) % points), (0, 0)), constant_values=np.nan)
    pieces = padded.reshape(-1, points, values.shape[1])
    known = ~np.isnan(pieces)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, pieces, 0).sum(axis=1) / known.sum(axis=1))


def _centred_on_surroundings(
    piece: Floats, inside: slice, normal: Normal, window: int, patch: int
) -> tuple[PreparedWindows, Floats]:
    """The windows as the network takes them, centred as if the event were not in them, and (S, W) their centres.

    A window that holds nothing else keeps its own centre; the centre is NaN where nothing was measured.
    """
    masked = piece.copy()
    masked[inside] = np.nan
    rows = np.arange(len(piece))
    whole, outside = (
        prepare(Series(values, rows, None), normal, window=window, patch=patch, overlap=_OVERLAP)
        for values in (piece, masked)
    )
    scaled = take((piece - normal.level) / normal.spread, whole.where, fill=np.nan)
    own = _centres(whole, scaled)
    centre = _centres(outside, scaled)
    centre = np.where(np.isnan(centre), own, centre)
    # Gaps were filled by ``prepare``, which centred them as it does.
    filled = whole.x + np.nan_to_num(own - centre)[..., None]
    x = np.where(np.isnan(scaled), filled, scaled - np.nan_to_num(centre)[..., None])
    x = np.clip(x, -CLIP, CLIP) * np.repeat(whole.observed, patch, axis=-1)
    return replace(whole, x=x.astype(np.float32)), centre


def _centres(prepared: PreparedWindows, scaled: Floats) -> Floats:
    """(S, W) what ``prepare`` took from each window to centre it: it does not tell. NaN where nothing was measured."""
    patch = prepared.x.shape[-1] // prepared.observed.shape[-1]
    seen = np.repeat(prepared.observed, patch, axis=-1) > 0
    return _medians(scaled - prepared.x, seen & (np.abs(prepared.x) < CLIP) & ~np.isnan(scaled))


def _medians(values: Floats, usable: NDArray[np.bool_]) -> Floats:
    """Median of the usable values of each window, (S, W, T) -> (S, W); NaN where there is none."""
    found = np.full(values.shape[:2], np.nan)
    for place in np.ndindex(*found.shape):
        if usable[place].any():
            found[place] = np.median(values[place][usable[place]])
    return found


def _draw(engine: Engine, windows: PreparedWindows, inside: slice) -> NDArray[np.float32]:
    """(S, W, T) what the network draws of each patch while it is hidden."""
    sensors, count, points = windows.x.shape
    x = windows.x.reshape(-1, points)
    observed = windows.observed.reshape(len(x), -1)
    event = _patches_of(windows.where, inside, observed.shape[1])
    drawn = np.zeros_like(x)
    for hidden, wanted in _turns(np.tile(event, (sensors, 1))):
        visible = np.where(hidden, 0, 1).astype(np.float32)
        restored = engine.run(x, observed, visible, outputs=("restored",))["restored"]
        drawn = np.where(np.repeat(wanted, points // observed.shape[1], axis=1), restored, drawn)
    return drawn.reshape(sensors, count, points)


def _patches_of(where: Cut, inside: slice, patches: int) -> NDArray[np.bool_]:
    """(W, N) the patches that hold the event; none where it takes more than are hidden as a whole."""
    patch = where.window // patches
    first = np.arange(patches) * patch + where.starts[:, None] - where.padding
    found = (first + patch > inside.start) & (first < inside.stop)
    few: NDArray[np.bool_] = found & (found.sum(axis=1, keepdims=True) <= _TOGETHER)
    return few


def _turns(event: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Pairs of (B, N) masks, what is hidden and what is taken of that pass: together every patch."""
    if event.any():
        yield event, event
    for turn in range(_TURNS):
        other = np.broadcast_to(np.arange(event.shape[1]) % _TURNS == turn, event.shape)
        yield event | other, other & ~event


def _on_every_point(values: Floats, averaged: int, points: int) -> Floats:
    """Values of averages back on the points: straight lines between their middles."""
    if averaged == 1:
        return values
    middles = np.arange(len(values)) * averaged + (averaged - 1) / 2
    return np.stack([np.interp(np.arange(points), middles, column) for column in values.T], axis=1)
