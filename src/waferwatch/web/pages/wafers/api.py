"""Wafers and problems of a finished detection over HTTP, and as files."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO

import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.export.tables import write_tables
from waferwatch.export.wafers import TABLES, wafer_tables
from waferwatch.indicators.frames import WAFER_COLUMNS, problem_frame
from waferwatch.indicators.verdicts import RunScore
from waferwatch.jobs.finished import finished_of
from waferwatch.read.table import Note
from waferwatch.store.problems.grouping import ListedProblem
from waferwatch.store.problems.known import KnownProblem
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.wafers.schemas import ProblemList, WaferExportQuery, WaferList, WafersQuery
from waferwatch.web.results.finished import finished_detection
from waferwatch.web.results.keys import detection_key
from waferwatch.web.shell.context import Parts, parts, read_query, translator, user_of
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name

_BOOK = tuple(name for name in TABLES if name != "indicators")  # of which there are too many for sheets


async def list_wafers(request: Request) -> Response:
    """Verdicts of the wafers of a detection, in the order of its runs."""
    query = read_query(request, WafersQuery)
    app, translate, run_id = parts(request), translator(request), request.path_params["id"]

    def key() -> Hashable:
        return "wafers", translate.language, query, detection_key(app, finished_detection(app, run_id))

    return await app.work.answer(request, key, lambda: _wafers(app, finished_detection(app, run_id), query, translate))


async def list_problems(request: Request) -> Response:
    """Problems of a detection, worst first."""
    app, translate, run_id = parts(request), translator(request), request.path_params["id"]

    def key() -> Hashable:
        run = finished_detection(app, run_id)
        return "problems", translate.language, detection_key(app, run), app.store.problems.state_of(run.dataset)

    return await app.work.answer(request, key, lambda: _problems(app, finished_detection(app, run_id), translate))


async def export_wafers(request: Request) -> Response:
    """Wafers, problems, limits, rules or indicators of a detection as a file."""
    query = read_query(request, WaferExportQuery)
    app = parts(request)
    run = await app.work.read(finished_detection, app, request.path_params["id"])
    await app.work.read(app.store.audit.add, user_of(request), f"export {query.what}", run.id)
    name = file_name(run.dataset_name or "demo", f"{query.what}.{query.format}")
    return await download(app, partial(_write, app, run, query), name, TABLE_MEDIA[query.format])


def _wafers(app: Parts, run: Run, query: WafersQuery, translate: Translator) -> dict[str, Any]:
    every = app.store.results.detection(run.id).runs
    numbered = [(number, one) for number, one in enumerate(every, start=1) if one.abnormal or not query.abnormal]
    shown = numbered[query.skip : query.skip + query.limit]
    return {
        "wafers": [_wafer(number, one, translate) for number, one in shown],
        "total": len(every),
        "abnormal": sum(one.abnormal for one in every),
    }


def _wafer(number: int, one: RunScore, translate: Translator) -> dict[str, Any]:
    listed = one.to_dict() | {"run": number, "reason": _said(one.sentence, translate)}
    return {name: listed[name] for name in WAFER_COLUMNS}


def _problems(app: Parts, run: Run, translate: Translator) -> dict[str, Any]:
    listed = app.store.problems.listed(run, app.store.results.detection(run.id))
    return {"problems": [_problem(number, one, translate) for number, one in enumerate(listed, start=1)]}


def _problem(number: int, listed: ListedProblem, translate: Translator) -> dict[str, Any]:
    one, known = listed.problem, listed.known
    said = {"title": _said(one.title, translate), "severity_reason": _said(one.why, translate)}
    return one.to_dict() | said | {"number": number, "name": known.name} | _what_was_said(known)


def _what_was_said(known: KnownProblem) -> dict[str, str | None]:
    verdict = None if known.verdict is None else known.verdict.value
    return {"state": known.state.value, "verdict": verdict, "note": known.note}


def _said(note: Note | None, translate: Translator) -> str:
    return "" if note is None else translate(note.template).format(**note.values)


def _write(app: Parts, run: Run, query: WaferExportQuery, file: BinaryIO) -> None:
    scored = finished_of(app.store, run).scored_rows()
    book = query.what == "wafers" and query.format == "xlsx"
    frames = wafer_tables(scored.table, scored.found, _BOOK if book else (query.what,))
    if "problems" in frames:
        frames["problems"] = _problem_frame(app.store.problems.listed(run, scored.finished.found))
    write_tables(frames, file, query.format)


def _problem_frame(listed: Sequence[ListedProblem]) -> pd.DataFrame:
    """The table of problems as they are merged and split, with the numbers that stay and what was said of them."""
    frame = problem_frame([replace(one.problem, number=at) for at, one in enumerate(listed, start=1)])
    said = [_what_was_said(one.known) for one in listed]
    named = frame.assign(problem=[one.known.name for one in listed])
    for name in ("state", "verdict", "note"):
        named[name] = [one[name] or "" for one in said]
    return named[["problem", *frame.columns, "state", "verdict", "note"]]


_READ = (400, 404, 422, 500, 503)
ENDPOINTS = (
    Endpoint("GET", "/runs/{id}/wafers", list_wafers, "Wafer verdicts.", WaferList, query=WafersQuery, failures=_READ),
    Endpoint("GET", "/runs/{id}/problems", list_problems, "Problems, worst first.", ProblemList, failures=_READ),
    Endpoint(
        "GET",
        "/runs/{id}/wafers/export",
        export_wafers,
        "Wafers, problems, limits, rules or indicators as a file.",
        ", ".join(TABLE_MEDIA.values()),
        query=WaferExportQuery,
        failures=DETECTING,
    ),
)
