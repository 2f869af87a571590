"""Scales lent by sister equipment to one whose own took a fault in.

A fault in a short stream makes the spread of its distances so wide that neither it nor anything else stands out. Where
several streams are only taken to be normal, one whose spread is several times that of the others has theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from waferwatch.models.contract import Learnt

FEWEST = 5  # streams that can say what is usual
TIMES = 3.0  # the usual spread: normal streams of 100 rows are up to 2.9 times as wide by chance (docs/experiments.md)


def with_lent_scales(learnt: Mapping[str, Learnt], known: Mapping[str, bool]) -> dict[str, Learnt]:
    """What was learnt of each scope, those that are far too wide on the usual scale of the others.

    Args:
        known: whether a scope is known to be normal.
    """
    times = _times({key: one.part.widths for key, one in learnt.items() if not known[key]})
    return {key: _magnified(one, times[key]) if times.get(key, 0) > TIMES else one for key, one in learnt.items()}


def _times(widths: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """How many times as wide as usual each scope is, over the features that enough of them have."""
    by_feature: dict[str, list[float]] = defaultdict(list)
    for mine in widths.values():
        for name, width in mine.items():
            by_feature[name].append(width)
    usual = {name: float(np.median(some)) for name, some in by_feature.items() if len(some) >= FEWEST}
    shares = {
        key: [width / usual[name] for name, width in mine.items() if name in usual] for key, mine in widths.items()
    }
    return {key: float(np.median(some)) for key, some in shares.items() if some}


def _magnified(learnt: Learnt, times: float) -> Learnt:
    return replace(learnt, part=learnt.part.magnified(times), left_out=[times * one for one in learnt.left_out])
