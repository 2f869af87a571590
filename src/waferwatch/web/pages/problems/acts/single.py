"""What people do with one problem: acknowledge, shelve, close with a verdict, merge, split. Each can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.store.problems.known import KnownProblem, problem_number
from waferwatch.store.problems.problems import Problems
from waferwatch.web.pages.problems.acts.verdict import judge_problem, state_answer
from waferwatch.web.pages.problems.schemas import (
    MergeRequest,
    ProblemNoteRequest,
    ProblemShelveRequest,
    ProblemStateAnswer,
    ProblemVerdictRequest,
    SplitRequest,
)
from waferwatch.web.results.finished import finished_detection
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, translator, user_of
from waferwatch.web.shell.openapi import DETECTING, Endpoint, Handler


async def judge(request: Request) -> Response:
    """Close a problem as a true alarm, a false one or an intended change, or take that back."""
    body = await read_body(request, ProblemVerdictRequest)
    app, number = parts(request), problem_number(request.path_params["problem"])
    return JsonAnswer(await app.work.read(judge_problem, app, number, body, user_of(request), translator(request)))


async def acknowledge(request: Request) -> Response:
    """Say that somebody has seen it."""
    body = await read_body(request, ProblemNoteRequest)
    return await _changed(request, partial(Problems.acknowledge, note=body.note))


async def shelve(request: Request) -> Response:
    """Take it from the list for some time."""
    body = await read_body(request, ProblemShelveRequest)
    return await _changed(request, partial(Problems.shelve, until=in_hours(body.hours), note=body.note))


def in_hours(hours: int) -> str:
    """The moment until which something is shelved: ISO 8601, UTC."""
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="microseconds")


async def unshelve(request: Request) -> Response:
    """Bring it back to the list."""
    body = await read_body(request, ProblemNoteRequest)
    return await _changed(request, partial(Problems.unshelve, note=body.note))


async def merge(request: Request) -> Response:
    """Count it to another problem of the same chamber. A split is taken back by merging."""
    body = await read_body(request, MergeRequest)
    return await _changed(request, partial(Problems.merge, into=problem_number(body.into)))


async def separate(request: Request) -> Response:
    """Take a merge back."""
    await read_body(request, ProblemNoteRequest)
    return await _changed(request, Problems.separate)


async def split(request: Request) -> Response:
    """Make some of its wafers a problem of their own, with a number of its own."""
    body = await read_body(request, SplitRequest)
    app, number, translate = parts(request), problem_number(request.path_params["problem"]), translator(request)
    made = await app.work.read(_split, app, number, body, user_of(request))
    return JsonAnswer(state_answer(made, translate), status_code=201)


def _split(app: Parts, number: int, body: SplitRequest, user: str) -> KnownProblem:
    run = finished_detection(app, body.run)
    found = app.store.results.detection(run.id)
    return app.store.problems.split(run, found, number, [wafer - 1 for wafer in body.wafers], user)


async def _changed(request: Request, act: Callable[..., KnownProblem]) -> Response:
    app, number = parts(request), problem_number(request.path_params["problem"])
    known = await app.work.read(partial(act, app.store.problems, number, user=user_of(request)))
    return JsonAnswer(state_answer(known, translator(request)))


def _act(path: str, act: Handler, title: str, body: type[BaseModel], status: int = 200) -> Endpoint:
    address = f"/problems/{{problem}}/{path}"
    return Endpoint("POST", address, act, title, ProblemStateAnswer, status=status, body=body, failures=DETECTING)


ACT_ENDPOINTS = (
    Endpoint(
        "PUT",
        "/problems/{problem}/verdict",
        judge,
        "Close a problem as a true alarm, a false one or an intended change.",
        ProblemStateAnswer,
        body=ProblemVerdictRequest,
        failures=DETECTING,
    ),
    _act("acknowledge", acknowledge, "Say that somebody has seen a problem.", ProblemNoteRequest),
    _act("shelve", shelve, "Take a problem from the list for some time.", ProblemShelveRequest),
    _act("unshelve", unshelve, "Bring a problem back to the list.", ProblemNoteRequest),
    _act("merge", merge, "Count a problem to another one.", MergeRequest),
    _act("separate", separate, "Take a merge of problems back.", ProblemNoteRequest),
    _act("split", split, "Make some wafers of a problem a problem of their own.", SplitRequest, status=201),
)
