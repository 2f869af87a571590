"""Everything that the page of problems shows of a finished check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from waferwatch.indicators.problems.headline import headline
from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.table import Note
from waferwatch.scoring.result import Detection
from waferwatch.store.datasets import Dataset
from waferwatch.store.marks import Mark
from waferwatch.store.problems.grouping import ListedProblem
from waferwatch.store.problems.known import KnownProblem, ProblemState
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers, place
from waferwatch.web.pages.problems.acts.marked import of_change, place_of_change
from waferwatch.web.pages.problems.faults import TrueFaults, true_faults
from waferwatch.web.pages.problems.highest import HighRun, highest, wafer_name
from waferwatch.web.pages.problems.lanes import Lanes, make_lanes
from waferwatch.web.pages.problems.lines import ProblemLine, problem_line, said, state_text
from waferwatch.web.pages.problems.live import LiveAlarms, live_alarms
from waferwatch.web.pages.problems.made import Made, how_made
from waferwatch.web.pages.problems.proposal import GoldenProposal, golden_proposal
from waferwatch.web.pages.problems.scope import Scope, in_order
from waferwatch.web.shell.context import Parts

_MOST_WAFERS = 200  # abnormal ones that are listed
_MOST_MISSING = 50


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
class MissingProblem:
    """A problem that another check of the data found, and this one did not."""

    name: str
    title: str
    state_text: str
    href: str  # of its page, by the check that found it last


@dataclass(frozen=True)
class ProblemsView:
    """For the template."""

    sentence: str
    worst: str
    worst_name: str  # P-12
    lanes: Lanes | None
    lines: list[ProblemLine]
    weak: list[ProblemLine]
    shelved: list[ProblemLine]
    closed: list[ProblemLine]
    missing: list[MissingProblem]
    live: LiveAlarms
    proposal: GoldenProposal | None
    faults: TrueFaults | None
    labelled: bool  # whether the data have labels, so that true faults can be shown
    wafers: list[AbnormalWafer]
    wafers_total: int
    highest: list[HighRun]
    made: Made
    choices: dict[str, list[str]]  # of the scope: chambers, recipes, sensors
    total: int  # problems of the whole check


def problems_view(app: Parts, run: Run, dataset: Dataset | None, scope: Scope, translate: Translator) -> ProblemsView:
    """
    Args:
        dataset: of the check; None where it was deleted.

    Raises:
        NotFoundError, DamagedError: when the result is gone.
    """
    found = app.store.results.detection(run.id)
    listed = app.store.problems.listed(run, found)
    numbers, live = Numbers(translate.language), live_alarms(app)
    marks = app.store.marks.of(run.dataset)
    held = [one for one in listed if scope.holds_problem(one.problem)]
    problems = [one.problem for one in held]
    runs = [one for one in found.runs if scope.holds_run(one)]
    abnormal = [one for one in runs if one.abnormal and one.wafer is not None]
    made = how_made(run, found, translate)
    proposes = made.provisional and dataset is not None and not dataset.builtin
    return ProblemsView(
        sentence=" ".join(counted(note, numbers, translate) for note in headline(problems, runs, len(found.scores))),
        worst=said(problems[0].title, translate) if problems else "",
        worst_name=held[0].known.name if held else "",
        lanes=make_lanes(found, problems, scope, translate),
        **_parts(in_order(held, scope.sort), found, live, marks, translate),
        missing=[] if scope.narrowed else _missing(app.store.problems.missing(run, listed), translate),
        live=live,
        proposal=golden_proposal(run, found, listed, dataset, translate) if proposes and dataset else None,
        faults=true_faults(app, run, listed, translate) if scope.faults and dataset is not None else None,
        labelled=found.metrics is not None,
        wafers=[_abnormal(one, translate) for one in abnormal[:_MOST_WAFERS]],
        wafers_total=len(abnormal),
        highest=highest(found, scope, numbers),
        made=made,
        choices=_choices(found),
        total=len(listed),
    )


def _parts(
    ordered: Sequence[ListedProblem],
    found: Detection,
    live: LiveAlarms,
    marks: Sequence[Mark],
    translate: Translator,
) -> dict[str, list[ProblemLine]]:
    """The list and what is folded below it: weak, shelved and closed ones."""
    parts: dict[str, list[ProblemLine]] = {"lines": [], "weak": [], "shelved": [], "closed": []}
    for one in ordered:
        state = one.known.state
        folded = state.value if state in (ProblemState.SHELVED, ProblemState.CLOSED) else ""
        weak = "weak" if one.problem.severity is ProblemSeverity.WEAK else "lines"
        alarm = live.by_place.get((one.problem.equipment or "", one.problem.sensor))
        marked = of_change(marks, *place_of_change(one.problem)) is not None
        parts[folded or weak].append(replace(problem_line(one, found, translate), live=alarm, marked=marked))
    return parts


def _missing(known: Sequence[KnownProblem], translate: Translator) -> list[MissingProblem]:
    return [
        MissingProblem(
            one.name,
            said(one.title, translate),
            state_text(one, translate),
            f"/problems/{one.name}?{urlencode({'run': one.run})}",
        )
        for one in known[:_MOST_MISSING]
    ]


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
