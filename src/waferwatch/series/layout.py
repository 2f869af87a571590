"""How a table is cut into series, learnt once: another file is cut by what the reference showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

GRID = 2**21  # absolute numbers of points start anew here: a multiple of every distance between windows
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class SeriesLayout:
    """Learnt from a reference."""

    by_wafer: bool  # whether each pass of a wafer is a series of its own
    gaps: dict[str, float] = field(default_factory=dict)  # equipment -> longest step that is no gap, in units of time
    intervals: dict[str, float] = field(default_factory=dict)  # equipment -> usual step, in units of time
    scope: tuple[str, ...] | None = None  # columns whose values tell equipment apart; None: as a table shows

    def gap(self, key: tuple[str, ...]) -> float | None:
        """The longest step of an equipment; of one that is not known the usual one of those that are."""
        return _known_or_usual(self.gaps, key)

    def interval(self, key: tuple[str, ...]) -> float | None:
        """The usual step of an equipment; of one that is not known the usual one of those that are."""
        return _known_or_usual(self.intervals, key)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        scope = None if self.scope is None else list(self.scope)
        return {"by_wafer": self.by_wafer, "scope": scope, "gaps": dict(self.gaps), "intervals": dict(self.intervals)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` gave."""
        scope = values.get("scope")
        known = None if scope is None else tuple(scope)
        return cls(bool(values["by_wafer"]), dict(values["gaps"]), dict(values["intervals"]), known)


def key_text(key: tuple[str, ...]) -> str:
    """An equipment as the text that it is kept under."""
    return _SEPARATOR.join(key)


def offset_of(start: float, interval: float | None) -> int:
    """Absolute number of a point by its time, so that windows lie on the same grid wherever a file begins."""
    if not interval or not np.isfinite(start):
        return 0
    return round(start / interval) % GRID


def _known_or_usual(values: Mapping[str, float], key: tuple[str, ...]) -> float | None:
    found = values.get(key_text(key))
    return found if found is not None else float(np.median(list(values.values()))) if values else None
