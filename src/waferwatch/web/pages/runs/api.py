"""Runs over HTTP: start, follow, cancel, read, repeat, move the threshold, delete."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.jobs.detection import set_threshold
from waferwatch.jobs.finished import Finished
from waferwatch.jobs.monitors.tasks import TASKS
from waferwatch.jobs.options import Options
from waferwatch.models.registry import check_name
from waferwatch.scoring.thresholds.threshold import AUTO
from waferwatch.web.figures.correlation import correlation_figure
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.runs.schemas import (
    CorrelationQuery,
    RepeatRequest,
    RunList,
    RunRequest,
    RunsQuery,
    ThresholdRequest,
)
from waferwatch.web.results.answer import detect_answer, sensor_ranking
from waferwatch.web.results.finished import finished, finished_detection
from waferwatch.web.results.keys import detection_key, verdicts_key
from waferwatch.web.results.question import options_of
from waferwatch.web.results.run_answer import run_answer
from waferwatch.web.results.schemas import DetectAnswer, RunAnswer
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import parts, read_body, read_query, translator, user_of
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.shell.schemas import Figure
from waferwatch.web.shell.work import dataset_of


async def start_run(request: Request) -> Response:
    """Queue a run and answer at once; the same question as before is answered by the run of before."""
    body = await read_body(request, RunRequest)
    for name in body.detectors or ():
        check_name(name, "detectors")
    if body.kind != "detection" and body.monitor is not None:
        raise InputError(
            "Detectors are compared by what they learn, which a monitor does not.",
            hint="Leave the monitor out. Two of its versions can be compared on its own page.",
            field="monitor",
        )
    if body.kind == "injection":
        _check_injection(body)
    detectors = None if body.detectors is None else tuple(dict.fromkeys(body.detectors))
    return await _submit(request, body.kind, options_of(body, detectors=detectors, faults=body.faults))


def _check_injection(body: RunRequest) -> None:
    for field, given in (("threshold", body.threshold != AUTO), ("false_alarms", body.false_alarms is not None)):
        if given:
            raise InputError(
                "The injected-fault test sets its own threshold: every detector flags the same share of normal rows.",
                hint="Leave it out.",
                field=field,
            )


async def repeat_run(request: Request) -> Response:
    """The same question to other data."""
    body = await read_body(request, RepeatRequest)
    app = parts(request)
    run = await app.work.read(app.jobs.get, request.path_params["id"])
    if run.kind in TASKS:
        raise InputError(
            "A job on a monitor cannot be repeated on other data.",
            hint="Start it on the page of the monitor.",
            field="run",
        )
    options = replace(Options.from_dict(run.options), dataset=dataset_of(body.dataset))
    return await _submit(request, run.kind, options)


async def _submit(request: Request, kind: str, options: Options) -> Response:
    app = parts(request)
    run = await app.work.read(app.jobs.submit, kind, options, user_of(request))
    return await _answer(request, run.id, status=202)


async def list_runs(request: Request) -> Response:
    """Runs, the newest first."""
    query = read_query(request, RunsQuery)
    app = parts(request)
    runs = await app.work.read(app.jobs.all, **query.model_dump())
    return JsonAnswer({"runs": [run_answer(app, run, translator(request)) for run in runs]})


async def get_run(request: Request) -> Response:
    """How far a run is."""
    return await _answer(request, request.path_params["id"])


async def cancel_run(request: Request) -> Response:
    """Stop a run. One that has ended stays as it is."""
    app, run_id = parts(request), request.path_params["id"]
    await app.work.read(app.jobs.cancel, run_id)
    await app.work.read(app.store.audit.add, user_of(request), "cancel run", run_id)
    return await _answer(request, run_id)


async def delete_run(request: Request) -> Response:
    """Drop a run with its result and what was said of its events."""
    app, run_id = parts(request), request.path_params["id"]
    await app.work.read(app.jobs.delete, run_id)
    await app.work.read(app.store.audit.add, user_of(request), "delete run", run_id)
    return Response(status_code=204)


async def run_result(request: Request) -> Response:
    """What a finished detection has found."""
    return await _result_answer(request, request.path_params["id"])


async def _result_answer(request: Request, run_id: str) -> Response:
    app, translate = parts(request), translator(request)

    def key() -> Hashable:
        run = finished_detection(app, run_id)
        return "result", translate.language, detection_key(app, run), verdicts_key(app, run.id)

    return await app.work.answer(request, key, lambda: detect_answer(app, finished_detection(app, run_id), translate))


async def correlation(request: Request) -> Response:
    """Which sensors move together in the normal or the flagged rows of a detection, or what differs."""
    query = read_query(request, CorrelationQuery)
    app, translate, run_id = parts(request), translator(request), request.path_params["id"]

    def key() -> Hashable:
        run = finished_detection(app, run_id)
        return "correlation", translate.language, query.rows, detection_key(app, run)

    return await app.work.answer(request, key, lambda: _correlation(finished(app, run_id), query.rows, translate))


def _correlation(one: Finished, rows: str, translate: Translator) -> dict[str, Any]:
    sensors = [item["sensor"] for item in sensor_ranking(one.found)]
    return correlation_figure(one.table, sensors, one.found, translate, rows)


async def move_threshold(request: Request) -> Response:
    """Flags and events anew for another threshold, kept with the run. The model does not run again."""
    body = await read_body(request, ThresholdRequest)
    app = parts(request)
    run = await app.work.read(finished_detection, app, request.path_params["id"])
    await app.work.draw(set_threshold, app.store, run, body.threshold)
    await app.work.read(app.store.audit.add, user_of(request), "move threshold", run.id, threshold=body.threshold)
    return await _result_answer(request, run.id)


async def _answer(request: Request, run_id: str, status: int = 200) -> Response:
    app = parts(request)
    run = await app.work.read(app.jobs.get, run_id)
    return JsonAnswer(run_answer(app, run, translator(request)), status_code=status)


_READ = (400, 404, 500, 503)
ENDPOINTS = (
    Endpoint("POST", "/runs", start_run, "Start a run.", RunAnswer, status=202, body=RunRequest, failures=DETECTING),
    Endpoint("GET", "/runs", list_runs, "Runs, newest first.", RunList, query=RunsQuery, failures=(400, 422, 500, 503)),
    Endpoint("GET", "/runs/{id}", get_run, "How far a run is.", RunAnswer, failures=_READ),
    Endpoint("DELETE", "/runs/{id}", delete_run, "Delete a run.", "", status=204, failures=(*_READ, 403)),
    Endpoint("POST", "/runs/{id}/cancel", cancel_run, "Stop a run.", RunAnswer, failures=(*_READ, 403)),
    Endpoint(
        "POST",
        "/runs/{id}/repeat",
        repeat_run,
        "The same question to other data.",
        RunAnswer,
        status=202,
        body=RepeatRequest,
        failures=DETECTING,
    ),
    Endpoint("GET", "/runs/{id}/result", run_result, "What a detection found.", DetectAnswer, failures=DETECTING),
    Endpoint(
        "GET",
        "/runs/{id}/correlation",
        correlation,
        "Which sensors move together.",
        Figure,
        query=CorrelationQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "POST",
        "/runs/{id}/threshold",
        move_threshold,
        "Flags and events for another threshold.",
        DetectAnswer,
        body=ThresholdRequest,
        failures=DETECTING,
    ),
)
