"""Monitors over HTTP: learn, list, change, replay, export, import, delete."""

from __future__ import annotations

from typing import Any

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.jobs.monitors.tasks import LearnTask, MonitorTask, RebaseTask, ReplayTask, WidenTask
from waferwatch.jobs.monitors.transfer import import_version
from waferwatch.models.registry import check_name
from waferwatch.monitors.golden.golden_set import GoldenChoice
from waferwatch.scoring.thresholds.threshold import AUTO, Thresholds
from waferwatch.store.datasets import DEMO
from waferwatch.store.monitors.documents import monitor_document, version_document
from waferwatch.store.monitors.facts import policy_of
from waferwatch.store.monitors.monitors import version_of
from waferwatch.store.monitors.records import MonitorRecord
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.monitors.answer import detail_answer
from waferwatch.web.pages.monitors.golden import GOLDEN_ENDPOINTS
from waferwatch.web.pages.monitors.limits import LIMIT_ENDPOINTS
from waferwatch.web.pages.monitors.page import monitor_page, monitors_page
from waferwatch.web.pages.monitors.schemas import (
    ActivateRequest,
    ImportQuery,
    LearnRequest,
    MonitorAnswer,
    MonitorDetail,
    MonitorList,
    MonitorPatch,
    RebaseRequest,
    ReplayAnswer,
    ReplayRequest,
    VersionAnswer,
    VersionQuery,
)
from waferwatch.web.pages.monitors.transfer import export_answer
from waferwatch.web.results.finished import finished_run
from waferwatch.web.results.run_answer import run_answer
from waferwatch.web.results.schemas import RunAnswer
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, read_query, translator, user_of
from waferwatch.web.shell.error_page import wants_page
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.shell.work import dataset_of
from waferwatch.web.transfer.upload import receive_file

_MOST_DIGITS = 9


async def list_monitors(request: Request) -> Response:
    """Every monitor by name; a browser gets the page."""
    if wants_page(request):
        return await monitors_page(request)
    app = parts(request)
    found = await app.work.read(app.store.monitors.all)
    return JsonAnswer({"monitors": [monitor_document(one, translator(request)) for one in found]})


async def get_monitor(request: Request) -> Response:
    """Everything that is known of a monitor; a browser gets the page."""
    if wants_page(request):
        return await monitor_page(request)
    app, name, translate = parts(request), request.path_params["name"], translator(request)
    return JsonAnswer(await app.work.draw(_detail, app, name, translate))


async def get_version(request: Request) -> Response:
    """One version of a monitor."""
    app, name = parts(request), request.path_params["name"]
    number = version_number(request.path_params["version"])
    monitor = await app.work.read(app.store.monitors.get, name)
    return JsonAnswer(version_document(version_of(monitor, number), monitor, translator(request)))


async def learn_monitor(request: Request) -> Response:
    """Queue the learning of a monitor, or of its next version, and answer at once."""
    body = await read_body(request, LearnRequest)
    check_name(body.detector)
    policy = _policy(body)
    choice = GoldenChoice(
        body.start,
        body.end,
        tuple(body.equipment or ()),
        tuple(body.lots or ()),
        tuple(body.wafers or ()),
        tuple(body.leave_out or ()),
    )
    names = list(dict.fromkeys([*([body.dataset] if body.dataset else []), *(body.datasets or [])])) or [DEMO]
    task = LearnTask(
        body.name,
        names[0],
        activate=body.activate,
        datasets=tuple(names[1:]),
        choice=choice.to_dict(),
        features=None if body.features is None else tuple(dict.fromkeys(body.features)),
        detector=body.detector,
        checkpoint=body.checkpoint,
        policy=policy,
        equipment=None if body.equipment is None else tuple(body.equipment),
        fresh=body.fresh,
    )
    return await _submit(request, task)


async def activate_monitor(request: Request) -> Response:
    """Put a version in use."""
    body = await read_body(request, ActivateRequest)
    app, name = parts(request), request.path_params["name"]
    return _changed(request, await app.work.read(app.store.monitors.activate, name, body.version, user_of(request)))


