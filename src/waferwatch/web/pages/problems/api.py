"""The page of problems, which is also the first page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from waferwatch.errors import WaferwatchError
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers
from waferwatch.web.html.pages import render
from waferwatch.web.pages.problems.chosen import ChosenCheck, choose
from waferwatch.web.pages.problems.schemas import ProblemsQuery
from waferwatch.web.pages.problems.scope import ORDERS, Scope
from waferwatch.web.pages.problems.view import ProblemsView, problems_view
from waferwatch.web.shell.context import Parts, parts, translator
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
        return RedirectResponse(f"/problems/check?{request.url.query}", 308)
    return await problems_page(request)


async def problems_page(request: Request) -> Response:
    """What is wrong, worst first."""
    app, translate = parts(request), translator(request)
    made = await app.work.draw(_made, app, dict(request.query_params), translate)
    return await render(
        request,
        "problems.html",
        area=_AREA,
        status=made.status,
        chosen=made.chosen,
        scope=made.scope,
        view=made.view,
        error=made.error,
        orders=ORDERS,
        numbers=Numbers(translate.language),
    )


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
)
