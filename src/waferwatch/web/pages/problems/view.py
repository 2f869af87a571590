"""Everything that the page of problems shows of a finished check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from waferwatch.indicators.problems.headline import headline
from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.table import Note
from waferwatch.scoring.result import Detection
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers, place
from waferwatch.web.pages.problems.highest import HighRun, highest, wafer_name
from waferwatch.web.pages.problems.lanes import Lanes, make_lanes
from waferwatch.web.pages.problems.lines import ProblemLine, problem_line, said
from waferwatch.web.pages.problems.made import Made, how_made
from waferwatch.web.pages.problems.scope import Scope, in_order
from waferwatch.web.shell.context import Parts

_MOST_WAFERS = 200  # abnormal ones that are listed


@dataclass(frozen=True)
class AbnormalWafer:
    """One line of the folded table of wafers."""

    name: str
    chamber: str
    recipe: str
    start: str
    height: str
    reason: str


@dataclass(frozen=True)
class ProblemsView:
    """For the template."""

    sentence: str
    worst: str
    worst_name: str  # P-12
    lanes: Lanes | None
    lines: list[ProblemLine]
    weak: list[ProblemLine]
    wafers: list[AbnormalWafer]
    wafers_total: int
    highest: list[HighRun]
    made: Made
    choices: dict[str, list[str]]  # of the scope: chambers, recipes, sensors
    total: int  # problems of the whole check


def problems_view(app: Parts, run: Run, scope: Scope, translate: Translator) -> ProblemsView:
    """
    Raises:
        NotFoundError, DamagedError: when the result is gone.
    """
    found = app.store.results.detection(run.id)
    known = app.store.problems.of(run, found)
    numbers = Numbers(translate.language)
    held = [(at, one) for at, one in enumerate(found.problems) if scope.holds_problem(one)]
    problems = [one for _, one in held]
    runs = [one for one in found.runs if scope.holds_run(one)]
    lines = {at: problem_line(one, known[at], found, translate) for at, one in held}
    ordered = [(lines[at], one.severity is ProblemSeverity.WEAK) for at, one in in_order(held, scope.sort)]
    abnormal = [one for one in runs if one.abnormal and one.wafer is not None]
    return ProblemsView(
        sentence=" ".join(counted(note, numbers, translate) for note in headline(problems, runs, len(found.scores))),
        worst=said(problems[0].title, translate) if problems else "",
        worst_name=known[held[0][0]].name if held else "",
        lanes=make_lanes(found, problems, scope, translate),
        lines=[line for line, weak in ordered if not weak],
        weak=[line for line, weak in ordered if weak],
        wafers=[_abnormal(one, translate) for one in abnormal[:_MOST_WAFERS]],
        wafers_total=len(abnormal),
        highest=highest(found, scope, numbers),
        made=how_made(run, found, translate),
        choices=_choices(found),
        total=len(found.problems),
    )


def counted(note: Note, numbers: Numbers, translate: Translator) -> str:
    """A sentence whose counts are written as in the visitor's language."""
    values: dict[str, Any] = {
        name: numbers.whole(value) if isinstance(value, int) else value for name, value in note.values.items()
    }
    return translate(note.template).format(**values)


def _abnormal(one: RunScore, translate: Translator) -> AbnormalWafer:
    return AbnormalWafer(
        name=wafer_name(one),
        chamber=one.equipment or "",
        recipe=one.recipe or "",
        start=place(one.start or ""),
        height=f"{one.ratio:.1f} ×" if one.ratio == one.ratio else "",
        reason=said(one.sentence, translate),
    )


def _choices(found: Detection) -> dict[str, list[str]]:
    return {
        "chambers": sorted({one.equipment for one in found.runs if one.equipment}),
        "recipes": sorted({one.recipe for one in found.runs if one.recipe}),
        "sensors": sorted({one.sensor for one in found.problems}),
    }
