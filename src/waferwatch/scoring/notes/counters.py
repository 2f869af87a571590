"""Sensors that count: later values of theirs lie beyond everything that was learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from waferwatch.read.table import Note
from waferwatch.scoring.reference import Scope
from waferwatch.series.series import Series

_LEAST_MOVES = 20  # of a sensor that only rises by chance, such as a set point
_AT_ONCE = 4096  # rows: most sensors go both ways in the first of them
_MOST_NAMED = 10


def counter_notes(normal: Mapping[Scope, Sequence[Series]], features: Sequence[str]) -> list[Note]:
    """Sensors that only rise, or only fall, from the first row learnt from to the last, over all runs.

    Args:
        normal: what was learnt from, of each equipment in time order.
        features: names of the sensors.
    """
    found = [name for at, name in enumerate(features) if _counts_everywhere(list(normal.values()), at)]
    if not found:
        return []
    shown = ", ".join(found[:_MOST_NAMED]) + (" …" if len(found) > _MOST_NAMED else "")
    return [
        Note(
            "Sensors that only rise or only fall in what was learnt, as counters do: {sensors}. Later values lie "
            "beyond it. Give them the role ignored, or their differences instead.",
            {"sensors": shown},
        )
    ]


def _counts_everywhere(scopes: Sequence[Sequence[Series]], sensor: int) -> bool:
    """Whether the sensor counts on some equipment, and goes both ways on none."""
    counted = [_counts(mine, sensor) for mine in scopes]
    return any(counted) and all(one is not False for one in counted)


def _counts(mine: Sequence[Series], sensor: int) -> bool | None:
    """None where the sensor moves too seldom to say."""
    last, rises, falls = np.nan, 0, 0
    for one in mine:
        for start in range(0, len(one), _AT_ONCE):
            some = one.values[start : start + _AT_ONCE, sensor]
            some = some[~np.isnan(some)]
            if not len(some):
                continue
            steps = np.diff(some, prepend=last)  # the first of all is NaN, which is neither
            rises, falls, last = rises + int((steps > 0).sum()), falls + int((steps < 0).sum()), float(some[-1])
            if rises and falls:
                return False
    return True if rises + falls >= _LEAST_MOVES else None
