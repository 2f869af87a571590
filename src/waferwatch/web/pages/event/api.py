"""The page that explains one event, its explanation, and the engineer's verdict."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import NotFoundError, WaferwatchError
from waferwatch.explain.spot import spot_of
from waferwatch.store.verdicts import Judgement, event_verdicts
from waferwatch.web.html.language import Translator
from waferwatch.web.html.pages import render
from waferwatch.web.pages.event.answer import event_answer, verdict_answer
from waferwatch.web.pages.event.exports import export_event
from waferwatch.web.pages.event.keys import similar_key
from waferwatch.web.pages.event.scenes import scene_of
from waferwatch.web.pages.event.schemas import (
    LONGEST_NOTE,
    EventExportQuery,
    EventQuery,
    ExplainQuery,
    ExplanationAnswer,
    VerdictAnswer,
    VerdictRequest,
)
from waferwatch.web.results.finished import finished, finished_detection
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, read_query, translator, user_of
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.transfer.download import TABLE_MEDIA

_MOST_DIGITS = 12


async def event_page(request: Request) -> Response:
    """The page; for a run or event that is not there, a page that says so and leads back."""
    app, translate = parts(request), translator(request)
    run_id = request.query_params.get("run", "")
    problem, status = None, 200
    try:
        number = event_number(request.query_params.get("event", "1"))
        await app.work.read(_check, app, run_id, number)  # quick as soon as anybody has looked at an event of the run
    except WaferwatchError as error:
        problem, status = {"message": error.message(translate), "hint": error.hint(translate)}, error.status
    return await render(
        request, "event/event.html", area="problems", status=status, problem=problem, longest_note=LONGEST_NOTE
    )


def event_number(text: str) -> int:
    """
    Raises:
        NotFoundError: when the text is not a number that an event can have.
    """
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    raise NotFoundError(
        "There is no event {event}.", hint="Events are numbered from 1.", field="event", event=text[:_MOST_DIGITS]
    )


def _check(app: Parts, run_id: str, number: int) -> None:
    spot_of(scene_of(app, finished(app, run_id)), number)


async def explain_event(request: Request) -> Response:
    """Everything that is known of one event."""
    app, number, query = parts(request), event_number(request.path_params["event"]), read_query(request, ExplainQuery)
    translate, run_id = translator(request), request.path_params["id"]

    def key() -> Hashable:
        shared = similar_key(app, finished_detection(app, run_id))
        return "event", translate.language, number, query.moment, shared

    return await app.work.answer(request, key, lambda: _explain(app, run_id, number, translate, query.moment))


def _explain(app: Parts, run_id: str, number: int, translate: Translator, moment: bool) -> dict[str, Any]:
    return event_answer(app, finished(app, run_id), number, translate, moment=moment)


async def export_one(request: Request) -> Response:
    """The tables of an event as a file."""
    return await export_event(request, event_number(request.path_params["event"]))


async def judge_event(request: Request) -> Response:
    """Say what an event was, or take it back."""
    body = await read_body(request, VerdictRequest)
    app, number = parts(request), event_number(request.path_params["event"])
    judged = await app.work.read(_judge, app, request.path_params["id"], number, body, user_of(request))
    return JsonAnswer(judged)


def _judge(app: Parts, run_id: str, number: int, body: VerdictRequest, user: str) -> dict[str, Any]:
    """The verdict hangs on the event's peak row. One on another row that now is in the event is replaced by it."""
    found = scene_of(app, finished(app, run_id))
    event = spot_of(found, number).event
    before = event_verdicts(found.found.event_ids, app.store.verdicts.of(run_id)).get(number)
    if before is not None and before.row != event.peak_row:
        app.store.verdicts.put(run_id, before.row, None, "", user)
    verdict = None if body.verdict is None else Judgement(body.verdict)
    note = "" if verdict is None else body.note.strip()
    made = app.store.verdicts.put(run_id, event.peak_row, verdict, note, user)
    app.store.audit.add(user, "judge event", run_id, event=number, row=event.peak_row, verdict=body.verdict)
    return verdict_answer(made)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/problems/event",
        event_page,
        "The page that explains one event.",
        "text/html",
        query=EventQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/events/{event}",
        explain_event,
        "Why an event was flagged, what normal looks like, and what is like it.",
        ExplanationAnswer,
        query=ExplainQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/events/{event}/export",
        export_one,
        "The tables of an event as a file.",
        ", ".join(TABLE_MEDIA[kind] for kind in ("csv", "xlsx")),
        query=EventExportQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "PUT",
        "/runs/{id}/events/{event}/verdict",
        judge_event,
        "Say whether an event was a true alarm, a false one or an intended change.",
        VerdictAnswer,
        body=VerdictRequest,
        failures=DETECTING,
    ),
)
