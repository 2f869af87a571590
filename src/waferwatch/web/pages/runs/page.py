"""The Runs page, and what leaves it: rows, events, reports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, BinaryIO

import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.export.events import Said, events_document, events_frame, write_events_csv
from waferwatch.export.rows import write_detection_rows
from waferwatch.export.tables import write_tables
from waferwatch.read.files import read_original
from waferwatch.store.runs import Run
from waferwatch.store.verdicts import event_verdicts
from waferwatch.web.html.pages import render
from waferwatch.web.pages.runs.report import write_report
from waferwatch.web.pages.runs.schemas import ChecksExportQuery, ExportQuery
from waferwatch.web.results.finished import finished_detection
from waferwatch.web.shell.answers import encoded
from waferwatch.web.shell.context import Parts, parts, read_query, translator, user_of
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name

_MEDIA = {**TABLE_MEDIA, "json": "application/json"}
_COUNTS = ("rows", "problems", "events", "anomalies", "threshold", "seconds")
_CHECK_COLUMNS = (
    *("check", "data", "kind", "state", "detector", "monitor", "created", "started", "finished", "user"),
    *_COUNTS,
)
_FORMATS = {"rows": ("csv", "parquet"), "events": ("csv", "json", "xlsx")}
_MOST_CHECKS = 10_000  # in one file


async def history_page(request: Request) -> Response:
    """The page of runs."""
    return await render(request, "runs/history.html", area="data")


async def export_run(request: Request) -> Response:
    """Rows or events of a finished detection as a file."""
    query = read_query(request, ExportQuery)
    app = parts(request)
    run = await app.work.read(finished_detection, app, request.path_params["id"])
    if query.format not in _FORMATS[query.what]:
        raise InputError(
            "{what} cannot be exported as {format}.",
            hint="Rows are exported as csv or parquet, events as csv, json or xlsx.",
            field="format",
            what=query.what,
            format=query.format,
        )
    write = partial(_write_rows if query.what == "rows" else _write_events, app, run, query.format)
    await app.work.read(app.store.audit.add, user_of(request), f"export {query.what}", run.id)
    name = file_name(run.dataset_name or "demo", f"{query.what}.{query.format}")
    return await download(app, write, name, _MEDIA[query.format])


async def report_run(request: Request) -> Response:
    """A finished detection as one HTML file that opens without a server."""
    app = parts(request)
    run = await app.work.read(finished_detection, app, request.path_params["id"])
    await app.work.read(app.store.audit.add, user_of(request), "export report", run.id)
    write = partial(write_report, app, run, translator(request))
    return await download(app, write, file_name(run.dataset_name or "demo", "report.html"), "text/html")


async def export_checks(request: Request) -> Response:
    """The list of checks as a file, the newest first."""
    query = read_query(request, ChecksExportQuery)
    app = parts(request)
    wanted = query.model_dump(exclude={"format"})
    runs = await app.work.read(partial(app.jobs.all, limit=_MOST_CHECKS, **wanted))
    await app.work.read(app.store.audit.add, user_of(request), "export checks", query.dataset or "checks")
    write = partial(_write_checks, runs, query.format)
    return await download(app, write, f"checks.{query.format}", TABLE_MEDIA[query.format])


def _write_checks(runs: Sequence[Run], kind: str, file: BinaryIO) -> None:
    write_tables({"checks": pd.DataFrame([_check_line(run) for run in runs], columns=list(_CHECK_COLUMNS))}, file, kind)


def _check_line(run: Run) -> dict[str, Any]:
    summary, options = run.summary or {}, run.options
    known = {"detector": options.get("detector"), "monitor": options.get("monitor")}
    plain = {name: getattr(run, name) for name in ("kind", "state", "created", "started", "finished", "user")}
    counts = {name: summary.get(name) for name in _COUNTS}
    return {"check": run.id, "data": run.dataset_name or "demo", **plain, **known, **counts}


def _write_rows(app: Parts, run: Run, kind: str, file: BinaryIO) -> None:
    table, found = app.store.datasets.table(run.dataset), app.store.results.detection(run.id)
    write_detection_rows(_original(app, run.dataset), found, file, kind, table)


def _original(app: Parts, dataset_id: str) -> pd.DataFrame:
    """The rows as they were uploaded; those of the demo as they were made."""
    if app.store.datasets.get(dataset_id).builtin:
        return app.store.datasets.table(dataset_id).frame
    return read_original(
        app.store.datasets.original(dataset_id), form=app.store.datasets.chosen(dataset_id).options.form
    )


def _write_events(app: Parts, run: Run, kind: str, file: BinaryIO) -> None:
    found = app.store.results.detection(run.id)
    verdicts = event_verdicts(found.event_ids, app.store.verdicts.of(run.id))
    said = {event: Said(one.verdict.value, one.note, one.user, one.at) for event, one in verdicts.items()}
    if kind == "csv":
        return write_events_csv(found, said, file)
    if kind == "xlsx":
        return write_tables({"events": events_frame(found, said)}, file, kind)
    about: dict[str, Any] = {
        "run": run.id,
        "dataset": run.dataset,
        "dataset_name": run.dataset_name,
        "created": run.created,
        "options": run.options,
    }
    file.write(encoded(events_document(found, said, about), indent=True))
    return None


ENDPOINTS = (
    Endpoint("GET", "/data/checks", history_page, "The page of checks.", "text/html"),
    Endpoint(
        "GET",
        "/data/checks/export",
        export_checks,
        "The list of checks as a file.",
        ", ".join(TABLE_MEDIA[kind] for kind in ("csv", "xlsx")),
        query=ChecksExportQuery,
        failures=(400, 422, 500, 503),
    ),
    Endpoint(
        "GET",
        "/runs/{id}/export",
        export_run,
        "Rows or events of a detection as a file.",
        ", ".join(_MEDIA.values()),
        query=ExportQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/report.html",
        report_run,
        "A detection as one HTML file that opens offline.",
        "text/html",
        failures=DETECTING,
    ),
)
