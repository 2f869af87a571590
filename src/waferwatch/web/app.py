"""The Starlette application: routes, error answers, what starts and stops with it."""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial
from importlib import metadata

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from waferwatch.errors import WaferwatchError
from waferwatch.jobs.jobs import Jobs
from waferwatch.live.alarms.service import live_with_alarms
from waferwatch.live.learning.judged import live_verdicts
from waferwatch.live.numbers import live_numbers
from waferwatch.live.service import LiveService
from waferwatch.monitors.golden.verdicts import Judged
from waferwatch.settings import Settings, current_settings
from waferwatch.store.store import Store, open_store
from waferwatch.store.upkeep.sweeper import Sweeper
from waferwatch.web.access.access import Access
from waferwatch.web.access.peers import Peers
from waferwatch.web.html.assets import serve_asset
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.alarms import api as alarms
from waferwatch.web.pages.alarms import channels as alarm_channels
from waferwatch.web.pages.alarms import stream as alarm_stream
from waferwatch.web.pages.chambers import api as chambers
from waferwatch.web.pages.compare import api as compare
from waferwatch.web.pages.data import api as data
from waferwatch.web.pages.data import imports_api as imports
from waferwatch.web.pages.detect import api as detect
from waferwatch.web.pages.event import api as event
from waferwatch.web.pages.groups import api as groups
from waferwatch.web.pages.live import api as live
from waferwatch.web.pages.login import api as login
from waferwatch.web.pages.marks import api as marks
from waferwatch.web.pages.monitors import api as monitors
from waferwatch.web.pages.moved import api as moved
from waferwatch.web.pages.pm import api as pm
from waferwatch.web.pages.problems import api as problems
from waferwatch.web.pages.runs import api as runs
from waferwatch.web.pages.runs import page as history
from waferwatch.web.pages.trends import api as trends
from waferwatch.web.pages.wafers import api as wafers
from waferwatch.web.pages.watch import api as watch
from waferwatch.web.pages.watch import replays
from waferwatch.web.process.telemetry import Telemetry
from waferwatch.web.shell import audit, health
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts
from waferwatch.web.shell.error_page import answer_known
from waferwatch.web.shell.guard import Guard
from waferwatch.web.shell.openapi import Endpoint, describe
from waferwatch.web.shell.work import Work
from waferwatch.web.transfer import shown_table

_PACKED_BYTES = 1024  # answers from this size on are sent compressed
_PATIENCE_S = 5.0  # for a running job to notice that the server stops
_log = logging.getLogger("waferwatch.web")


async def openapi(request: Request) -> Response:
    """This description."""
    cookie = parts(request).access.sessions.cookie
    return JsonAnswer(describe(ENDPOINTS, metadata.version("waferwatch"), cookie))


ENDPOINTS = (
    *detect.ENDPOINTS,
    *data.ENDPOINTS,
    *imports.ENDPOINTS,
    *event.ENDPOINTS,
    *groups.ENDPOINTS,
    *compare.ENDPOINTS,  # before the monitors: its address would be that of a monitor
    *history.ENDPOINTS,
    *runs.ENDPOINTS,
    *monitors.ENDPOINTS,
    *wafers.ENDPOINTS,
    *moved.ENDPOINTS,
    *problems.ENDPOINTS,  # after the pages below its address, each of which would be a problem
    *live.ENDPOINTS,
    *watch.ENDPOINTS,
    *replays.ENDPOINTS,
    *alarm_channels.ENDPOINTS,
    *alarm_stream.ENDPOINTS,
    *alarms.ENDPOINTS,
    *trends.ENDPOINTS,
    *marks.ENDPOINTS,
    *pm.ENDPOINTS,
    *chambers.ENDPOINTS,
    *audit.ENDPOINTS,
    *shown_table.ENDPOINTS,
    *login.ENDPOINTS,
    *health.ENDPOINTS,
    Endpoint("GET", "/openapi.json", openapi, "This description.", "application/json"),
)


def create_app(settings: Settings | None = None) -> Starlette:
    """The application, ready for an ASGI server. Tables and folders are made when it starts.

    Raises:
        InputError, MissingExtraError: when the database that the settings name cannot be used.
    """
    settings = settings or current_settings()
    store, telemetry = open_store(settings), Telemetry()
    live_service, alarm_service = live_with_alarms(settings, store, Translator)
    jobs = Jobs(settings, store, telemetry.count_run, partial(_live_verdicts, live_service))
    telemetry.watch_queue(jobs.waiting, jobs.running)
    telemetry.watch_alarms(alarm_service.counts)
    made = Parts(settings, store, jobs, telemetry, Work(store.datasets), Access(settings), live_service, alarm_service)
    telemetry.watch_live(lambda: None if made.live.running is None else live_numbers(made.live.running))
    app = Starlette(
        routes=[
            *(_route(one) for one in ENDPOINTS),
            Route("/static/{path:path}", serve_asset),
        ],
        middleware=[
            Middleware(Peers),
            Middleware(Guard, settings=settings, telemetry=telemetry, access=made.access),
            Middleware(GZipMiddleware, minimum_size=_PACKED_BYTES, compresslevel=5),
        ],
        exception_handlers=dict.fromkeys((WaferwatchError, HTTPException, sqlite3.Error), answer_known),
        lifespan=partial(_lifespan, parts=made),
    )
    app.state.parts = made
    return app


def _live_verdicts(live: LiveService, store: Store, monitor: str) -> Sequence[Judged]:
    """What engineers said of live alarms; nothing while live monitoring does not run."""
    return () if live.running is None else live_verdicts(live.running.database, store, monitor)


def prepare(parts: Parts) -> None:
    """Make the store ready. Nothing happens when it is already.

    Raises:
        StoreError: when the database or the data folder cannot be used, with the remedy.
    """
    for run_id in parts.store.prepare():
        _log.warning("run %s was interrupted when the server ended; it can be started again", run_id)


def _route(one: Endpoint) -> Route:
    """Starlette's own pattern leaves out names with a line break, as a column or an equipment may have."""
    route = Route(one.path, one.handler, methods=[one.method])
    route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
    return route


@contextlib.asynccontextmanager
async def _lifespan(_app: Starlette, parts: Parts) -> AsyncIterator[None]:
    await to_thread.run_sync(prepare, parts)
    parts.jobs.start()
    sweeper = Sweeper(parts.store)
    sweeper.start()
    if parts.settings.live:
        await to_thread.run_sync(parts.live.try_start)
    if parts.live.running is not None:
        parts.alarms.start()
    yield
    await to_thread.run_sync(parts.alarms.stop)
    await to_thread.run_sync(parts.live.stop)
    sweeper.stop()
    await to_thread.run_sync(parts.jobs.close, _PATIENCE_S)
    parts.store.close()
