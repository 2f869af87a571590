"""The facts of one problem in the order in which engineers read an alarm, and the strip of its chamber's wafers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.scoring.result import Detection
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers, place
from waferwatch.web.pages.problems.highest import wafer_name

_AROUND = 15  # wafers of the chamber that are shown before and after the problem
_MOST_SQUARES = 120


@dataclass(frozen=True)
class WaferSquare:
    """One wafer of the chamber in the strip."""

    kind: str  # off, other, normal
    text: str
    href: str
    current: bool


def facts_of(run: Run, found: Detection, one: FabProblem, translate: Translator) -> list[tuple[str, str]]:
    """In the order in which engineers read an alarm."""
    numbers = Numbers(translate.language)
    lots = list(dict.fromkeys(found.runs[at].lot or "" for at in one.runs))
    facts = [
        (translate("Chamber"), one.equipment or ""),
        (translate("Recipe"), ", ".join(one.recipes)),
        (translate("Step"), ", ".join(one.steps)),
        (translate("Lot"), ", ".join(lot for lot in lots if lot)),
        (translate("Wafers"), f"{one.count}/{one.of}" if one.runs else ""),
        (translate("Since"), place(one.first_seen)),
        (translate("Last seen"), place(one.last_seen)),
        (translate("Onset"), place(one.onset)),
        (translate("Peak"), f"{min(one.ratio, 999.0):.1f} ×" if one.runs else numbers.short(one.peak_score)),
        (translate("Monitor"), str(run.options.get("monitor") or "")),
        (translate("File"), run.dataset_name or translate("Demo fab (virtual)")),
    ]
    return [(title, value) for title, value in facts if value]


def wafer_strip(found: Detection, one: FabProblem, shown: int, address: Callable[[int], str]) -> list[WaferSquare]:
    """Wafers of the chamber and recipe around the problem.

    Args:
        shown: position of the wafer whose trace is shown.
        address: of a wafer by its number, from 1.
    """
    runs = found.runs
    if not one.runs:
        return []
    alike = [
        number
        for number, run in enumerate(runs)
        if run.equipment == one.equipment and run.recipe in (one.recipe, *one.recipes, None)
    ]
    first, last = alike.index(one.runs[0]), alike.index(one.runs[-1])
    listed = alike[max(0, first - _AROUND) : last + _AROUND + 1][:_MOST_SQUARES]
    affected = set(one.runs)
    squares = []
    for number in listed:
        kind = "off" if number in affected else "other" if runs[number].abnormal else "normal"
        text = f"{wafer_name(runs[number]) or number + 1}, {place(runs[number].start or '')}"
        href = address(number + 1) if number in affected else ""
        squares.append(WaferSquare(kind, text, href, number == shown))
    return squares
