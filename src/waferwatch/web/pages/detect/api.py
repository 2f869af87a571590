"""The Detect page, /detect, and single sensors as figures."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any

import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.grouping.groups import group_columns, part
from waferwatch.jobs.detection import table_of
from waferwatch.jobs.monitors.tasks import MonitorTask
from waferwatch.jobs.options import Options, check_sensor, chosen_rows
from waferwatch.models.moment.checkpoints.checkpoint import folders
from waferwatch.models.registry import check_name
from waferwatch.read.table import Role
from waferwatch.scoring.thresholds.promise import LEAST_ALARMS, MOST_ALARMS
from waferwatch.scoring.thresholds.threshold import AUTO
from waferwatch.store.runs import Run
from waferwatch.web.figures.distribution import distribution_figure
from waferwatch.web.figures.lines import only_chosen
from waferwatch.web.figures.time_series import Window, time_figure
from waferwatch.web.html.language import Translator
from waferwatch.web.html.pages import render
from waferwatch.web.pages.detect.schemas import DetectAnswer, DetectRequest, FilterAnswer, PlotQuery
from waferwatch.web.pages.detect.texts import texts
from waferwatch.web.results.answer import detect_answer
from waferwatch.web.results.keys import dataset_key, detection_key
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, read_query, translator, user_of
from waferwatch.web.shell.kept import as_key
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.shell.schemas import Figure
from waferwatch.web.shell.work import dataset_of

_MOST_VALUES = 500
SUGGESTED_SHARE = 0.05  # in the field of those who choose to expect a share


async def detect_page(request: Request) -> Response:
    """The page on which anomalies are found and looked at."""
    app = parts(request)
    names = [folder.name for folder in await app.work.read(folders)]
    monitors = await app.work.read(app.store.monitors.all)
    return await render(
        request,
        "detect.html",
        area="detect",
        texts=texts,
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


def options_of(body: DetectRequest, **more: Any) -> Options:
    """What a body asks for.

    Raises:
        NotFoundError: for a detector that does not exist.
        InputError: for more than one way to a threshold.
    """
    check_name(body.detector)
    return Options(
        dataset=dataset_of(body.dataset),
        features=None if body.features is None else tuple(dict.fromkeys(body.features)),
        detector=body.detector,
        threshold=None if body.threshold == AUTO else body.threshold,
        contamination=body.contamination,
        false_alarms=body.false_alarms,
        checkpoint=body.checkpoint,
        reference_rows=body.reference_rows,
        reference_start=body.reference_start,
        reference_end=body.reference_end,
        filters=tuple((column, tuple(values)) for column, values in (body.filters or {}).items()),
        monitor=body.monitor,
        **more,
    )


async def finished_run(request: Request, kind: str, options: Options | MonitorTask) -> Run:
    """The run asked for: kept from before, or run now. A visitor who leaves does not stop it.

    Raises:
        InputError, NotFoundError, ModelError, Cancelled: what ended it instead.
    """
    app = parts(request)
    run = await app.work.read(app.jobs.submit, kind, options, user_of(request))
    await asyncio.shield(asyncio.wrap_future(app.jobs.ended(run.id)))
    return await app.work.read(app.jobs.result_of, run.id)


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
    dataset, version, found, rows = dataset_of(query.dataset), None, None, None
    if query.run is not None:
        options = Options.from_dict(app.jobs.result_of(query.run).options)
        if query.dataset is not None and options.dataset != query.dataset:
            raise InputError(
                "The run {run} is of another data set.",
                hint="Leave out dataset, or give the run's own.",
                field="run",
                run=query.run[:60],
            )
        dataset, version = options.dataset, options.version
        table, found = table_of(app.store, options), app.store.results.detection(query.run)
        rows = chosen_rows(table, options)
    else:
        table = app.store.datasets.table(dataset)
    check_sensor(table, sensor, "feature")
    if query.view == "distribution":
        if found is None:
            raise InputError(
                "The distribution needs a result.", hint="Give run, from an answer of /detect.", field="run"
            )
        return distribution_figure(table, sensor, found, translate)
    window = Window(query.points, query.start, query.end)
    lines = only_chosen(app.work.lines(dataset, version), rows)
    return time_figure(table, lines, sensor, window, translate, found)


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
    first, last = (None, None) if ends is None else (_moment(end) for end in ends)
    return {"columns": columns, "sensors": table.columns(Role.SENSOR), "first": first, "last": last}


def _moment(value: Any) -> str | None:
    if pd.isna(value):
        return None
    return str(value.isoformat()) if isinstance(value, pd.Timestamp) else f"{value:.15g}"


ENDPOINTS = (
    Endpoint("GET", "/", detect_page, "The page on which anomalies are found.", "text/html"),
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
