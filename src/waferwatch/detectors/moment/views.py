"""How series are shown to the network, and what is asked of it: time scale, level kept or not, and the heads.

Chosen on labelled public series (docs/experiments.md); one choice for all series.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """One way to show a series to the network, and what is taken from what it says."""

    averaged: int  # points of the series that become one
    centred: bool  # each window less its own mean; else it keeps its level against the reference
    components: tuple[tuple[int, str], ...] = ()  # tokens in a row, kind of distance from their principal components
    neighbours: tuple[int, ...] = ()  # tokens in a row, compared with normal ones
    fault: bool = False  # log-odds of the fault head

    def suits(self, sensors: int, points: int) -> bool:
        """Whether a series of so many sensors and points is worth the time of this view."""
        return sensors == 1 or (self.averaged >= 4) == (points > LONG)

    @property
    def name(self) -> str:
        """Short, part of the names of its heads."""
        return f"x{self.averaged}" + ("" if self.centred else " level")


VIEWS = (
    View(1, True, components=((12, "spread"), (6, "residual"), (4, "residual")), neighbours=(8,), fault=True),
    View(2, True, components=((8, "residual"),)),
    View(4, True, components=((8, "residual"),)),
    View(4, False, neighbours=(8,)),
    View(8, True, fault=True),
)

# With several sensors the two coarsest views added nothing, and the others cost time for each sensor: a long series of
# several sensors is seen at four points in one alone, which on the virtual fab found as much.
VIEWS_OF_SEVERAL = VIEWS[:3]
LONG = 50_000  # points
