"""Refusals and faults as the asker reads them: a page for a browser, JSON for a program."""

from __future__ import annotations

import sqlite3

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from waferwatch.errors import WaferwatchError
from waferwatch.live.service import FILE, FOLDER
from waferwatch.store.database.connection import store_errors
from waferwatch.web.html.language import Translator
from waferwatch.web.html.pages import bare_page
from waferwatch.web.shell.faults import error_answer, error_body, error_headers, from_http


async def answer_known(request: Request, error: Exception) -> Response:
    """Handler for :class:`WaferwatchError`, Starlette's own :class:`HTTPException`, and faults of the live database.

    Those of the other database are turned into the former where they arise.
    """
    headers = None
    if isinstance(error, sqlite3.Error):
        error = _of_live_database(error)
    if isinstance(error, HTTPException):
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = allowed_methods(request)
            if request.method == "OPTIONS":
                return Response(status_code=204, headers={"Allow": headers["Allow"]})
        error = from_http(error, request)
    if not isinstance(error, WaferwatchError):
        raise error
    return answer_error(request, error, headers)


def _of_live_database(error: sqlite3.Error) -> Exception:
    try:
        with store_errors(f"{FOLDER}/{FILE}"):
            raise error
    except (WaferwatchError, sqlite3.Error) as known:
        return known


def answer_error(request: Request, error: WaferwatchError, headers: dict[str, str] | None = None) -> Response:
    """The error in the reader's language."""
    if not wants_page(request):
        return error_answer(error, request.state.request_id, request.state.language, headers)
    body = error_body(error, request.state.request_id, Translator(request.state.language))
    page = bare_page(request, "error.html", status=error.status, error=body, code=error.status)
    page.headers.update(error_headers(error) | (headers or {}))
    return page


def wants_page(request: Request) -> bool:
    """Whether a person reads the answer in a browser: it asks for HTML by name, which programs do not."""
    return "text/html" in request.headers.get("accept", "")


def allowed_methods(request: Request) -> str:
    """Every method that the path takes: each has a route of its own."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    found = [route.methods or set() for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted(set().union(*found)))
