"""Marks of a data set over HTTP."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError, NotFoundError
from waferwatch.monitors.golden.wafers import equipment_of
from waferwatch.read.table import Role, Table
from waferwatch.read.time_axis.places import place_of
from waferwatch.series.time_text import time_text
from waferwatch.store.marks import Mark
from waferwatch.web.pages.marks.schemas import MarkAnswer, MarkList, MarkRequest
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, user_of
from waferwatch.web.shell.openapi import Endpoint


async def list_marks(request: Request) -> Response:
    """The marks of a data set."""
    app, dataset = parts(request), str(request.path_params["id"])
    return JsonAnswer({"marks": [one.to_dict() for one in await app.work.read(_marks, app, dataset)]})


async def add_mark(request: Request) -> Response:
    """Keep a mark on the time of a data set."""
    body = await read_body(request, MarkRequest)
    app, dataset = parts(request), str(request.path_params["id"])
    made = await app.work.draw(_add, app, dataset, body, user_of(request))
    return JsonAnswer(made.to_dict(), status_code=201)


async def remove_mark(request: Request) -> Response:
    """Take a mark away."""
    app, dataset, mark = parts(request), str(request.path_params["id"]), str(request.path_params["mark"])
    await app.work.read(app.store.marks.remove, dataset, mark)
    await app.work.read(app.store.audit.add, user_of(request), "remove mark", dataset)
    return Response(status_code=204)


def _marks(app: Parts, dataset: str) -> list[Mark]:
    app.store.datasets.get(dataset)
    return app.store.marks.of(dataset)


def _add(app: Parts, dataset: str, body: MarkRequest, user: str) -> Mark:
    table = app.store.datasets.table(dataset)
    start = _place(table, body.start, "start")
    end = start if body.end is None else _place(table, body.end, "end")
    if _before(end, start):
        raise InputError("The mark ends before it starts.", hint="Give the earlier time as its start.", field="end")
    _check_equipment(table, body.equipment)
    made = app.store.marks.add(
        dataset, body.kind, start, end, user, equipment=body.equipment, wafers=body.wafers or (), note=body.note
    )
    app.store.audit.add(user, f"mark {body.kind.value}", dataset)
    return made


def _place(table: Table, text: str, field: str) -> str:
    """A place on the time axis, as text that is the same however it was written; a row's number without a time."""
    column = table.column(Role.TIME)
    dated = column is not None and table.frame[column].dtype.kind == "M"
    place = place_of(text, dated, field, table.zone)
    if place is None:
        raise InputError("{name} is empty.", hint="Give a time as the data have it.", field=field, name=field)
    return str(time_text(place)) if dated else f"{float(place):.15g}"


def _before(one: str, other: str) -> bool:
    try:
        return float(one) < float(other)
    except ValueError:
        return one < other


def _check_equipment(table: Table, name: str | None) -> None:
    known = equipment_of(table)[1]
    if name is not None and name not in known:
        raise NotFoundError(
            "There is no equipment {equipment} in the data.",
            hint="The data have: {known}.",
            field="equipment",
            equipment=name[:60],
            known=", ".join(sorted(known)[:20]),
        )


_READ = (400, 404, 500, 503)
_WRITE = (400, 403, 404, 413, 415, 422, 500, 503)
ENDPOINTS = (
    Endpoint("GET", "/datasets/{id}/marks", list_marks, "Marks on the time of a data set.", MarkList, failures=_READ),
    Endpoint(
        "POST",
        "/datasets/{id}/marks",
        add_mark,
        "Mark a maintenance, or wafers that are normal or not to be learnt from.",
        MarkAnswer,
        status=201,
        body=MarkRequest,
        failures=_WRITE,
    ),
    Endpoint("DELETE", "/datasets/{id}/marks/{mark}", remove_mark, "Remove a mark.", "", status=204, failures=_WRITE),
)
