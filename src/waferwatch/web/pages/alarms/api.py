"""Alarms over HTTP: list, audit trail, what people do with them, figures, export."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from waferwatch.errors import InputError
from waferwatch.live.alarms import acts
from waferwatch.live.alarms.acts import Person
from waferwatch.live.alarms.alarm import AlarmRecord
from waferwatch.live.alarms.book import AlarmBook, moment
from waferwatch.live.alarms.export import write_alarms_csv, write_alarms_sheet
from waferwatch.live.alarms.figures import alarm_load, false_alarm_rates, whole_rate
from waferwatch.live.alarms.search import (
    AlarmFilter,
    changes_of,
    counts_by_state,
    find_alarms,
    last_change,
    read_alarm,
    states_of,
)
from waferwatch.live.alarms.titles import alarm_document, change_document
from waferwatch.live.delivery.outbox import message_counts
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.alarms.schemas import (
    AlarmAnswer,
    AlarmDetail,
    AlarmFigures,
    AlarmList,
    AlarmPageQuery,
    AlarmsExportQuery,
    AlarmsQuery,
    CloseRequest,
    FiguresQuery,
    NoteRequest,
    ShelveRequest,
)
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, read_query, translator, user_of
from waferwatch.web.shell.error_page import wants_page
from waferwatch.web.shell.openapi import Endpoint
from waferwatch.web.transfer.download import TABLE_MEDIA, download

_MOST_DIGITS = 15


async def list_alarms(request: Request) -> Response:
    """Alarms, the newest first; a browser gets the page on which they stand."""
    if wants_page(request):
        return RedirectResponse("/watch", 303)
    query, app = read_query(request, AlarmPageQuery), parts(request)
    wanted = filter_of(query, query.before)
    return JsonAnswer(await app.work.read(_page, app, wanted, query.limit, translator(request)))


async def get_alarm(request: Request) -> Response:
    """One alarm with its audit trail."""
    app, number = parts(request), alarm_number(request)
    return JsonAnswer(await app.work.read(_detail, app, number, translator(request)))


async def acknowledge_alarm(request: Request) -> Response:
    """Say that somebody has seen it."""
    body = await read_body(request, NoteRequest)
    return await _changed(request, acts.acknowledge, body.note)


async def shelve_alarm(request: Request) -> Response:
    """Take it from the list for some time, or until it has ended."""
    body = await read_body(request, ShelveRequest)
    until = None if body.minutes is None else datetime.now(UTC) + timedelta(minutes=body.minutes)
    return await _changed(request, partial(acts.shelve, until=until), body.note)


async def unshelve_alarm(request: Request) -> Response:
    """Bring it back to the list."""
    body = await read_body(request, NoteRequest)
    return await _changed(request, acts.unshelve, body.note)


async def close_alarm(request: Request) -> Response:
    """Close it as a true alarm, a false one or an intended change."""
    body = await read_body(request, CloseRequest)
    return await _changed(request, partial(acts.close, verdict=body.verdict), body.note)


async def reopen_alarm(request: Request) -> Response:
    """Take a closing back."""
    body = await read_body(request, NoteRequest)
    return await _changed(request, acts.reopen, body.note)


async def alarm_figures(request: Request) -> Response:
    """How many alarms there are, and how many of them are false."""
    query, app = read_query(request, FiguresQuery), parts(request)
    return JsonAnswer(await app.work.read(_figures, app, query.days))


async def export_alarms(request: Request) -> Response:
    """Alarms with their verdicts as a file."""
    query, app = read_query(request, AlarmsExportQuery), parts(request)
    await app.work.read(app.store.audit.add, user_of(request), "export alarms", "alarms")
    write = write_alarms_sheet if query.format == "xlsx" else write_alarms_csv
    made = partial(write, app.alarms.desk, filter_of(query), translator(request))
    return await download(app, made, f"alarms.{query.format}", TABLE_MEDIA[query.format])


def filter_of(query: AlarmsQuery, before: int | None = None) -> AlarmFilter:
    """
    Raises:
        InputError: for a state or a moment that is none.
    """
    states = states_of(query.state or "")
    equipment = [one.strip() for one in (query.equipment or "").split(",") if one.strip()]
    verdict = None if query.verdict is None else query.verdict.replace("none", "")
    return AlarmFilter(states, equipment, _moment("since", query.since), _moment("until", query.until), verdict, before)


def alarm_number(request: Request) -> int:
    """
    Raises:
        InputError: for what is not a number.
    """
    text = request.path_params["id"]
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    raise InputError(
        "{number} is not an alarm number.", hint="GET /alarms lists them.", field="alarm", number=text[:60]
    )


def _page(app: Parts, wanted: AlarmFilter, limit: int, translate: Translator) -> dict[str, Any]:
    with app.alarms.desk.reading() as connection:
        found = find_alarms(connection, wanted, limit + 1)
        counts, change = counts_by_state(connection), last_change(connection)
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    listed = [alarm_document(one, translate) for one in shown]
    return {"alarms": listed, "next": following, "counts": counts, "change": change}


def _detail(app: Parts, number: int, translate: Translator) -> dict[str, Any]:
    with app.alarms.desk.reading() as connection:
        alarm = read_alarm(connection, number)
        changes = changes_of(connection, number)
    return {**alarm_document(alarm, translate), "audit": [change_document(one) for one in changes]}


def _figures(app: Parts, days: float) -> dict[str, Any]:
    now = app.alarms.desk.clock()
    with app.alarms.desk.reading() as connection:
        load = alarm_load(connection, now - timedelta(days=days), now)
        by_equipment = false_alarm_rates(connection, "equipment")
        by_monitor = false_alarm_rates(connection, "monitor")
        messages = message_counts(connection)
    return {
        "load": load.to_dict(),
        "false_alarms": whole_rate(by_equipment).to_dict(),
        "by_equipment": {name: rate.to_dict() for name, rate in by_equipment.items()},
        "by_monitor": {name: rate.to_dict() for name, rate in by_monitor.items()},
        "messages": messages,
    }


async def _changed(request: Request, act: Callable[[AlarmBook, int, Person], AlarmRecord], note: str) -> Response:
    app, number, translate = parts(request), alarm_number(request), translator(request)
    alarm = await app.work.read(_act, app, number, act, Person(user_of(request), note))
    return JsonAnswer(alarm_document(alarm, translate))


def _act(app: Parts, number: int, act: Callable[[AlarmBook, int, Person], AlarmRecord], who: Person) -> AlarmRecord:
    with app.alarms.desk.changing() as book:
        alarm = act(book, number, who)
    app.alarms.wake()
    return alarm


def _moment(field: str, text: str | None) -> str:
    if not text:
        return ""
    try:
        found = datetime.fromisoformat(text)
        return moment(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise InputError(
            "{text} is not a point in time.",
            hint="Write it like 2026-11-30T06:00:00+09:00.",
            field=field,
            text=text[:60],
        ) from None


_READ = (400, 500, 503)
_WRITE = (400, 403, 404, 413, 415, 422, 500, 503)
ENDPOINTS = (
    Endpoint(
        "GET", "/alarms", list_alarms, "Alarms, newest first.", AlarmList, query=AlarmPageQuery, page=True,
        failures=(*_READ, 422),
    ),
    Endpoint(
        "GET", "/alarms/figures", alarm_figures, "How many alarms there are, and how many of them are false.",
        AlarmFigures, query=FiguresQuery, failures=(*_READ, 422),
    ),
    Endpoint(
        "GET", "/alarms/export", export_alarms, "Alarms with their verdicts as a file.",
        ", ".join(TABLE_MEDIA[kind] for kind in ("csv", "xlsx")), query=AlarmsExportQuery,
        failures=(*_READ, 422),
    ),
    Endpoint(
        "GET", "/alarms/{id}", get_alarm, "One alarm with its audit trail.", AlarmDetail, failures=(*_READ, 404, 422)
    ),
    Endpoint(
        "POST", "/alarms/{id}/acknowledge", acknowledge_alarm, "Say that somebody has seen it.", AlarmAnswer,
        body=NoteRequest, failures=_WRITE,
    ),
    Endpoint(
        "POST", "/alarms/{id}/shelve", shelve_alarm, "Take it from the list for some time.", AlarmAnswer,
        body=ShelveRequest, failures=_WRITE,
    ),
    Endpoint(
        "POST", "/alarms/{id}/unshelve", unshelve_alarm, "Bring it back to the list.", AlarmAnswer, body=NoteRequest,
        failures=_WRITE,
    ),
    Endpoint(
        "POST", "/alarms/{id}/close", close_alarm, "Close it as a true alarm, a false one or an intended change.",
        AlarmAnswer, body=CloseRequest, failures=_WRITE,
    ),
    Endpoint(
        "POST", "/alarms/{id}/reopen", reopen_alarm, "Take a closing back.", AlarmAnswer, body=NoteRequest,
        failures=_WRITE,
    ),
)  # fmt: skip
