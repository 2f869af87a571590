"""Rows that somebody marks as faulty: nothing is learnt from them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError, NotFoundError
from waferwatch.live.learning.good_rows import FaultyRows, faulty_rows, mark_faulty, unmark_faulty
from waferwatch.live.sources.forms.texts import written_time
from waferwatch.web.pages.live.schemas import FaultyAnswer, FaultyList, FaultyRequest
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, user_of
from waferwatch.web.shell.openapi import Endpoint


async def add_faulty(request: Request) -> Response:
    """Keep a wafer, or the rows between two times, out of everything that is learnt."""
    body, app = await read_body(request, FaultyRequest), parts(request)
    equipment, user = str(request.path_params["equipment"]), user_of(request)
    found = await app.work.read(_add, app, equipment, body, user)
    await app.work.read(app.store.audit.add, user, "mark faulty", equipment, wafer=body.wafer, note=body.note)
    return JsonAnswer(_described(found), status_code=201)


async def list_faulty(request: Request) -> Response:
    """What is marked as faulty."""
    return JsonAnswer(await parts(request).work.read(_listed, parts(request)))


async def remove_faulty(request: Request) -> Response:
    """Take a mark back."""
    app, number = parts(request), str(request.path_params["number"])
    if not number.isdecimal() or not await app.work.read(_remove, app, int(number[:18])):
        raise NotFoundError(
            "There is no mark {number}.", hint="GET /live/faulty lists them.", field="number", number=number[:40]
        )
    await app.work.read(app.store.audit.add, user_of(request), "unmark faulty", number)
    return Response(status_code=204)


def _add(app: Parts, equipment: str, body: FaultyRequest, user: str) -> FaultyRows:
    times = {name: _ns(getattr(body, name), name) for name in ("start", "stop")}
    with app.live.parts.database.writing() as connection:
        return mark_faulty(connection, equipment, user, lot=body.lot, wafer=body.wafer, note=body.note, **times)


def _listed(app: Parts) -> dict[str, Any]:
    with app.live.parts.database.reading() as connection:
        return {"faulty": [_described(one) for one in faulty_rows(connection)]}


def _remove(app: Parts, number: int) -> bool:
    with app.live.parts.database.writing() as connection:
        return unmark_faulty(connection, number)


def _ns(text: str | None, field: str) -> int | None:
    """Read as the times of rows are."""
    found = None if text is None else written_time(text)
    if text is not None and found is None:
        raise InputError(
            "{text} is not a time.", hint="Give it as ISO 8601, such as 2026-01-05T08:00:00.", field=field, text=text
        )
    return found


def _described(one: FaultyRows) -> dict[str, Any]:
    times = {name: _text(getattr(one, name)) for name in ("start", "stop")}
    return asdict(one) | times


def _text(nanoseconds: int | None) -> str | None:
    return None if nanoseconds is None else str(np.datetime64(nanoseconds, "ns").astype("datetime64[ms]"))


ENDPOINTS = (
    Endpoint(
        "POST",
        "/live/{equipment:path}/faulty",
        add_faulty,
        "Mark rows of an equipment as faulty: nothing is learnt from them.",
        FaultyAnswer,
        201,
        body=FaultyRequest,
        failures=(413, 415, 422, 503),
    ),
    Endpoint("GET", "/live/faulty", list_faulty, "Rows marked as faulty.", FaultyList, failures=(503,)),
    Endpoint("DELETE", "/live/faulty/{number}", remove_faulty, "Take a mark back.", "", 204, failures=(404, 503)),
)
