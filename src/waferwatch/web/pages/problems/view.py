"""Everything that the page of problems shows of a finished check."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlencode

from waferwatch.indicators.problems.headline import headline
from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.indicators.verdicts import RunScore
from waferwatch.scoring.result import Detection
from waferwatch.store.datasets import Dataset
from waferwatch.store.marks import Mark
from waferwatch.store.problems.grouping import ListedProblem
from waferwatch.store.problems.known import KnownProblem, ProblemState
from waferwatch.store.recent import Recent
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers, place
from waferwatch.web.html.said import counted, said
from waferwatch.web.pages.problems.acts.marked import of_change, place_of_change
from waferwatch.web.pages.problems.faults import TrueFaults, true_faults
from waferwatch.web.pages.problems.highest import HighRun, highest, wafer_name
from waferwatch.web.pages.problems.lanes import Lanes, make_lanes
from waferwatch.web.pages.problems.lines import ProblemLine, problem_line, state_text
from waferwatch.web.pages.problems.live import LiveAlarms, live_alarms
from waferwatch.web.pages.problems.made import Made, how_made
from waferwatch.web.pages.problems.proposal import GoldenProposal, golden_proposal
from waferwatch.web.pages.problems.scope import Scope, in_order
from waferwatch.web.results.keys import detection_key
from waferwatch.web.shell.context import Parts
from waferwatch.web.shell.kept import as_key

_MOST_WAFERS = 200  # abnormal ones that are listed
_MOST_MISSING = 50
_LISTS = ("lines", "weak", "shelved", "closed")  # of a view, with problems
_VIEWS_BYTES = 64 * 2**20
_LINE_BYTES = 8_000  # what is shown of a problem takes in memory, about


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
    state: Hashable = None  # everything that it depends on; None where it is not kept


_views: Recent[Hashable, ProblemsView] = Recent(_VIEWS_BYTES, lambda view: _LINE_BYTES * (10 + view.total))


def problems_view(app: Parts, run: Run, dataset: Dataset | None, scope: Scope, translate: Translator) -> ProblemsView:
    """What a check found, made anew when something of it has changed, with the live alarms of this moment.

    Args:
        dataset: of the check; None where it was deleted.

    Raises:
        NotFoundError, DamagedError: when the result is gone.
    """
    if dataset is None:
        return _with_live(_made(app, run, None, scope, translate), live_alarms(app), None)
    key = _key(app, run, scope, translate)
    return _with_live(_views.get(key, lambda: _made(app, run, dataset, scope, translate)), live_alarms(app), key)


def kept_view(
    app: Parts, run: Run, dataset: Dataset | None, scope: Scope, translate: Translator
) -> ProblemsView | None:
    """What :func:`problems_view` gives, where it is quick; None where it has to be made. Raises the same."""
    if dataset is None:
        return None
    key = _key(app, run, scope, translate)
    found = _views.find(key)
    return None if found is None else _with_live(found, live_alarms(app), key)


def _key(app: Parts, run: Run, scope: Scope, translate: Translator) -> Hashable:
    """Everything that the page shows depends on, but for live alarms."""
    marks = as_key([one.to_dict() for one in app.store.marks.of(run.dataset)])
    return translate.language, scope, detection_key(app, run), app.store.problems.state_of(run.dataset), marks


def _made(app: Parts, run: Run, dataset: Dataset | None, scope: Scope, translate: Translator) -> ProblemsView:
    found = app.store.results.detection(run.id)
    listed = app.store.problems.listed(run, found)
    numbers = Numbers(translate.language)
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
        **cast(Any, _parts(in_order(held, scope.sort), found, marks, translate)),
        missing=[] if scope.narrowed else _missing(app.store.problems.missing(run, listed), translate),
        live=LiveAlarms(),
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


def _with_live(view: ProblemsView, live: LiveAlarms, key: Hashable) -> ProblemsView:
    """The same with the open alarms of live data at the problems on their chambers and sensors."""
    state = None if key is None else (key, live.open, live.unseen, tuple(live.by_place.items()))
    if not live.open:
        return replace(view, state=state)

    def led(lines: list[ProblemLine]) -> list[ProblemLine]:
        return [replace(one, live=live.by_place.get((one.chamber, one.sensor))) for one in lines]

    parts = {name: led(getattr(view, name)) for name in _LISTS}
    return replace(view, live=live, state=state, **cast(Any, parts))


def _parts(
    ordered: Sequence[ListedProblem],
    found: Detection,
    marks: Sequence[Mark],
    translate: Translator,
) -> dict[str, list[ProblemLine]]:
    """The list and what is folded below it: weak, shelved and closed ones."""
    parts: dict[str, list[ProblemLine]] = {name: [] for name in _LISTS}
    for one in ordered:
        state = one.known.state
        folded = state.value if state in (ProblemState.SHELVED, ProblemState.CLOSED) else ""
        weak = "weak" if one.problem.severity is ProblemSeverity.WEAK else "lines"
        marked = of_change(marks, *place_of_change(one.problem)) is not None
        parts[folded or weak].append(replace(problem_line(one, found, translate), marked=marked))
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
