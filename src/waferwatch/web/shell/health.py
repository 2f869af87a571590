"""Whether the server lives, whether it can work, and its counters."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import ModelError, StorageFullError, WaferwatchError
from waferwatch.store.database.connection import StoreError
from waferwatch.web.process.telemetry import CONTENT_TYPE
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts
from waferwatch.web.shell.openapi import Endpoint
from waferwatch.web.shell.schemas import Health, Readiness
from waferwatch.web.shell.work import moment_model

_log = logging.getLogger("waferwatch.web")


class NotReadyError(WaferwatchError):
    """The server lives but cannot work."""

    status, code = 503, "not_ready"


async def healthz(_request: Request) -> Response:
    """The event loop turns."""
    return JsonAnswer({"status": "ok"})


async def readyz(request: Request) -> Response:
    """MOMENT's checkpoint loads, the database answers and uploads can be stored."""
    return JsonAnswer(await parts(request).work.read(_readiness, parts(request)))


def _readiness(app: Parts) -> dict[str, str | None]:
    """Reasons name no path, since anybody may ask."""
    try:
        app.store.datasets.check_writable()
        app.store.runs.all(limit=1)
    except StorageFullError as error:  # of the files or of the database
        raise NotReadyError(error.message_template, hint=error.hint_template, **error.values) from error
    except StoreError as error:
        _log.warning("not ready: %s", error)
        raise NotReadyError(error.message_template, hint=error.hint_template) from error
    try:
        model, _, device = moment_model(app.settings)
    except ModelError as error:
        _log.warning("not ready: %s", error)
        raise NotReadyError(
            "The checkpoint of MOMENT cannot be loaded.", hint="Run `waferwatch doctor` on the server: it says why."
        ) from error
    return {"status": "ready", "model": model, "device": device}


async def metrics(request: Request) -> Response:
    """Counters for Prometheus."""
    app = parts(request)
    return Response(await app.work.read(app.telemetry.text), headers={"Content-Type": CONTENT_TYPE})


ENDPOINTS = (
    Endpoint("GET", "/healthz", healthz, "Whether the server lives.", Health),
    Endpoint("GET", "/readyz", readyz, "Whether it can work.", Readiness, failures=(400, 500, 503)),
    Endpoint("GET", "/metrics", metrics, "Counters in the Prometheus text format.", "text/plain"),
)
