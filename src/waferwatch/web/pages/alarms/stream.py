"""Changes of alarms as server-sent events. The table of changes is the queue: a slow client holds nothing in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.live.alarms.alarm import AlarmChange, AlarmRecord
from waferwatch.live.alarms.desk import AlarmDesk
from waferwatch.live.alarms.newest import LOOK_S
from waferwatch.live.alarms.search import changes_after
from waferwatch.live.alarms.titles import Translate, alarm_document, change_document
from waferwatch.web.shell.answers import encoded
from waferwatch.web.shell.context import Parts, parts, translator
from waferwatch.web.shell.openapi import Endpoint

PING_S = 15
SEND_S = 10.0  # for a client to take one event
MOST_BEHIND = 1000  # changes; a client that is further behind reads the list again
_AT_ONCE = 100


async def stream_alarms(request: Request) -> Response:
    """Every change as it happens; ``Last-Event-ID`` goes on behind one."""
    app = parts(request)
    latest = await app.work.read(app.alarms.newest.change)
    given = request.headers.get("last-event-id") or request.query_params.get("after", "")
    after = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else latest
    return EventSourceResponse(_events(app, min(after, latest), translator(request)), ping=PING_S, send_timeout=SEND_S)


async def _events(app: Parts, after: int, translate: Translate) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(id=str(after), event="ready", data="{}")
    while True:
        latest = await app.work.read(app.alarms.newest.change)
        if latest <= after:
            await anyio.sleep(LOOK_S)
        elif latest - after > MOST_BEHIND:
            after = latest
            yield ServerSentEvent(id=str(latest), event="resync", data="{}")
        else:
            for change, alarm in await app.work.read(_changes, app.alarms.desk, after):
                after = change.id
                news = {"change": change_document(change), "alarm": alarm_document(alarm, translate)}
                yield ServerSentEvent(id=str(change.id), event="change", data=encoded(news).decode())


def _changes(desk: AlarmDesk, after: int) -> list[tuple[AlarmChange, AlarmRecord]]:
    with desk.reading() as connection:
        return changes_after(connection, after, _AT_ONCE)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/alarms/stream",
        stream_alarms,
        "Changes of alarms as server-sent events: ready, change, resync.",
        "text/event-stream",
        failures=(400, 500, 503),
    ),
)
