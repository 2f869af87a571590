"""The Compare page and /model_compare."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.detection.compare import ComparisonRow
from waferwatch.jobs.options import Options
from waferwatch.web.answers import JsonAnswer
from waferwatch.web.compare.schemas import CompareAnswer, CompareRequest
from waferwatch.web.compare.texts import texts
from waferwatch.web.context import parts, read_body, translator
from waferwatch.web.detect.api import finished_run
from waferwatch.web.figures.comparison import comparison_figure
from waferwatch.web.openapi import DETECTING, Endpoint
from waferwatch.web.pages import render
from waferwatch.web.work import check_detector, dataset_of


async def compare_page(request: Request) -> Response:
    """The page on which detectors are compared."""
    return await render(request, "compare.html", area="compare", texts=texts)


async def model_compare(request: Request) -> Response:
    """Run several detectors on the same data."""
    body = await read_body(request, CompareRequest)
    for name in body.detectors or ():
        check_detector(name, "detectors")
    options = Options(
        dataset_of(body.dataset),
        features=None if body.features is None else tuple(dict.fromkeys(body.features)),
        contamination=body.contamination,
        reference_rows=body.reference_rows,
        detectors=None if body.detectors is None else tuple(dict.fromkeys(body.detectors)),
    )
    app = parts(request)
    run = await finished_run(request, "comparison", options)
    document = await app.work.read(app.store.results.document, run.id)
    rows = [ComparisonRow(**row) for row in document["rows"]]
    return JsonAnswer({"rows": document["rows"], "figure": comparison_figure(rows, translator(request))})


ENDPOINTS = (
    Endpoint("GET", "/compare", compare_page, "The page on which detectors are compared.", "text/html"),
    Endpoint(
        "POST",
        "/model_compare",
        model_compare,
        "Several detectors on the same data.",
        CompareAnswer,
        body=CompareRequest,
        failures=DETECTING,
    ),
)
