"""Whether the server lives, whether it can work, and its counters."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from waferwatch.errors import WaferwatchError
from waferwatch.web.answers import JsonAnswer
from waferwatch.web.context import Parts, parts
from waferwatch.web.openapi import Endpoint
from waferwatch.web.schemas import Health, Readiness
from waferwatch.web.telemetry import CONTENT_TYPE
from waferwatch.web.work import moment_model


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
    if not app.store.datasets.writable():
        raise NotReadyError(
            "Data sets cannot be stored in {folder}.",
            hint="Give the server's user the right to write there, or set WAFERWATCH_DATA_DIR.",
            folder=app.store.datasets.folder,
        )
    app.store.runs.all(limit=1)
    model, _, device = moment_model(app.settings)
    return {"status": "ready", "model": model, "device": device}


async def metrics(request: Request) -> Response:
    """Counters for Prometheus."""
    return PlainTextResponse(parts(request).telemetry.text(), headers={"Content-Type": CONTENT_TYPE})


ENDPOINTS = (
    Endpoint("GET", "/healthz", healthz, "Whether the server lives.", Health),
    Endpoint("GET", "/readyz", readyz, "Whether it can work.", Readiness, failures=(400, 500, 503)),
    Endpoint("GET", "/metrics", metrics, "Counters in the Prometheus text format.", "text/plain"),
)
