"""The Trends page, and indicators wafer by wafer over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, BinaryIO

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.web.html.pages import render
from waferwatch.web.pages.trends.grid import grid_answer
from waferwatch.web.pages.trends.schemas import (
    GridAnswer,
    GridQuery,
    SeriesAnswer,
    SeriesExportQuery,
    SeriesQuery,
    TraceAnswer,
    TraceQuery,
)
from waferwatch.web.pages.trends.series import series_answer, trace_answer, trend_frame, write_trend
from waferwatch.web.results.finished import finished_detection
from waferwatch.web.results.judged import judged_soon, measured_of
from waferwatch.web.results.keys import detection_key
from waferwatch.web.shell.context import Parts, parts, read_query, translator, user_of
from waferwatch.web.shell.kept import as_key
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.shell.schemas import Query
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name


async def trends_page(request: Request) -> Response:
    """The page of trends."""
    answer = await render(request, "trends/trends.html", area="trends")
    run = request.query_params.get("run")
    if run:
        answer.background = judged_soon(parts(request), run)
    return answer


async def trend_grid(request: Request) -> Response:
    """How far every step and sensor of a detection is out of its limits."""
    query = read_query(request, GridQuery)
    app, translate, run_id = parts(request), translator(request), _run_id(request)

    def make() -> dict[str, Any]:
        return grid_answer(measured_of(app, run_id), finished_detection(app, run_id), query, translate)

    return await app.work.answer(request, _key(app, run_id, "trends", translate.language, query), make)


async def trend_series(request: Request) -> Response:
    """One indicator wafer by wafer, with limits, as a figure."""
    query = read_query(request, SeriesQuery)
    app, translate, run_id = parts(request), translator(request), _run_id(request)

    def make() -> dict[str, Any]:
        asked = app.store.results.wafers(run_id).limits
        return series_answer(measured_of(app, run_id), asked, _marks(app, run_id), query, translate)

    return await app.work.answer(request, _key(app, run_id, "series", translate.language, query), make, plot=True)


async def trend_trace(request: Request) -> Response:
    """The trace of one wafer in one step over the golden band, as a figure."""
    query = read_query(request, TraceQuery)
    app, translate, run_id = parts(request), translator(request), _run_id(request)

    def make() -> dict[str, Any]:
        judged = measured_of(app, run_id)
        return trace_answer(judged, app.store.results.detection(run_id), query, translate)

    return await app.work.answer(request, _key(app, run_id, "trace", translate.language, query), make, plot=True)


async def export_trend(request: Request) -> Response:
    """The points of one indicator as a file."""
    query = read_query(request, SeriesExportQuery)
    app = parts(request)
    run = await app.work.read(finished_detection, app, _run_id(request))
    judged = await app.work.draw(measured_of, app, run.id)
    await app.work.draw(trend_frame, judged, query)  # what is wrong with the question is said before the file begins
    await app.work.read(app.store.audit.add, user_of(request), "export trend", run.id)
    name = file_name(run.dataset_name or "demo", f"{query.sensor}-{query.statistic}.{query.format}")
    write: Callable[[BinaryIO], None] = partial(write_trend, judged, query, query.format)
    return await download(app, write, name, TABLE_MEDIA[query.format])


def _run_id(request: Request) -> str:
    return str(request.path_params["id"])


def _key(app: Parts, run_id: str, what: str, language: str, query: Query) -> Callable[[], Hashable]:
    def key() -> Hashable:
        run = finished_detection(app, run_id)
        return what, language, as_key(query.model_dump()), detection_key(app, run), as_key(_marks(app, run_id))

    return key


def _marks(app: Parts, run_id: str) -> list[dict[str, Any]]:
    """The marks of the data set of a run."""
    return [one.to_dict() for one in app.store.marks.of(app.jobs.get(run_id).dataset)]


ENDPOINTS = (
    Endpoint("GET", "/trends", trends_page, "The page of trends.", "text/html"),
    Endpoint(
        "GET",
        "/runs/{id}/trends",
        trend_grid,
        "How far every step and sensor is out of its limits, worst first.",
        GridAnswer,
        query=GridQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/trends/series",
        trend_series,
        "One indicator wafer by wafer, with limits and rules.",
        SeriesAnswer,
        query=SeriesQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/trends/trace",
        trend_trace,
        "The trace of a wafer in one step over the golden band.",
        TraceAnswer,
        query=TraceQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/trends/export",
        export_trend,
        "The points of one indicator as a file.",
        ", ".join(TABLE_MEDIA.values()),
        query=SeriesExportQuery,
        failures=DETECTING,
    ),
)
