"""What an engineer says of a problem, which also goes for its events: monitors learn from those."""

from __future__ import annotations

from typing import Any

from waferwatch.errors import NotFoundError
from waferwatch.store.problems.known import KnownProblem, problem_name
from waferwatch.store.verdicts import Judgement
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.problems.lines import state_text
from waferwatch.web.pages.problems.schemas import ProblemVerdictRequest
from waferwatch.web.shell.context import Parts


def judge_problem(
    app: Parts, number: int, body: ProblemVerdictRequest, user: str, translate: Translator
) -> dict[str, Any]:
    """
    Raises:
        NotFoundError: when no problem was ever given this number.
    """
    verdict = None if body.verdict is None else Judgement(body.verdict)
    note = "" if verdict is None else body.note.strip()
    known = app.store.problems.judge(number, verdict, note, user)
    _judge_events(app, known, verdict, note, user)
    app.store.audit.add(user, "judge problem", known.name, verdict=body.verdict, note=note)
    return state_answer(known, translate)


def state_answer(known: KnownProblem, translate: Translator) -> dict[str, Any]:
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
    }


def _judge_events(app: Parts, known: KnownProblem, verdict: Judgement | None, note: str, user: str) -> None:
    """The same of every event of the problem in the newest check that found it, as long as its result is kept."""
    try:
        run = app.jobs.result_of(known.run)
        found = app.store.results.detection(run.id)
    except NotFoundError:
        return
    listed = app.store.problems.listed(run, found)
    ids = {event for one in listed if one.known.number == known.number for event in one.problem.events}
    for event in found.events:
        if event.id in ids:
            app.store.verdicts.put(run.id, event.peak_row, verdict, note, user)
