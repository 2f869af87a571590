"""The Groups page, /group_analysis, and a run's groups, their rows and its runs laid over one another."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.grouping.counts import MOST_GROUPS, count_groups
from waferwatch.grouping.groups import check_group_column
from waferwatch.jobs.options import check_sensor
from waferwatch.store.runs import Run
from waferwatch.web.figures.groups import groups_figure
from waferwatch.web.html.language import Translator
from waferwatch.web.html.pages import render
from waferwatch.web.pages.groups.analysis import groups_answer
from waferwatch.web.pages.groups.exports import export_answer
from waferwatch.web.pages.groups.overlaid import overlay_answer
from waferwatch.web.pages.groups.places import Places
from waferwatch.web.pages.groups.rows import rows_answer
from waferwatch.web.pages.groups.schemas import (
    GroupAnswer,
    GroupRequest,
    GroupRowsAnswer,
    GroupRowsQuery,
    GroupsAnswer,
    GroupsExportQuery,
    GroupsQuery,
    OverlayAnswer,
    OverlayExportQuery,
    OverlayQuery,
)
from waferwatch.web.results.finished import finished, finished_detection, finished_run
from waferwatch.web.results.keys import detection_key
from waferwatch.web.results.question import options_of
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, read_query, translator
from waferwatch.web.shell.kept import as_key
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.shell.work import dataset_of
from waferwatch.web.transfer.download import TABLE_MEDIA


async def groups_page(request: Request) -> Response:
    """The page of groups."""
    return await render(request, "groups/groups.html", area="problems")


async def group_analysis(request: Request) -> Response:
    """Count the anomalous rows of each group."""
    body = await read_body(request, GroupRequest)
    app, options = parts(request), options_of(body)
    table = await app.work.read(app.store.datasets.table, dataset_of(body.dataset))
    check_group_column(table, body.group_by)
    if body.feature is not None:
        check_sensor(table, body.feature, "feature")
    run = await finished_run(request, "detection", options)
    return JsonAnswer(await app.work.draw(_group_answer, app, body, run, translator(request)))


def _group_answer(app: Parts, body: GroupRequest, run: Run, translate: Translator) -> dict[str, Any]:
    one = finished(app, run.id).scored_rows()
    found = one.found
    groups = count_groups(one.table, body.group_by, found, body.feature)
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


async def run_groups(request: Request) -> Response:
    """The rows of a finished run counted by groups, and which of them differ from the rest."""
    query = read_query(request, GroupsQuery)
    app, translate, run_id = parts(request), translator(request), _run_id(request)

    def key() -> Hashable:
        run = finished_detection(app, run_id)
        return "groups", translate.language, as_key(query.model_dump()), detection_key(app, run)

    return await app.work.answer(request, key, lambda: _run_groups(app, run_id, query, translate))


def _run_groups(app: Parts, run_id: str, query: GroupsQuery, translate: Translator) -> dict[str, Any]:
    return groups_answer(finished(app, run_id).scored_rows(), query, translate)


async def group_rows(request: Request) -> Response:
    """The rows of one group, a hundred at a time."""
    query = read_query(request, GroupRowsQuery)
    return JsonAnswer(await parts(request).work.draw(_group_rows, parts(request), _run_id(request), query))


def _group_rows(app: Parts, run_id: str, query: GroupRowsQuery) -> dict[str, Any]:
    one = finished(app, run_id).scored_rows()
    return rows_answer(one, _places(app, one.finished.run.dataset), query)


async def run_overlay(request: Request) -> Response:
    """The flagged runs of one recipe over the envelope of the normal ones."""
    query = read_query(request, OverlayQuery)
    app, translate, run_id = parts(request), translator(request), _run_id(request)

    def key() -> Hashable:
        run = finished_detection(app, run_id)
        return "overlay", translate.language, as_key(query.model_dump()), detection_key(app, run)

    return await app.work.answer(request, key, lambda: _run_overlay(app, run_id, query, translate))


def _run_overlay(app: Parts, run_id: str, query: OverlayQuery, translate: Translator) -> dict[str, Any]:
    one = finished(app, run_id).scored_rows()
    return overlay_answer(one, _places(app, one.finished.run.dataset), query, translate)


async def export_groups(request: Request) -> Response:
    """The groups of a run as a file; a workbook holds the two columns against each other, too."""
    query = read_query(request, GroupsExportQuery)
    app, translate = parts(request), translator(request)
    return await export_answer(request, query, "groups", lambda run: _run_groups(app, run.id, query, translate))


async def export_overlay(request: Request) -> Response:
    """The flagged runs of a recipe as a file."""
    query = read_query(request, OverlayExportQuery)
    app, translate = parts(request), translator(request)
    return await export_answer(request, query, "overlay", lambda run: _run_overlay(app, run.id, query, translate))


def _places(app: Parts, dataset: str) -> Places:
    return Places(app.work.lines(dataset), app.store.datasets.get(dataset).rows)


def _run_id(request: Request) -> str:
    return str(request.path_params["id"])


_TABLES = ", ".join(TABLE_MEDIA[kind] for kind in ("csv", "xlsx"))
ENDPOINTS = (
    Endpoint("GET", "/problems/groups", groups_page, "The page of groups.", "text/html"),
    Endpoint(
        "POST",
        "/group_analysis",
        group_analysis,
        "Anomalous rows of each group.",
        GroupAnswer,
        body=GroupRequest,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/groups",
        run_groups,
        "The rows of a run by groups, and which groups differ from the rest.",
        GroupsAnswer,
        query=GroupsQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/groups/rows",
        group_rows,
        "The rows of one group.",
        GroupRowsAnswer,
        query=GroupRowsQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/overlay",
        run_overlay,
        "The flagged runs of a recipe over the envelope of the normal ones.",
        OverlayAnswer,
        query=OverlayQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/groups/export",
        export_groups,
        "The groups of a run as a file.",
        _TABLES,
        query=GroupsExportQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/runs/{id}/overlay/export",
        export_overlay,
        "The flagged runs of a recipe as a file.",
        _TABLES,
        query=OverlayExportQuery,
        failures=DETECTING,
    ),
)
