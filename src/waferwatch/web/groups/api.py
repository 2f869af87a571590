"""The Groups page and /group_analysis."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.grouping.counts import MOST_GROUPS, count_groups
from waferwatch.grouping.groups import check_group_column
from waferwatch.jobs.options import check_sensor
from waferwatch.read.table import Table
from waferwatch.store.runs import Run
from waferwatch.web.answers import JsonAnswer
from waferwatch.web.context import Parts, parts, read_body, translator
from waferwatch.web.detect.api import finished_run, options_of
from waferwatch.web.figures.groups import groups_figure
from waferwatch.web.groups.schemas import GroupAnswer, GroupRequest
from waferwatch.web.groups.texts import texts
from waferwatch.web.language import Translator
from waferwatch.web.openapi import DETECTING, Endpoint
from waferwatch.web.pages import render
from waferwatch.web.work import dataset_of


async def groups_page(request: Request) -> Response:
    """The page of groups."""
    return await render(request, "groups.html", area="groups", texts=texts)


async def group_analysis(request: Request) -> Response:
    """Count the anomalous rows of each group."""
    body = await read_body(request, GroupRequest)
    app, options = parts(request), options_of(body)
    table = await app.work.read(app.store.datasets.table, dataset_of(body.dataset))
    check_group_column(table, body.group_by)
    if body.feature is not None:
        check_sensor(table, body.feature, "feature")
    run = await finished_run(request, "detection", options)
    return JsonAnswer(await app.work.read(_group_answer, app, table, body, run, translator(request)))


def _group_answer(app: Parts, table: Table, body: GroupRequest, run: Run, translate: Translator) -> dict[str, Any]:
    found = app.store.results.detection(run.id)
    groups = count_groups(table, body.group_by, found, body.feature)
    shown = groups[:MOST_GROUPS]
    return {
        "group_by": body.group_by,
        "feature": body.feature,
        "detector": found.detector,
        "model": found.model,
        "groups": [asdict(one) for one in shown],
        "groups_total": len(groups),
        "figure": groups_figure(shown, body.group_by, body.feature, translate),
    }


ENDPOINTS = (
    Endpoint("GET", "/groups", groups_page, "The page of groups.", "text/html"),
    Endpoint(
        "POST",
        "/group_analysis",
        group_analysis,
        "Anomalous rows of each group.",
        GroupAnswer,
        body=GroupRequest,
        failures=DETECTING,
    ),
)
