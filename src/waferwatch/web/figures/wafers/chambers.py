"""One fixed colour and line style for each chamber, wherever it is drawn.

Colours go to the page by name, as ``var(--chamber-1)``: the page knows what they are in light, in dark and on paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HUES = 5
DASHES = ("solid", "dash", "dot")
SLOTS = HUES * len(DASHES)
GREY = "var(--chart-grey)"
ABNORMAL = "var(--chart-abnormal)"
BAND = "var(--chart-band)"
INK = "var(--ink)"
SOFT = "var(--ink-soft)"
WASH = "var(--chart-wash)"
_NUMBER = re.compile(r"(?:PM|CHAMBER|CH|MODULE|M)?[\s_-]*0*(\d{1,2})$", re.IGNORECASE)
_LETTER = re.compile(r"(?:CH|CHAMBER)[\s_-]*([A-O])$", re.IGNORECASE)


@dataclass(frozen=True)
class ChamberStyle:
    """How a chamber is drawn."""

    slot: int  # from 1; 0 where there are more chambers than styles and the name has no number

    @property
    def color(self) -> str:
        return GREY if not self.slot else f"var(--chamber-{(self.slot - 1) % HUES + 1})"

    @property
    def dash(self) -> str:
        return DASHES[0] if not self.slot else DASHES[(self.slot - 1) // HUES]


def chamber_styles(names: Iterable[str]) -> dict[str, ChamberStyle]:
    """Name to style.

    PM1 to PM15 and CHA to CHO take their own number, other names the next one that is free.

    Args:
        names: every chamber of a data set, not only those in a chart: a style stays whatever is looked at.
    """
    every = sorted(dict.fromkeys(names))
    if len(every) > SLOTS:  # of several tools: each PM1 looks alike, and names tell them apart
        return {name: ChamberStyle(_own_number(name) or 0) for name in every}
    found: dict[str, ChamberStyle] = {}
    taken: set[int] = set()
    for name in every:
        own = _own_number(name)
        if own is not None and own not in taken:
            found[name] = ChamberStyle(own)
            taken.add(own)
    free = (slot for slot in range(1, SLOTS + 1) if slot not in taken)
    for name in every:
        if name not in found:
            found[name] = ChamberStyle(next(free))
    return {name: found[name] for name in every}


def styles_shown(styles: dict[str, ChamberStyle], names: Sequence[str]) -> list[dict[str, str]]:
    """Chambers for a page: name, colour and dash."""
    return [{"name": name, "color": styles[name].color, "dash": styles[name].dash} for name in names]


def _own_number(name: str) -> int | None:
    letter = _LETTER.search(name)
    if letter:
        return ord(letter.group(1).upper()) - ord("A") + 1
    number = _NUMBER.search(name)
    found = int(number.group(1)) if number else 0
    return found if 1 <= found <= SLOTS else None
