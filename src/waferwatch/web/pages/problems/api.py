"""The page of problems, which is also the first page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from waferwatch.errors import WaferwatchError
from waferwatch.store.problems import problem_number
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers
from waferwatch.web.html.pages import render
from waferwatch.web.pages.problems.chosen import ChosenCheck, choose
from waferwatch.web.pages.problems.one.detail import problem_detail
from waferwatch.web.pages.problems.one.verdict import judge_problem
from waferwatch.web.pages.problems.schemas import (
    LONGEST_NOTE,
    ProblemQuery,
    ProblemsQuery,
    ProblemVerdictAnswer,
    ProblemVerdictRequest,
)
from waferwatch.web.pages.problems.scope import ORDERS, Scope
from waferwatch.web.pages.problems.view import ProblemsView, problems_view
from waferwatch.web.results.judged import judged_soon
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, translator, user_of
from waferwatch.web.shell.openapi import DETECTING, Endpoint

_AREA = "problems"
_OF_DETECTION = ("start", "end", "monitor")  # of an address of before: what only the page of settings shows


@dataclass(frozen=True)
class _Page:
    """What one answer is made of."""

    chosen: ChosenCheck
    scope: Scope
    view: ProblemsView | None
    error: dict[str, str] | None
    status: int


async def first_page(request: Request) -> Response:
    """The problems of the newest check; addresses of before that named more lead to the page that shows it."""
    if any(name in request.query_params for name in _OF_DETECTION):
        return RedirectResponse(f"/problems/check?{request.url.query}", 303)
    return await problems_page(request)


async def problems_page(request: Request) -> Response:
    """What is wrong, worst first."""
    app, translate = parts(request), translator(request)
    made = await app.work.draw(_made, app, dict(request.query_params), translate)
    answer = await render(
        request,
        "problems/problems.html",
        area=_AREA,
        status=made.status,
        chosen=made.chosen,
        scope=made.scope,
        view=made.view,
        error=made.error,
        orders=ORDERS,
        numbers=Numbers(translate.language),
    )
    if made.view is not None and made.chosen.run is not None and answer.status_code == made.status:
        answer.background = judged_soon(app, made.chosen.run.id)
    return answer


async def problem_page(request: Request) -> Response:
    """One problem: what happened, since when, and on which chambers."""
    app, translate = parts(request), translator(request)
    detail, error, status = None, None, 200
    try:
        number = problem_number(request.path_params["problem"])
        query = [request.query_params.get(name, "") for name in ("run", "wafer")]
        detail = await app.work.draw(problem_detail, app, number, *query, translate)
    except WaferwatchError as problem:
        error, status = {"message": problem.message(translate), "hint": problem.hint(translate)}, problem.status
    numbers = Numbers(translate.language)
    variables = {"detail": detail, "error": error, "longest_note": LONGEST_NOTE, "numbers": numbers}
    return await render(request, "problems/problem.html", area=_AREA, status=status, **variables)


async def judge(request: Request) -> Response:
    """Say what a problem was, or take it back."""
    body = await read_body(request, ProblemVerdictRequest)
    app, number = parts(request), problem_number(request.path_params["problem"])
    return JsonAnswer(await app.work.read(judge_problem, app, number, body, user_of(request)))


def _made(app: Parts, query: dict[str, str], translate: Translator) -> _Page:
    chosen = choose(app, query)
    scope = Scope.from_query(query, "" if chosen.run is None else chosen.run.id)
    view, error = None, chosen.error
    if chosen.state == "done" and chosen.run is not None:
        try:
            view = problems_view(app, chosen.run, scope, translate)
        except WaferwatchError as problem:
            error = problem
    told = None if error is None else {"message": error.message(translate), "hint": error.hint(translate)}
    return _Page(chosen, scope, view, told, 200 if error is None else error.status)


_READ: Any = DETECTING
ENDPOINTS = (
    Endpoint("GET", "/", first_page, "The first page.", "text/html", query=ProblemsQuery, failures=_READ),
    Endpoint(
        "GET",
        "/problems",
        problems_page,
        "What is wrong in a check, worst first.",
        "text/html",
        query=ProblemsQuery,
        failures=_READ,
    ),
    Endpoint(
        "GET", "/problems/{problem}", problem_page, "One problem.", "text/html", query=ProblemQuery, failures=_READ
    ),
    Endpoint(
        "PUT",
        "/problems/{problem}/verdict",
        judge,
        "Say whether a problem was a true or a false alarm.",
        ProblemVerdictAnswer,
        body=ProblemVerdictRequest,
        failures=DETECTING,
    ),
)
