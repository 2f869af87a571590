"""Live rows in, and the state of every equipment out."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import NotFoundError
from waferwatch.live.log.writer import Accepted
from waferwatch.live.scoring.watched import Watch, watches
from waferwatch.live.sources.source import source_named
from waferwatch.live.state import live_state, maintenance_of
from waferwatch.live.trace import live_trace
from waferwatch.models.registry import check_name
from waferwatch.web.pages.live import faulty
from waferwatch.web.pages.live.body import read_bytes, rows_of_body
from waferwatch.web.pages.live.schemas import (
    AcceptedAnswer,
    AcceptQuery,
    EndWatchQuery,
    LiveAnswer,
    LiveRowsBody,
    LiveTraceAnswer,
    LiveTraceQuery,
    MaintenanceAnswer,
    MaintenanceRequest,
    WatchList,
    WatchRequest,
)
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, read_query, translator, user_of
from waferwatch.web.shell.openapi import Endpoint

ROWS_PATH = "/live/{source}/rows"


async def accept_rows(request: Request) -> Response:
    """Take rows in; they are on the disk when this is answered."""
    app, source = parts(request), source_of(request)
    query = read_query(request, AcceptQuery)
    live = app.live.parts
    if query.monitor is not None:
        await app.work.read(_watch_source, app, source, query.monitor)
    body, kind = await read_bytes(request), request.headers.get("content-type", "")

    def handed_in() -> Future[Accepted]:
        return live.log.hand_in(source, rows_of_body(body, kind, source))

    accepted = await asyncio.wrap_future(await app.work.read(handed_in))
    return JsonAnswer(asdict(accepted), status_code=202)


async def get_live(request: Request) -> Response:
    """The state of every equipment."""
    app, translate = parts(request), translator(request)
    return JsonAnswer(asdict(await app.work.read(live_state, app.live.parts, app.settings.live_silence_s, translate)))


async def get_live_trace(request: Request) -> Response:
    """The last rows of one equipment with their scores."""
    app, query = parts(request), read_query(request, LiveTraceQuery)
    source, equipment = source_of(request), request.path_params["equipment"]
    return JsonAnswer(
        asdict(await app.work.read(live_trace, app.live.parts, source, equipment, query.rows, query.after))
    )


async def list_watches(request: Request) -> Response:
    """Which monitor watches which sources and equipment."""
    return JsonAnswer(await parts(request).work.read(_watch_list, parts(request)))


async def add_live_watch(request: Request) -> Response:
    """Let a monitor watch sources and equipment from now on."""
    body = await read_body(request, WatchRequest)
    app = parts(request)
    if body.detector is not None:
        check_name(body.detector)
    wish = {"learn_wafers": body.learn_wafers, "learn_rows": body.learn_rows, "detector": body.detector}
    settings = {name: value for name, value in wish.items() if value is not None}
    await app.work.read(app.live.watch, Watch(body.source, body.equipment, body.monitor, settings))
    detail = {"source": body.source, "equipment": body.equipment}
    await app.work.read(app.store.audit.add, user_of(request), "watch", body.monitor, **detail)
    return JsonAnswer(await app.work.read(_watch_list, app))


async def end_live_watch(request: Request) -> Response:
    """Let nothing watch these sources and equipment any longer."""
    query = read_query(request, EndWatchQuery)
    app = parts(request)
    if not await app.work.read(app.live.end_watch, query.source, query.equipment):
        raise NotFoundError(
            "No monitor watches the equipment {equipment} of {source}.",
            hint="GET /live/watches lists every watch.",
            field="equipment",
            equipment=query.equipment,
            source=query.source,
        )
    await app.work.read(app.store.audit.add, user_of(request), "end watch", query.source, equipment=query.equipment)
    return Response(status_code=204)


async def mark_maintenance(request: Request) -> Response:
    """A maintenance begins, or the one that is under way ends."""
    body = await read_body(request, MaintenanceRequest)
    app, equipment, user = parts(request), str(request.path_params["equipment"]), user_of(request)
    maintenance = app.live.parts.maintenance
    if body.ended:
        mark = await app.work.read(maintenance.end, equipment)
    else:
        mark = await app.work.read(maintenance.begin, equipment, body.note, user)
    act = "end maintenance" if body.ended else "begin maintenance"
    await app.work.read(app.store.audit.add, user, act, equipment, note=body.note)
    return JsonAnswer(asdict(maintenance_of(mark, translator(request))))


async def end_replay(request: Request) -> Response:
    """Stop a replay where it is."""
    app, source = parts(request), source_of(request)
    await app.work.read(app.live.parts.replays.end, source)
    await app.work.read(app.store.audit.add, user_of(request), "end replay", source)
    return Response(status_code=204)


def source_of(request: Request) -> str:
    """
    Raises:
        InputError: the name of the source cannot be one.
    """
    return source_named(str(request.path_params["source"]))


def _watch_source(app: Parts, source: str, monitor: str) -> None:
    known = app.live.parts.models.watch_of(source, "")
    if known is None or (known.source, known.equipment, known.monitor) != (source, "*", monitor):
        app.live.watch(Watch(source, "*", monitor))


def _watch_list(app: Parts) -> dict[str, object]:
    with app.live.parts.database.reading() as connection:
        found = watches(connection)
    return {"watches": [{"source": one.source, "equipment": one.equipment, "monitor": one.monitor} for one in found]}


ENDPOINTS = (
    *faulty.ENDPOINTS,
    Endpoint(
        "POST",
        ROWS_PATH,
        accept_rows,
        "Take live rows in: JSON lines, a JSON array, Telegraf's JSON or CSV, also in gzip.",
        AcceptedAnswer,
        202,
        body=LiveRowsBody,
        query=AcceptQuery,
        failures=(404, 413, 415, 422, 429, 503, 507),
    ),
    Endpoint("GET", "/live", get_live, "State of every live equipment.", LiveAnswer, failures=(503,)),
    Endpoint("GET", "/live/watches", list_watches, "Which monitor watches what.", WatchList, failures=(503,)),
    Endpoint(
        "POST",
        "/live/watches",
        add_live_watch,
        "Let a monitor watch live equipment.",
        WatchList,
        body=WatchRequest,
        failures=(404, 413, 415, 422, 503),
    ),
    Endpoint(
        "DELETE",
        "/live/watches",
        end_live_watch,
        "End a watch.",
        "",
        204,
        query=EndWatchQuery,
        failures=(404, 422, 503),
    ),
    Endpoint("DELETE", "/live/replays/{source}", end_replay, "Stop a replay.", "", 204, failures=(404, 422, 503)),
    Endpoint(
        "POST",
        "/live/{equipment:path}/maintenance",
        mark_maintenance,
        "Begin or end a maintenance of an equipment.",
        MaintenanceAnswer,
        body=MaintenanceRequest,
        failures=(413, 415, 422, 503),
    ),
    Endpoint(
        "GET",
        "/live/{source}/{equipment:path}/rows",
        get_live_trace,
        "Last rows of one equipment with their scores.",
        LiveTraceAnswer,
        query=LiveTraceQuery,
        failures=(404, 422, 503),
    ),
)
