"""What an engineer says of a problem, which also goes for its events: monitors learn from those."""

from __future__ import annotations

from typing import Any

from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.scoring.result import Detection
from waferwatch.store.marks import Mark, MarkKind
from waferwatch.store.problems.known import KnownProblem, problem_name
from waferwatch.store.runs import Run
from waferwatch.store.verdicts import Judgement
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.problems.acts.marked import of_change, place_of_change
from waferwatch.web.pages.problems.lines import state_text
from waferwatch.web.pages.problems.schemas import ProblemVerdictRequest
from waferwatch.web.shell.context import Parts


def judge_problem(
    app: Parts, number: int, body: ProblemVerdictRequest, user: str, translate: Translator
) -> dict[str, Any]:
    """
    Raises:
        NotFoundError: when no problem was ever given this number.
        InputError: a mark is asked for that belongs to no intended change, or where nothing says when it was.
    """
    verdict = None if body.verdict is None else Judgement(body.verdict)
    note = "" if verdict is None else body.note.strip()
    known = app.store.problems.get(number)
    check_mark(verdict, body.mark)
    found = _as_found(app, known)
    mark = None if body.mark is None else _marked(app, known, found, MarkKind(body.mark), note, user)
    known = app.store.problems.judge(number, verdict, note, user)
    if found is not None:
        _judge_events(app, found, verdict, note, user)
    return state_answer(known, translate, mark)


def check_mark(verdict: Judgement | None, mark: str | None) -> None:
    """
    Raises:
        InputError: the mark belongs to no intended change.
    """
    if mark is not None and verdict is not Judgement.INTENDED_CHANGE:
        raise InputError(
            "Only the time of an intended change is marked.",
            hint="Close the problem as an intended change, or leave the mark out.",
            field="mark",
        )


def state_answer(known: KnownProblem, translate: Translator, mark: Mark | None = None) -> dict[str, Any]:
    """Where a problem stands, and what was said of it."""
    return {
        "name": known.name,
        "state": known.state.value,
        "state_text": state_text(known, translate),
        "verdict": None if known.verdict is None else known.verdict.value,
        "note": known.note,
        "by": known.user or None,
        "at": known.at,
        "merged_into": None if known.merged_into is None else problem_name(known.merged_into),
        "split_from": None if known.split_from is None else problem_name(known.split_from),
        "mark": None
        if mark is None
        else {name: mark.to_dict()[name] for name in ("kind", "start", "equipment", "dataset")},
    }


def _as_found(app: Parts, known: KnownProblem) -> tuple[Run, Detection, FabProblem] | None:
    """The problem as the newest check found it; None where its result is not kept."""
    try:
        run = app.jobs.result_of(known.run)
        found = app.store.results.detection(run.id)
    except NotFoundError:
        return None
    listed = app.store.problems.listed(run, found)
    problem = next((one.problem for one in listed if one.known.number == known.number), None)
    return None if problem is None else (run, found, problem)


def _judge_events(
    app: Parts, found: tuple[Run, Detection, FabProblem], verdict: Judgement | None, note: str, user: str
) -> None:
    run, detection, problem = found
    mine = set(problem.events)
    peaks = [event.peak_row for event in detection.events if event.id in mine]
    app.store.verdicts.put_all(run.id, peaks, verdict, note, user)


def _marked(
    app: Parts,
    known: KnownProblem,
    found: tuple[Run, Detection, FabProblem] | None,
    kind: MarkKind,
    note: str,
    user: str,
) -> Mark:
    """The mark where the problem was first seen on its chamber, kept once.

    Raises:
        InputError: the result of the check is gone, so that nothing says when it was.
    """
    if found is None:
        raise InputError(
            "The time of {name} is not known any more: the result of its check is gone.",
            hint="Check the data again, or mark the time on Trends.",
            field="mark",
            name=known.name,
        )
    equipment, start = place_of_change(found[2])
    kept = of_change(app.store.marks.of(known.dataset), equipment, start)
    if kept is not None and kept.kind is kind:
        return kept
    words = f"{known.name}: {note}" if note else known.name
    made = app.store.marks.add(known.dataset, kind, start, start, user, equipment=equipment, note=words)
    app.store.audit.add(user, f"mark {kind.value}", known.dataset)
    return made
