"""The Runs page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.web.history.texts import texts
from waferwatch.web.openapi import Endpoint
from waferwatch.web.pages import render


async def history_page(request: Request) -> Response:
    """The page of runs."""
    return await render(request, "history.html", area="history", texts=texts)


ENDPOINTS = (Endpoint("GET", "/history", history_page, "The page of runs.", "text/html"),)
