"""The PM check page, and before and after a maintenance over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import NotFoundError
from waferwatch.export.tables import write_tables
from waferwatch.indicators.cells import cells_of
from waferwatch.indicators.pauses import Pause, long_pauses
from waferwatch.monitors.golden.wafers import equipment_of
from waferwatch.scoring.before_after import BeforeAfter, compare_table
from waferwatch.scoring.part import only_rows
from waferwatch.store.marks import Mark, MarkKind
from waferwatch.store.recent import Recent
from waferwatch.web.figures.wafers.chambers import ChamberStyle, chamber_styles
from waferwatch.web.figures.wafers.maintenance import check_figure, traces_figure
from waferwatch.web.html.indicator_texts import indicator_title
from waferwatch.web.html.language import Translator
from waferwatch.web.html.pages import render
from waferwatch.web.pages.pm.answer import check_answer, indicator_said, row_of, words_of
from waferwatch.web.pages.pm.schemas import (
    CheckAnswer,
    CheckExportQuery,
    CheckIndicatorAnswer,
    CheckIndicatorQuery,
    CheckQuery,
    ProposalList,
)
from waferwatch.web.results.keys import dataset_key
from waferwatch.web.results.tolerances import tolerances_of
from waferwatch.web.shell.context import Parts, parts, read_query, translator, user_of
from waferwatch.web.shell.kept import as_key
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name

_KEPT_BYTES = 128 * 2**20
_MOST_PAUSES = 12
_compared: Recent[Hashable, BeforeAfter] = Recent(_KEPT_BYTES, lambda one: _bytes(one))


async def pm_page(request: Request) -> Response:
    """The page that asks whether a tool is back after a maintenance."""
    app = parts(request)
    monitors = await app.work.read(app.store.monitors.all)
    watching = {one.name: one.watched for one in monitors if one.in_use is not None}
    return await render(request, "pm/pm.html", area="pm", monitors=watching)


async def proposals(request: Request) -> Response:
    """When a maintenance may have been: marks, and long pauses of chambers."""
    app, translate, dataset = parts(request), translator(request), str(request.path_params["id"])

    def key() -> Hashable:
        marks = as_key([one.to_dict() for one in app.store.marks.of(dataset)])
        return "maintenance", translate.language, dataset_key(app, dataset), marks

    return await app.work.answer(request, key, lambda: _proposals(app, dataset, translate))


async def check(request: Request) -> Response:
    """Every indicator before and after a maintenance, and whether the tool is back."""
    query = read_query(request, CheckQuery)
    app, translate, dataset = parts(request), translator(request), str(request.path_params["id"])

    def make() -> dict[str, Any]:
        about = app.store.datasets.get(dataset)
        named = {"dataset": dataset, "dataset_name": about.name, "equipment": query.equipment, "at": query.at}
        return named | check_answer(_comparison(app, dataset, query), translate)

    return await app.work.answer(request, _key(app, dataset, "pm", translate.language, query), make)


async def check_indicator(request: Request) -> Response:
    """One indicator wafer by wafer before and after, and its traces, as figures."""
    query = read_query(request, CheckIndicatorQuery)
    app, translate, dataset = parts(request), translator(request), str(request.path_params["id"])

    def make() -> dict[str, Any]:
        return _indicator(app, dataset, query, translate)

    return await app.work.answer(request, _key(app, dataset, "pm-one", translate.language, query), make, plot=True)


async def export_check(request: Request) -> Response:
    """Every indicator before and after as a file."""
    query = read_query(request, CheckExportQuery)
    app, dataset = parts(request), str(request.path_params["id"])
    found = await app.work.draw(_comparison, app, dataset, query)
    about = await app.work.read(app.store.datasets.get, dataset)
    await app.work.read(app.store.audit.add, user_of(request), "export before-after", dataset)
    name = file_name(about.name or "demo", f"pm.{query.format}")
    write: Callable[[BinaryIO], None] = partial(_write, found, query.format)
    return await download(app, write, name, TABLE_MEDIA[query.format])


def _write(found: BeforeAfter, kind: str, file: BinaryIO) -> None:
    write_tables({"before_after": found.frame}, file, kind)


def _key(app: Parts, dataset: str, what: str, language: str, query: CheckQuery) -> Callable[[], Hashable]:
    return lambda: (what, language, as_key(query.model_dump()), dataset_key(app, dataset))


def _comparison(app: Parts, dataset: str, query: CheckQuery) -> BeforeAfter:
    """The comparison, made once for each question."""
    asked = as_key([query.at, query.equipment, query.tolerances])
    return _compared.get((asked, dataset_key(app, dataset)), lambda: _compare(app, dataset, query))


def _compare(app: Parts, dataset: str, query: CheckQuery) -> BeforeAfter:
    table = app.store.datasets.table(dataset)
    if query.equipment is not None:
        of, names = equipment_of(table)
        if query.equipment in names:
            table = only_rows(table, np.flatnonzero(of == names.index(query.equipment)))
    return compare_table(table, query.at, tolerances=tolerances_of(query.tolerances), equipment=query.equipment)


def _proposals(app: Parts, dataset: str, translate: Translator) -> dict[str, Any]:
    table = app.store.datasets.table(dataset)
    cells = cells_of(table)
    marks = [one for one in app.store.marks.of(dataset) if one.kind in (MarkKind.PM, MarkKind.CHANGE)]
    found = [
        {
            "equipment": one.equipment,
            "at": one.start,
            "start": one.start,
            "end": one.end,
            "source": "mark",
            "title": _title(one, translate),
            "before": None,
            "after": None,
        }
        for one in marks
    ]
    pauses = [] if cells is None else long_pauses(table, cells)[:_MOST_PAUSES]
    return {
        "chambers": [] if cells is None else sorted({one.equipment for one in cells.names}),
        "proposals": [*found, *(_pause(one, translate) for one in pauses)],
    }


def _title(one: Mark, translate: Translator) -> str:
    change = one.kind is MarkKind.CHANGE
    words = translate("change marked by {user}") if change else translate("marked by {user}")
    return words.format(user=one.user) + (f": {one.note}" if one.note else "")


def _pause(one: Pause, translate: Translator) -> dict[str, Any]:
    hours = translate("{hours} h without wafers").format(hours=f"{one.length / 3600:.3g}")
    plain = translate("a pause of {length}").format(length=f"{one.length:.4g}")
    return {
        "equipment": one.equipment,
        "at": str(one.end),
        "start": str(one.start),
        "end": str(one.end),
        "source": "pause",
        "title": hours if isinstance(one.end, str) else plain,
        "before": one.before,
        "after": one.after,
    }


def _indicator(app: Parts, dataset: str, query: CheckIndicatorQuery, translate: Translator) -> dict[str, Any]:
    found = _comparison(app, dataset, query)
    chamber = query.equipment or next(iter(found.frame["equipment"]), "")
    row = row_of(found, str(chamber), query.recipe, query.step, query.sensor, query.statistic)
    if row is None:
        raise NotFoundError(
            "There is no indicator {statistic} of {sensor} in step {step} here.",
            hint="Take the names from the answer of /datasets/ID/before-after.",
            field="sensor",
            statistic=query.statistic[:60],
            sensor=query.sensor[:60],
            step=query.step[:60],
        )
    names = cells_of(app.store.datasets.table(dataset))
    every = [] if names is None else [one.equipment for one in names.names]
    style = chamber_styles(every).get(str(chamber), ChamberStyle(0))
    title = [indicator_title(query.sensor, query.statistic, translate), query.step, query.recipe, str(chamber)]
    at = str(found.measured.at)
    return {
        "title": " · ".join(filter(None, title)),
        "said": indicator_said(row, words_of(translate), translate),
        "trend": check_figure(found.measured, row, at, style, translate),
        "trace": traces_figure(found.measured, row, style, translate),
    }


def _bytes(one: BeforeAfter) -> int:
    return one.measured.found.values.nbytes + int(one.measured.table.frame.memory_usage().sum())


ENDPOINTS = (
    Endpoint("GET", "/pm", pm_page, "The page of maintenance checks.", "text/html"),
    Endpoint(
        "GET",
        "/datasets/{id}/maintenance",
        proposals,
        "When a maintenance may have been: marks, and long pauses of chambers.",
        ProposalList,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/before-after",
        check,
        "Every indicator before and after a maintenance.",
        CheckAnswer,
        query=CheckQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/before-after/indicator",
        check_indicator,
        "One indicator wafer by wafer before and after, and its traces.",
        CheckIndicatorAnswer,
        query=CheckIndicatorQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/before-after/export",
        export_check,
        "Every indicator before and after as a file.",
        ", ".join(TABLE_MEDIA.values()),
        query=CheckExportQuery,
        failures=DETECTING,
    ),
)