async def roll_back_monitor(request: Request) -> Response:
    """Put the version in use that was so before the present one."""
    app, name = parts(request), request.path_params["name"]
    return _changed(request, await app.work.read(app.store.monitors.roll_back, name, user_of(request)))


async def change_monitor(request: Request) -> Response:
    """Choose what sets the threshold, or the equipment that is watched."""
    body = await read_body(request, MonitorPatch)
    app, name, policy = parts(request), request.path_params["name"], _policy(body)
    if policy is None and body.equipment is None:
        raise InputError("Nothing is asked for.", hint="Give a threshold, or the equipment that is watched.")
    every = body.equipment == "all"
    listed = None if every or body.equipment is None else list(dict.fromkeys(body.equipment))
    changed = await app.work.read(
        app.store.monitors.change,
        name,
        user_of(request),
        policy=policy,
        equipment=listed,
        every_equipment=every,
    )
    return _changed(request, changed)


async def rebase_monitor(request: Request) -> Response:
    """Queue a rebase of the version in use, and answer at once."""
    body = await read_body(request, RebaseRequest)
    task = RebaseTask(
        request.path_params["name"],
        dataset_of(body.dataset),
        activate=body.activate,
        since=body.since,
        wafers=body.wafers,
        accept=tuple(body.accept or ()),
        keep=tuple(body.keep or ()),
    )
    return await _submit(request, task)


async def learn_false_alarms(request: Request) -> Response:
    """Queue the learning of the next version, with false alarms as normal rows, and answer at once."""
    return await _submit(request, WidenTask(request.path_params["name"], DEMO))


async def compare_versions(request: Request) -> Response:
    """Replay a data set with two versions, and wait for the result."""
    body = await read_body(request, ReplayRequest)
    task = ReplayTask(request.path_params["name"], dataset_of(body.dataset), old=body.old, new=body.new)
    run = await finished_run(request, task.kind, task)
    app = parts(request)
    return JsonAnswer({"run": run.id, **await app.work.read(app.store.results.document, run.id)})


async def export_monitor(request: Request) -> Response:
    """A version as one file."""
    return await export_answer(request, read_query(request, VersionQuery).version)


async def import_monitor(request: Request) -> Response:
    """Keep the version that an uploaded file holds. A file that cannot be read is refused, and nothing is kept."""
    query = read_query(request, ImportQuery)
    app = parts(request)
    incoming = await app.work.read(app.store.datasets.open_incoming)
    try:
        shown = await receive_file(request, incoming.file, app.settings.max_upload_mb)
        made = await app.work.draw(
            import_version,
            app.store,
            incoming.file,
            user_of(request),
            name=query.name,
            activate=query.activate,
            shown=shown,
        )
    finally:
        with CancelScope(shield=True):
            await app.work.read(app.store.datasets.discard, incoming)
    monitor = await app.work.read(app.store.monitors.get, made.monitor)
    return JsonAnswer(version_document(made, monitor, translator(request)), status_code=201)


async def delete_monitor(request: Request) -> Response:
    """Take a monitor out of sight with its versions. It can be brought back for some time."""
    app, name = parts(request), request.path_params["name"]
    await app.work.read(app.store.monitors.delete, name, user_of(request))
    return Response(status_code=204)


async def restore_monitor(request: Request) -> Response:
    """Bring back a monitor that was deleted a short time ago."""
    app, name = parts(request), request.path_params["name"]
    return _changed(request, await app.work.read(app.store.monitors.restore, name, user_of(request)))


def version_number(text: str) -> int:
    """
    Raises:
        NotFoundError, InputError: as the store, for a number that no version can have.
    """
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text) > 0:
        return int(text)
    raise InputError(
        "{version} is not the number of a version.",
        hint="Versions are numbered from 1.",
        field="version",
        version=text[:60],
    )


def _detail(app: Parts, name: str, translate: Translator) -> dict[str, Any]:
    return detail_answer(app, app.store.monitors.get(name), translate)


