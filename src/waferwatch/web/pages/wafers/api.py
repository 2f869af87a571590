"""Wafers and problems of a finished detection over HTTP, and as files."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any, BinaryIO

import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.export.tables import write_tables
from waferwatch.export.wafers import wafer_tables
from waferwatch.indicators.frames import WAFER_COLUMNS
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.verdicts import RunScore
from waferwatch.jobs.finished import finished_of
from waferwatch.read.table import Note
from waferwatch.store.problems import KnownProblem
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.wafers.schemas import ProblemList, WaferExportQuery, WaferList, WafersQuery
from waferwatch.web.results.finished import finished_detection
from waferwatch.web.results.keys import detection_key
from waferwatch.web.shell.context import Parts, parts, read_query, translator, user_of
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name


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
        known = app.store.problems.of(run, app.store.results.detection(run.id))
        said = tuple((one.number, one.verdict, one.note) for one in known)
        return "problems", translate.language, detection_key(app, run), said

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
    told = one.to_dict() | {"run": number, "reason": _said(one.sentence, translate)}
    return {name: told[name] for name in WAFER_COLUMNS}


def _problems(app: Parts, run: Run, translate: Translator) -> dict[str, Any]:
    found = app.store.results.detection(run.id)
    known = app.store.problems.of(run, found)
    return {"problems": [_problem(*each, translate) for each in zip(found.problems, known, strict=True)]}


def _problem(one: FabProblem, known: KnownProblem, translate: Translator) -> dict[str, Any]:
    said = {"title": _said(one.title, translate), "severity_reason": _said(one.why, translate)}
    verdict = {"verdict": None if known.verdict is None else known.verdict.value, "note": known.note}
    return one.to_dict() | said | {"name": known.name} | verdict


def _said(note: Note | None, translate: Translator) -> str:
    return "" if note is None else translate(note.template).format(**note.values)


def _write(app: Parts, run: Run, query: WaferExportQuery, file: BinaryIO) -> None:
    scored = finished_of(app.store, run).scored_rows()
    frames = wafer_tables(scored.table, scored.found)
    known = app.store.problems.of(run, app.store.results.detection(run.id))
    named = {one.number: kept for one, kept in zip(scored.finished.found.problems, known, strict=True)}
    frames["problems"] = _with_names(frames["problems"], named)
    book = query.what == "wafers" and query.format == "xlsx"
    sheets = [name for name in frames if name != "indicators"] if book else [query.what]
    write_tables({name: frames[name] for name in sheets}, file, query.format)


def _with_names(problems: pd.DataFrame, known: Mapping[int, KnownProblem]) -> pd.DataFrame:
    """The table of problems with the numbers that stay, and what was said of them."""
    kept = [known[number] for number in problems["number"]]
    named = problems.assign(
        problem=[one.name for one in kept],
        verdict=["" if one.verdict is None else one.verdict.value for one in kept],
        note=[one.note for one in kept],
    )
    return named[["problem", *problems.columns, "verdict", "note"]]


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
