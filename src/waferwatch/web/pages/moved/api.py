"""Addresses of before lead to the new ones, with the query they came with."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from waferwatch.web.shell.openapi import Endpoint, Handler

MOVED = {
    "/groups": "/problems/groups",
    "/event": "/problems/event",
    "/compare": "/monitors/compare",
    "/history": "/data/checks",
}


def _leading_to(address: str, name: str) -> Handler:
    async def moved(request: Request) -> Response:
        query = request.url.query
        return RedirectResponse(f"{address}?{query}" if query else address, 308)

    moved.__name__ = name
    return moved


ENDPOINTS = tuple(
    Endpoint("GET", old, _leading_to(new, f"moved_{old[1:]}"), f"Moved to {new}.", "", status=308)
    for old, new in MOVED.items()
)
