"""One act on several problems at once: all of them, or none. Each leaves a line of its own in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.store.problems.known import KnownProblem, problem_number
from waferwatch.store.verdicts import Judgement
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.problems.acts.single import in_hours
from waferwatch.web.pages.problems.acts.verdict import check_mark, judge_problem, state_answer
from waferwatch.web.pages.problems.schemas import ProblemVerdictRequest, SeveralProblemsAnswer, SeveralProblemsRequest
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, translator, user_of
from waferwatch.web.shell.openapi import DETECTING, Endpoint

_NEEDED = {"shelve": "hours", "close": "verdict", "merge": "into"}  # besides the problems


async def act_on_several(request: Request) -> Response:
    """Acknowledge, shelve, close or merge several problems, or take that back."""
    body = await read_body(request, SeveralProblemsRequest)
    app, translate = parts(request), translator(request)
    return JsonAnswer(await app.work.read(_act, app, body, user_of(request), translate))


def _act(app: Parts, body: SeveralProblemsRequest, user: str, translate: Translator) -> dict[str, Any]:
    numbers = list(dict.fromkeys(problem_number(name) for name in body.problems))
    _check(app, body, numbers)
    done = {number: _one(app, body, number, user, translate) for number in numbers}
    return {"problems": list(done.values())}


def _check(app: Parts, body: SeveralProblemsRequest, numbers: list[int]) -> None:
    """
    Raises:
        NotFoundError: one of the numbers was never given.
        InputError: something that the act needs is missing, or they cannot be merged.
    """
    needed = _NEEDED.get(body.act)
    if needed is not None and getattr(body, needed) is None:
        raise InputError("The field {name} is missing.", hint="Give it a value.", field=needed, name=needed)
    check_mark(None if body.verdict is None else Judgement(body.verdict), body.mark)
    for number in numbers:
        app.store.problems.get(number)
    if body.into is not None and body.act == "merge":
        into = problem_number(body.into)
        app.store.problems.check_merge([number for number in numbers if number != into], into)


def _one(app: Parts, body: SeveralProblemsRequest, number: int, user: str, translate: Translator) -> dict[str, Any]:
    if body.act in ("close", "reopen"):
        said = body.verdict if body.act == "close" else None
        verdict = ProblemVerdictRequest(verdict=said, note=body.note, mark=body.mark if said else None)
        return judge_problem(app, number, verdict, user, translate)
    problems, into = app.store.problems, problem_number(body.into or str(number))
    acts: dict[str, Callable[[], KnownProblem]] = {
        "acknowledge": lambda: problems.acknowledge(number, body.note, user),
        "shelve": lambda: problems.shelve(number, in_hours(body.hours or 1), body.note, user),
        "unshelve": lambda: problems.unshelve(number, body.note, user),
        "merge": lambda: problems.get(number) if number == into else problems.merge(number, into, user),
    }
    return state_answer(acts[body.act](), translate)


SEVERAL_ENDPOINTS = (
    Endpoint(
        "POST",
        "/problems/acts",
        act_on_several,
        "Acknowledge, shelve, close or merge several problems at once.",
        SeveralProblemsAnswer,
        body=SeveralProblemsRequest,
        failures=DETECTING,
    ),
)
