"""The Compare page, /model_compare, and kept comparisons."""

from __future__ import annotations

from functools import partial
from typing import Any, BinaryIO

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.export.comparison import comparison_tables
from waferwatch.export.tables import write_tables
from waferwatch.jobs.comparison import kept_comparison
from waferwatch.models.registry import check_name, detector_names, reads_steps
from waferwatch.scoring.comparison.compare import ONE_LINERS, Comparison
from waferwatch.store.runs import Run
from waferwatch.web.figures.comparison.detectors import comparison_figure
from waferwatch.web.html.language import Translator
from waferwatch.web.html.pages import render
from waferwatch.web.html.texts import short_titles
from waferwatch.web.pages.compare.answer import comparison_answer, row_answer
from waferwatch.web.pages.compare.schemas import CompareAnswer, CompareRequest, ComparisonAnswer, ComparisonExportQuery
from waferwatch.web.results.finished import finished_run
from waferwatch.web.results.question import SUGGESTED_SHARE, options_of
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, read_query, translator, user_of
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.transfer.download import download, file_name

_KINDS = ("comparison", "injection")
_MEDIA = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
_SLOW = ("matrix_profile",)  # takes longer than all others together, so it is not chosen at first


async def compare_page(request: Request) -> Response:
    """The page on which detectors are compared."""
    return await render(
        request,
        "compare/compare.html",
        area="monitors",
        contamination=SUGGESTED_SHARE,
        one_liners=ONE_LINERS,
        slow=_SLOW,
        stepwise=tuple(name for name in detector_names() if reads_steps(name)),
    )


async def model_compare(request: Request) -> Response:
    """Run several detectors on the same data, and wait for the result."""
    body = await read_body(request, CompareRequest)
    for name in body.detectors or ():
        check_name(name, "detectors")
    detectors = None if body.detectors is None else tuple(dict.fromkeys(body.detectors))
    options = options_of(body, detectors=detectors, faults=False)
    run = await finished_run(request, "comparison", options)
    app = parts(request)
    return JsonAnswer(await app.work.read(_rows_answer, app, run.id, options.detectors, translator(request)))


def _rows_answer(app: Parts, run_id: str, wanted: tuple[str, ...] | None, translate: Translator) -> dict[str, Any]:
    """The detectors asked for, without the one-liners that every comparison has."""
    rows = [row for row in kept_comparison(app.store, run_id).rows if wanted is None or row.detector in wanted]
    return {"rows": [row_answer(row, translate) for row in rows], "figure": comparison_figure(rows, translate)}


async def comparison(request: Request) -> Response:
    """What a finished comparison or injected-fault test has found."""
    app = parts(request)
    answer = await app.work.read(_comparison, app, request.path_params["id"], translator(request))
    return JsonAnswer(answer)


def _comparison(app: Parts, run_id: str, translate: Translator) -> dict[str, Any]:
    return comparison_answer(*_kept(app, run_id), translate)


async def export_comparison(request: Request) -> Response:
    """A comparison as a file."""
    query = read_query(request, ComparisonExportQuery)
    app, translate, run_id = parts(request), translator(request), request.path_params["id"]
    run, found = await app.work.read(_kept, app, run_id)
    await app.work.read(app.store.audit.add, user_of(request), "export comparison", run_id)
    name = file_name(run.dataset_name or "demo", f"comparison.{query.format}")
    return await download(app, partial(_write, run, found, query.format, translate), name, _MEDIA[query.format])


def _kept(app: Parts, run_id: str) -> tuple[Run, Comparison]:
    run = app.jobs.result_of(run_id)
    if run.kind not in _KINDS:
        raise InputError(
            "This run is not a comparison.", hint="Choose a comparison from the list of runs.", field="run"
        )
    return run, kept_comparison(app.store, run.id)


def _write(run: Run, found: Comparison, kind: str, translate: Translator, file: BinaryIO) -> None:
    if kind == "json":
        file.write(JsonAnswer(comparison_answer(run, found, translate)).body)
    else:
        write_tables(comparison_tables(found, short_titles(translate), translate), file, kind)


ENDPOINTS = (
    Endpoint("GET", "/monitors/compare", compare_page, "The page on which detectors are compared.", "text/html"),
    Endpoint(
        "POST",
        "/model_compare",
        model_compare,
        "Several detectors on the same data.",
        CompareAnswer,
        body=CompareRequest,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/comparison",
        comparison,
        "What a comparison of detectors, or a test with injected faults, has found.",
        ComparisonAnswer,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/comparison/export",
        export_comparison,
        "A comparison as a file.",
        ", ".join(_MEDIA.values()),
        query=ComparisonExportQuery,
        failures=DETECTING,
    ),
)