def _policy(body: LearnRequest | MonitorPatch) -> dict[str, Any] | None:
    """The threshold policy that a body asks for; None where it says nothing of it.

    Raises:
        InputError: for more than one way to a threshold.
    """
    given = (body.threshold, body.contamination, body.false_alarms)
    if all(value is None for value in given):
        return None
    return policy_of(Thresholds(AUTO if body.threshold is None else body.threshold, *given[1:]))


def _changed(request: Request, monitor: MonitorRecord) -> Response:
    return JsonAnswer(monitor_document(monitor, translator(request)))


async def _submit(request: Request, task: MonitorTask) -> Response:
    app, translate = parts(request), translator(request)
    run = await app.work.read(app.jobs.submit, task.kind, task, user_of(request))
    now = await app.work.read(app.jobs.get, run.id)
    return JsonAnswer(run_answer(app, now, translate), status_code=202)


_READ = (400, 404, 500, 503)
_WRITE = (400, 403, 404, 422, 500, 503)
_JOB = (400, 403, 404, 409, 413, 415, 422, 429, 500, 503)
ENDPOINTS = (
    *GOLDEN_ENDPOINTS,
    *LIMIT_ENDPOINTS,
    Endpoint("GET", "/monitors", list_monitors, "The monitors.", MonitorList, page=True, failures=(400, 500, 503)),
    Endpoint(
        "POST",
        "/monitors",
        learn_monitor,
        "Learn a monitor, or its next version.",
        RunAnswer,
        status=202,
        body=LearnRequest,
        failures=_JOB,
    ),
    Endpoint(
        "POST",
        "/monitors/import",
        import_monitor,
        "Keep a version that was exported elsewhere.",
        VersionAnswer,
        status=201,
        body="multipart/form-data",
        query=ImportQuery,
        failures=(400, 403, 413, 415, 422, 500, 503),
    ),
    Endpoint(
        "GET",
        "/monitors/{name}",
        get_monitor,
        "What is known of a monitor.",
        MonitorDetail,
        page=True,
        failures=DETECTING,
    ),
    Endpoint(
        "PATCH",
        "/monitors/{name}",
        change_monitor,
        "What sets the threshold, and the equipment watched.",
        MonitorAnswer,
        body=MonitorPatch,
        failures=(*_WRITE, 413, 415),
    ),
    Endpoint("DELETE", "/monitors/{name}", delete_monitor, "Delete a monitor.", "", status=204, failures=_WRITE),
    Endpoint(
        "POST",
        "/monitors/{name}/restore",
        restore_monitor,
        "Bring back a monitor that was deleted a short time ago.",
        MonitorAnswer,
        failures=_WRITE,
    ),
    Endpoint(
        "GET",
        "/monitors/{name}/versions/{version}",
        get_version,
        "One version of a monitor.",
        VersionAnswer,
        failures=(*_READ, 422),
    ),
    Endpoint(
        "POST",
        "/monitors/{name}/activate",
        activate_monitor,
        "Put a version in use.",
        MonitorAnswer,
        body=ActivateRequest,
        failures=(*_WRITE, 413, 415),
    ),
    Endpoint(
        "POST",
        "/monitors/{name}/rollback",
        roll_back_monitor,
        "Put the version in use that was so before.",
        MonitorAnswer,
        failures=_WRITE,
    ),
    Endpoint(
        "POST",
        "/monitors/{name}/rebase",
        rebase_monitor,
        "Learn the level after a maintenance from good wafers.",
        RunAnswer,
        status=202,
        body=RebaseRequest,
        failures=_JOB,
    ),
    Endpoint(
        "POST",
        "/monitors/{name}/learn-false-alarms",
        learn_false_alarms,
        "Learn again, with false alarms as normal rows.",
        RunAnswer,
        status=202,
        failures=_JOB,
    ),
    Endpoint(
        "POST",
        "/monitors/{name}/compare",
        compare_versions,
        "What two versions find in the same data.",
        ReplayAnswer,
        body=ReplayRequest,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/monitors/{name}/export",
        export_monitor,
        "A version as one file.",
        "application/octet-stream",
        query=VersionQuery,
        failures=DETECTING,
    ),
)
