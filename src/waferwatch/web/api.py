"""The four endpoints that look for anomalies: detect, plot, groups, compare."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.read.table import Table
from waferwatch.web.answers import JsonAnswer
from waferwatch.web.context import Parts, parts, read_body, read_query, translator
from waferwatch.web.figures.comparison import comparison_figure
from waferwatch.web.figures.correlation import correlation_figure
from waferwatch.web.figures.distribution import distribution_figure
from waferwatch.web.figures.groups import groups_figure
from waferwatch.web.figures.score import score_figure
from waferwatch.web.figures.time_series import Window, time_figure
from waferwatch.web.groups import MOST_GROUPS, check_group_column, count_groups, group_columns
from waferwatch.web.language import Translator
from waferwatch.web.schemas import CompareRequest, DetectRequest, GroupRequest, PlotQuery
from waferwatch.web.work import Options, Run, check_detector, check_sensor, dataset_of

_FIGURE_POINTS = 3000
_MOST_EVENTS = 1000


async def detect(request: Request) -> Response:
    """Find anomalies in a data set."""
    body = await read_body(request, DetectRequest)
    check_detector(body.detector)
    app = parts(request)
    run = await app.work.detect(_options(body, body.detector))
    return JsonAnswer(await app.work.read(_detect_answer, app, run, translator(request)))


def _options(body: DetectRequest | GroupRequest | CompareRequest, detector: str) -> Options:
    features = None if body.features is None else tuple(dict.fromkeys(body.features))
    return Options(dataset_of(body.dataset), features, detector, body.contamination, body.reference_rows)


def _detect_answer(app: Parts, run: Run, translate: Translator) -> dict[str, Any]:
    found, dataset = run.detection, run.options.dataset
    table = app.datasets.table(dataset)
    ranking = _ranking(run)
    top = ranking[0]["sensor"]
    sensors = [item["sensor"] for item in ranking]
    highest = sorted(found.events, key=lambda event: -event.peak_score)[:_MOST_EVENTS]
    anomalies = int(found.flags.sum())
    return {
        "run": run.options.run,
        "dataset": dataset,
        **{name: getattr(found, name) for name in ("detector", "model", "model_sha256", "device", "features")},
        "rows": len(found.flags),
        "judged": int(np.isfinite(found.scores).sum()),
        "anomalies": anomalies,
        "anomaly_ratio": anomalies / len(found.flags),
        "threshold": found.threshold,
        "seconds": found.seconds,
        "metrics": None if found.metrics is None else asdict(found.metrics),
        "events": [event.to_dict() for event in sorted(highest, key=lambda event: event.id)],
        "events_total": len(found.events),
        "series": len(found.runs),
        "ranking": ranking,
        "groups": _all_groups(table, run),
        "figures": {
            "time_series": time_figure(table, app.work.lines(dataset), top, Window(_FIGURE_POINTS), translate, found),
            "distribution": distribution_figure(table, top, found, translate),
            "correlation": correlation_figure(table, sensors, found, translate),
            "score": score_figure(found, translate),
        },
        "notes": [translate(note.template).format(**note.values) for note in found.notes],
    }


def _ranking(run: Run) -> list[dict[str, Any]]:
    """The sensors by the share of the flagged rows' scores that they carry; of all rows' when none is flagged."""
    found = run.detection
    chosen = found.contributions[found.flags] if found.flags.any() else found.contributions
    carried = np.atleast_1d(np.nansum(chosen, axis=0, dtype=np.float64))
    total = carried.sum() or 1.0
    order = np.argsort(-carried, kind="stable").tolist()
    return [{"sensor": found.features[at], "share": float(carried[at] / total)} for at in order]


def _all_groups(table: Table, run: Run) -> dict[str, Any]:
    fields = ("value", "rows", "anomalies", "ratio")
    return {
        column: [
            {name: getattr(one, name) for name in fields}
            for one in count_groups(table, column, run.detection)[:MOST_GROUPS]
        ]
        for column in group_columns(table)
    }


async def plot(request: Request) -> Response:
    """One sensor of a data set as a figure; with a run, its score, flags and events too."""
    query = read_query(request, PlotQuery)
    sensor = request.path_params["feature"]
    return JsonAnswer(await parts(request).work.read(_plot_answer, parts(request), sensor, query, translator(request)))


def _plot_answer(app: Parts, sensor: str, query: PlotQuery, translate: Translator) -> dict[str, Any]:
    dataset = dataset_of(query.dataset)
    table = app.datasets.table(dataset)
    check_sensor(table, sensor, "feature")
    found = None if query.run is None else app.work.find(query.run, dataset).detection
    if query.view == "distribution":
        if found is None:
            raise InputError(
                "The distribution needs a result.", hint="Give run, from an answer of /detect.", field="run"
            )
        return distribution_figure(table, sensor, found, translate)
    window = Window(query.points, query.start, query.end)
    return time_figure(table, app.work.lines(dataset), sensor, window, translate, found)


async def group_analysis(request: Request) -> Response:
    """Count the anomalous rows of each group."""
    body = await read_body(request, GroupRequest)
    check_detector(body.detector)
    app, dataset = parts(request), dataset_of(body.dataset)
    table = await app.work.read(app.datasets.table, dataset)
    check_group_column(table, body.group_by)
    if body.feature is not None:
        check_sensor(table, body.feature, "feature")
    run = await app.work.detect(_options(body, body.detector))
    return JsonAnswer(await app.work.read(_group_answer, table, body, run, translator(request)))


def _group_answer(table: Table, body: GroupRequest, run: Run, translate: Translator) -> dict[str, Any]:
    groups = count_groups(table, body.group_by, run.detection, body.feature)
    shown = groups[:MOST_GROUPS]
    return {
        "group_by": body.group_by,
        "feature": body.feature,
        "detector": run.detection.detector,
        "model": run.detection.model,
        "groups": [asdict(one) for one in shown],
        "groups_total": len(groups),
        "figure": groups_figure(shown, body.group_by, body.feature, translate),
    }


async def model_compare(request: Request) -> Response:
    """Run several detectors on the same data."""
    body = await read_body(request, CompareRequest)
    for name in body.detectors or ():
        check_detector(name, "detectors")
    rows = await parts(request).work.compare(_options(body, ""), body.detectors)
    return JsonAnswer({"rows": [asdict(row) for row in rows], "figure": comparison_figure(rows, translator(request))})
