"""The page of problems, which is also the first page."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from waferwatch.errors import NotFoundError, WaferwatchError
from waferwatch.store.problems.known import problem_name, problem_number
from waferwatch.web.html.language import Translator
from waferwatch.web.html.navigation import is_live
from waferwatch.web.html.numbers import Numbers
from waferwatch.web.html.pages import render
from waferwatch.web.pages.problems.acts.several import SEVERAL_ENDPOINTS
from waferwatch.web.pages.problems.acts.single import ACT_ENDPOINTS
from waferwatch.web.pages.problems.chosen import ChosenCheck, choose
from waferwatch.web.pages.problems.faults import export_faults
from waferwatch.web.pages.problems.one.detail import open_problem
from waferwatch.web.pages.problems.schemas import LONGEST_NOTE, FaultsExportQuery, ProblemQuery, ProblemsQuery
from waferwatch.web.pages.problems.scope import ORDERS, Scope
from waferwatch.web.pages.problems.view import ProblemsView, kept_view, problems_view
from waferwatch.web.results.judged import judged_soon
from waferwatch.web.shell.context import Parts, parts, translator
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.transfer.download import TABLE_MEDIA

_AREA = "problems"
_NUMBER = re.compile(r"[Pp]-?(\d{1,9})")  # of a problem, as people type it
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
    """Watch where live rows come, else the problems of the newest check.

    Addresses of before that named more lead to the page that shows it.
    """
    app = parts(request)
    if not request.query_params and await app.work.read(is_live, app):
        return RedirectResponse("/watch", 303)
    if any(name in request.query_params for name in _OF_DETECTION):
        return RedirectResponse(f"/problems/check?{request.url.query}", 303)
    return await problems_page(request)


async def problems_page(request: Request) -> Response:
    """What is wrong, worst first; a number that is searched for leads to its problem."""
    app, translate = parts(request), translator(request)
    number = _NUMBER.fullmatch(request.query_params.get("search", "").strip())
    if number is not None:
        return RedirectResponse(f"/problems/P-{number[1]}", 303)
    query = dict(request.query_params)
    chosen, scope, view = await app.work.read(_chosen, app, query, translate)
    made = _Page(chosen, scope, view, None, 200)
    if view is None:  # what is kept does not queue behind what takes longer
        made = await app.work.draw(_made, app, chosen, scope, translate)
    answer = await render(
        request,
        "problems/problems.html",
        area=_AREA,
        status=made.status,
        kept=None if made.view is None or made.view.state is None else (made.view.state, repr(made.chosen)),
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
        merged = await app.work.read(_merged, app, number)
        if merged is not None:
            return await render(request, "problems/merged.html", area=_AREA, merged=merged)
        opened = await app.work.read(open_problem, app, number, dict(request.query_params), translate)
        drawn = opened.kept or await app.work.draw(opened.drawn)
        detail = await app.work.read(opened.shown_with, drawn)
    except WaferwatchError as problem:
        error, status = {"message": problem.message(translate), "hint": problem.hint(translate)}, problem.status
        known = isinstance(problem, NotFoundError) and problem.field == "run" and "run" in request.query_params
        error["address"] = request.url.path if known else ""
    numbers = Numbers(translate.language)
    variables: dict[str, Any] = {"detail": detail, "error": error, "longest_note": LONGEST_NOTE, "numbers": numbers}
    kept = None if detail is None else sha256(repr(detail).encode(errors="replace")).digest()
    return await render(request, "problems/problem.html", area=_AREA, status=status, kept=kept, **variables)


def _merged(app: Parts, number: int) -> dict[str, str] | None:
    """A problem that is counted to another one, and that one; None for any other."""
    known = app.store.problems.get(number)
    return None if known.merged_into is None else {"name": known.name, "into": problem_name(known.merged_into)}


def _chosen(app: Parts, query: dict[str, str], translate: Translator) -> tuple[ChosenCheck, Scope, ProblemsView | None]:
    """What an address means, with what is shown of it where that is kept."""
    chosen = choose(app, query)
    scope = Scope.from_query(query, "" if chosen.run is None else chosen.run.id)
    view = None
    if chosen.state == "done" and chosen.run is not None and chosen.error is None:
        with suppress(WaferwatchError):  # said by ``_made``
            view = kept_view(app, chosen.run, chosen.dataset, scope, translate)
    return chosen, scope, view


def _made(app: Parts, chosen: ChosenCheck, scope: Scope, translate: Translator) -> _Page:
    view, error = None, chosen.error
    if chosen.state == "done" and chosen.run is not None:
        try:
            view = problems_view(app, chosen.run, chosen.dataset, scope, translate)
        except WaferwatchError as problem:
            error = problem
    shown = None if error is None else {"message": error.message(translate), "hint": error.hint(translate)}
    return _Page(chosen, scope, view, shown, 200 if error is None else error.status)


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
    *SEVERAL_ENDPOINTS,
    *ACT_ENDPOINTS,
    Endpoint(
        "GET",
        "/runs/{id}/faults/export",
        export_faults,
        "Which labelled faults a detection found, as a file.",
        ", ".join(TABLE_MEDIA[kind] for kind in ("csv", "xlsx")),
        query=FaultsExportQuery,
        failures=DETECTING,
    ),
)
