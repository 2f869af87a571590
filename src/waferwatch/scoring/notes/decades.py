"""Sensors that run over several decades, which are judged by their logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

from waferwatch.models.fitted import Fitted
from waferwatch.read.table import Note

_MOST_NAMED = 10


def decades_notes(fitted: Fitted, features: Sequence[str]) -> list[Note]:
    """Which sensors are judged by their logarithm, if any are."""
    if fitted.decades is None:
        return []
    found = list(compress(features, fitted.decades.sensors.tolist()))
    shown = ", ".join(found[:_MOST_NAMED]) + (" …" if len(found) > _MOST_NAMED else "")
    return [
        Note(
            "Sensors that run over three decades or more in what was learnt are judged by their logarithm, so that a "
            "factor counts alike at every height: {sensors}.",
            {"sensors": shown},
        )
    ]
