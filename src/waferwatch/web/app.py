"""The Starlette application: routes, error answers, what starts and stops with it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from functools import partial
from importlib import metadata

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from waferwatch.errors import WaferwatchError
from waferwatch.settings import Settings, current_settings
from waferwatch.store.datasets import Datasets
from waferwatch.web import api, catalogue, health, pages, schemas
from waferwatch.web.answers import JsonAnswer
from waferwatch.web.assets import serve_asset
from waferwatch.web.context import Parts
from waferwatch.web.faults import answer_known
from waferwatch.web.guard import Guard
from waferwatch.web.openapi import Endpoint, describe
from waferwatch.web.telemetry import Telemetry
from waferwatch.web.work import Work

_DETECTING = (400, 403, 404, 409, 413, 415, 422, 500, 501, 503)
_PACKED_BYTES = 1024  # answers from this size on are sent compressed


async def openapi(_request: Request) -> Response:
    """This description."""
    return JsonAnswer(describe(ENDPOINTS, metadata.version("waferwatch")))


ENDPOINTS = (
    Endpoint("GET", "/", pages.page, "The page.", "text/html"),
    Endpoint(
        "POST",
        "/detect",
        api.detect,
        "Find anomalies in a data set.",
        schemas.DetectAnswer,
        body=schemas.DetectRequest,
        failures=_DETECTING,
    ),
    Endpoint(
        "GET",
        "/plot/{feature:path}",
        api.plot,
        "One sensor as a Plotly figure, down-sampled on the server.",
        schemas.Figure,
        query=schemas.PlotQuery,
        failures=(400, 404, 422, 500),
    ),
    Endpoint(
        "POST",
        "/group_analysis",
        api.group_analysis,
        "Anomalous rows of each group.",
        schemas.GroupAnswer,
        body=schemas.GroupRequest,
        failures=_DETECTING,
    ),
    Endpoint(
        "POST",
        "/model_compare",
        api.model_compare,
        "Several detectors on the same data.",
        schemas.CompareAnswer,
        body=schemas.CompareRequest,
        failures=_DETECTING,
    ),
    Endpoint("GET", "/datasets", catalogue.list_datasets, "The data sets.", schemas.DatasetList),
    Endpoint(
        "POST",
        "/datasets",
        catalogue.upload_dataset,
        "Upload one file as a data set.",
        schemas.UploadAnswer,
        status=201,
        body="multipart/form-data",
        failures=(400, 403, 413, 415, 422, 500),
    ),
    Endpoint(
        "DELETE",
        "/datasets/{id}",
        catalogue.delete_dataset,
        "Delete an uploaded data set.",
        "",
        status=204,
        failures=(400, 403, 404, 500),
    ),
    Endpoint("GET", "/healthz", health.healthz, "Whether the server lives.", schemas.Health),
    Endpoint("GET", "/readyz", health.readyz, "Whether it can work.", schemas.Readiness, failures=(400, 500, 503)),
    Endpoint("GET", "/metrics", health.metrics, "Counters in the Prometheus text format.", "text/plain"),
    Endpoint("GET", "/openapi.json", openapi, "This description.", "application/json"),
)


def create_app(settings: Settings | None = None) -> Starlette:
    """The application, ready for an ASGI server. Nothing is read or written before it starts."""
    settings = settings or current_settings()
    datasets, telemetry = Datasets(settings), Telemetry()
    work = Work(settings, datasets, telemetry)
    app = Starlette(
        routes=[
            *(Route(one.path, one.handler, methods=[one.method]) for one in ENDPOINTS),
            Route("/static/{path:path}", serve_asset),
        ],
        middleware=[
            Middleware(Guard, host=settings.host, telemetry=telemetry),
            Middleware(GZipMiddleware, minimum_size=_PACKED_BYTES, compresslevel=5),
        ],
        exception_handlers={WaferwatchError: answer_known, HTTPException: answer_known},
        lifespan=partial(_lifespan, datasets=datasets, work=work),
    )
    app.state.parts = Parts(settings, datasets, telemetry, work)
    return app


@contextlib.asynccontextmanager
async def _lifespan(_app: Starlette, datasets: Datasets, work: Work) -> AsyncIterator[None]:
    await work.read(datasets.clean)
    yield
    work.stop()
