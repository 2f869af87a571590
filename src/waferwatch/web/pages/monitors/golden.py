"""Golden sets: their page, and over HTTP."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.store.monitors.documents import golden_document, golden_list
from waferwatch.store.monitors.golden_sets import used_golden
from waferwatch.web.html.numbers import NONE, Numbers, place
from waferwatch.web.html.pages import render
from waferwatch.web.pages.monitors.schemas import GoldenList, UsedGolden
from waferwatch.web.pages.monitors.sentences import chosen_lines, left_out_lines, waiting_lines
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, translator
from waferwatch.web.shell.error_page import wants_page
from waferwatch.web.shell.openapi import Endpoint


async def list_golden(request: Request) -> Response:
    """Every golden set; a browser gets the page."""
    app, translate = parts(request), translator(request)
    found = await app.work.read(_listed, app)
    if not wants_page(request):
        return JsonAnswer({"golden_sets": found})
    return await render(
        request, "monitors/golden.html", area="monitors", sets=found, numbers=Numbers(translate.language), place=place
    )


async def get_golden(request: Request) -> Response:
    """One version of a golden set: where its rows come from, what was left out and why, coverage."""
    app, name, translate = parts(request), str(request.path_params["name"]), translator(request)
    found = await app.work.read(_one, app, name, str(request.path_params["version"]))
    if not wants_page(request):
        return JsonAnswer(found)
    version = {"golden": found}
    return await render(
        request,
        "monitors/golden_set.html",
        area="monitors",
        golden=found,
        used_by=found["used_by"],
        chosen=chosen_lines(found["choice"], translate),
        left_out=left_out_lines(version, translate),
        waits=waiting_lines(version, translate),
        numbers=Numbers(translate.language),
        place=place,
        dash=NONE,
    )


def _listed(app: Parts) -> list[dict[str, Any]]:
    return golden_list(app.store.monitors.golden_sets())


def _one(app: Parts, name: str, version: str) -> dict[str, Any]:
    one = used_golden(app.store.monitors.golden_sets(), name, version)
    return golden_document(one.golden) | {"used_by": list(one.used_by)}


GOLDEN_ENDPOINTS = (
    Endpoint(
        "GET",
        "/golden-sets",
        list_golden,
        "Golden sets, and which versions of monitors learnt from them.",
        GoldenList,
        page=True,
        failures=(400, 500, 503),
    ),
    Endpoint(
        "GET",
        "/golden-sets/{name}/{version}",
        get_golden,
        "One version of a golden set.",
        UsedGolden,
        page=True,
        failures=(400, 404, 500, 503),
    ),
)
