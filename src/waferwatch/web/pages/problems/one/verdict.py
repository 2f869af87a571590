"""What an engineer says of a problem, which also goes for its events: monitors learn from those."""

from __future__ import annotations

from typing import Any

from waferwatch.errors import NotFoundError
from waferwatch.store.problems.known import KnownProblem
from waferwatch.store.verdicts import Judgement
from waferwatch.web.pages.problems.schemas import ProblemVerdictRequest
from waferwatch.web.shell.context import Parts


def judge_problem(app: Parts, number: int, body: ProblemVerdictRequest, user: str) -> dict[str, Any]:
    """
    Raises:
        NotFoundError: when no problem was ever given this number.
    """
    verdict = None if body.verdict is None else Judgement(body.verdict)
    note = "" if verdict is None else body.note.strip()
    known = app.store.problems.judge(number, verdict, note, user)
    _judge_events(app, known, verdict, note, user)
    app.store.audit.add(user, "judge problem", known.name, verdict=body.verdict)
    return said_of(known)


def said_of(known: KnownProblem) -> dict[str, Any]:
    """What was said of a problem; nulls when nothing was."""
    verdict = None if known.verdict is None else known.verdict.value
    return {"name": known.name, "verdict": verdict, "note": known.note, "by": known.user or None, "at": known.at}


def _judge_events(app: Parts, known: KnownProblem, verdict: Judgement | None, note: str, user: str) -> None:
    """The same of every event of the problem in the newest check that found it, as long as its result is kept."""
    try:
        run = app.jobs.result_of(known.run)
        found = app.store.results.detection(run.id)
    except NotFoundError:
        return
    numbers = [one.number for one in app.store.problems.of(run, found)]
    if known.number not in numbers:
        return
    ids = set(found.problems[numbers.index(known.number)].events)
    for event in found.events:
        if event.id in ids:
            app.store.verdicts.put(run.id, event.peak_row, verdict, note, user)
