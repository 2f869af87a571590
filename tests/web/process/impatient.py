"""A server with time limits and a file limit of its own, and a route that takes longer than they allow silence."""

from __future__ import annotations

import asyncio
import resource

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.server_process import without_demo_check
from waferwatch.settings import Settings
from waferwatch.web import server
from waferwatch.web.app import create_app
from waferwatch.web.process import connections


def make_impatient(files: int, seconds: float) -> None:
    """Before the server of this process serves.

    Args:
        files: that it may have open; 0 leaves the limit as it is.
        seconds: every time limit of a connection.
    """
    without_demo_check()
    if files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    connections.HEAD_S = connections.BODY_SILENCE_S = connections.READING_SILENCE_S = seconds

    async def slow(_request: Request) -> Response:
        await asyncio.sleep(3 * seconds)
        return Response("done")

    def create(settings: Settings) -> Starlette:
        app = create_app(settings)
        app.router.routes.append(Route("/slow", slow, methods=["GET", "POST"]))
        return app

    server.create_app = create
