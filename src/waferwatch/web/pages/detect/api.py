"""The Detect page, /detect, and single sensors as figures."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.grouping.groups import group_columns, part
from waferwatch.jobs.finished import Finished, finished_of
from waferwatch.jobs.options import check_sensor
from waferwatch.models.moment.checkpoints.checkpoint import folders
from waferwatch.read.table import Role
from waferwatch.scoring.option_rules import LEAST_ALARMS, MOST_ALARMS
from waferwatch.series.time_text import time_text
from waferwatch.web.figures.distribution import distribution_figure
from waferwatch.web.figures.time_series import Window, time_figure
from waferwatch.web.html.language import Translator
from waferwatch.web.html.pages import render
from waferwatch.web.pages.detect.schemas import FilterAnswer, PlotQuery
from waferwatch.web.results.answer import detect_answer
from waferwatch.web.results.finished import finished_run, lines_of
from waferwatch.web.results.keys import dataset_key, detection_key
from waferwatch.web.results.question import SUGGESTED_SHARE, options_of
from waferwatch.web.results.schemas import DetectAnswer, DetectRequest
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, read_query, translator
from waferwatch.web.shell.kept import as_key
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.shell.schemas import Figure
from waferwatch.web.shell.work import dataset_of

_MOST_VALUES = 500


async def detect_page(request: Request) -> Response:
    """The settings of a check, and its rows and scores."""
    app = parts(request)
    names = [folder.name for folder in await app.work.read(folders)]
    monitors = await app.work.read(app.store.monitors.all)
    return await render(
        request,
        "detect/detect.html",
        area="problems",
        checkpoints=names,
        monitors=[one.in_use for one in monitors if one.in_use is not None],
        contamination=SUGGESTED_SHARE,
        alarms=(LEAST_ALARMS, MOST_ALARMS),
    )


async def detect(request: Request) -> Response:
    """Find anomalies in a data set, and wait for the result."""
    body = await read_body(request, DetectRequest)
    run = await finished_run(request, "detection", options_of(body))
    app = parts(request)
    return JsonAnswer(await app.work.draw(detect_answer, app, run, translator(request)))


async def plot(request: Request) -> Response:
    """One sensor of a data set as a figure; with a run, its score, flags and events too."""
    query = read_query(request, PlotQuery)
    app, translate, sensor = parts(request), translator(request), request.path_params["feature"]

    def key() -> Hashable:
        shown = as_key(query.model_dump())
        if query.run is None:
            return "plot", translate.language, sensor, shown, dataset_key(app, dataset_of(query.dataset))
        return "plot", translate.language, sensor, shown, detection_key(app, app.jobs.result_of(query.run))

    return await app.work.answer(request, key, lambda: _plot_answer(app, sensor, query, translate), plot=True)


def _plot_answer(app: Parts, sensor: str, query: PlotQuery, translate: Translator) -> dict[str, Any]:
    window = Window(query.points, query.start, query.end)
    if query.run is not None:
        one = _run_of(app, query.run, query.dataset)
        check_sensor(one.table, sensor, "feature")
        if query.view == "distribution":
            return distribution_figure(one.table, sensor, one.found, translate)
        return time_figure(one.table, lines_of(app, one), sensor, window, translate, one.found)
    dataset = dataset_of(query.dataset)
    table = app.store.datasets.table(dataset)
    check_sensor(table, sensor, "feature")
    if query.view == "distribution":
        raise InputError("The distribution needs a result.", hint="Give run, from an answer of /detect.", field="run")
    return time_figure(table, app.work.lines(dataset, None), sensor, window, translate, None)


def _run_of(app: Parts, run_id: str, dataset: str | None) -> Finished:
    run = app.jobs.result_of(run_id)
    if dataset is not None and run.dataset != dataset:
        raise InputError(
            "The run {run} is of another data set.",
            hint="Leave out dataset, or give the run's own.",
            field="run",
            run=run_id[:60],
        )
    return finished_of(app.store, run)


async def filters(request: Request) -> Response:
    """The columns and values that rows can be chosen by, and from when to when the data go."""
    app, dataset = parts(request), request.path_params["id"]
    return await app.work.answer(
        request, lambda: ("filters", dataset_key(app, dataset)), lambda: _filters(app, dataset)
    )


def _filters(app: Parts, dataset: str) -> dict[str, Any]:
    table = app.store.datasets.table(dataset)
    columns = []
    for name in group_columns(table):
        values = [value for value in part(table, name).values if value is not None]
        columns.append(
            {"column": name, "role": table.roles[name], "values": values[:_MOST_VALUES], "total": len(values)}
        )
    time = table.column(Role.TIME)
    ends = None if time is None else table.frame[time].agg(["min", "max"]).tolist()
    first, last = (None, None) if ends is None else (_end(end) for end in ends)
    return {"columns": columns, "sensors": table.columns(Role.SENSOR), "first": first, "last": last}


def _end(value: Any) -> str | None:
    place = time_text(value)
    return f"{place:.15g}" if isinstance(place, float) else place


ENDPOINTS = (
    Endpoint("GET", "/problems/check", detect_page, "Check again with other settings.", "text/html"),
    Endpoint(
        "POST",
        "/detect",
        detect,
        "Find anomalies in a data set.",
        DetectAnswer,
        body=DetectRequest,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/plot/{feature:path}",
        plot,
        "One sensor as a Plotly figure, down-sampled on the server.",
        Figure,
        query=PlotQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/filters",
        filters,
        "Columns and values that rows can be chosen by.",
        FilterAnswer,
        failures=(400, 404, 500, 503),
    ),
)
