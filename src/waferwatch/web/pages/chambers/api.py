"""Chamber matching over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.export.tables import write_tables
from waferwatch.scoring.comparison.chambers import ChamberMatching, chamber_matching, rows_of
from waferwatch.store.recent import Recent
from waferwatch.web.html.pages import render
from waferwatch.web.pages.chambers.schemas import (
    ChamberMatchingAnswer,
    ChambersExportQuery,
    ChambersListQuery,
    ChambersQuery,
    MatchedIndicatorsAnswer,
    MatchedIndicatorsQuery,
)
from waferwatch.web.pages.chambers.view import matched_view, verdict_words
from waferwatch.web.results.keys import dataset_key
from waferwatch.web.results.tolerances import tolerances_of
from waferwatch.web.shell.context import Parts, parts, read_query, translator, user_of
from waferwatch.web.shell.kept import as_key
from waferwatch.web.shell.openapi import DETECTING, Endpoint
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name

_KEPT_BYTES = 32 * 2**20
_CHOICES = ("recipe", "step", "sensor", "statistic")
_matched: Recent[Hashable, ChamberMatching] = Recent(
    _KEPT_BYTES, lambda one: int(one.frame.memory_usage(deep=True).sum())
)


async def list_matches(request: Request) -> Response:
    """Every chamber compared with the others, farthest first."""
    query = read_query(request, ChambersListQuery)
    app, dataset = parts(request), str(request.path_params["id"])

    def key() -> Hashable:
        return "chambers", as_key(query.model_dump()), dataset_key(app, dataset)

    return await app.work.answer(request, key, lambda: _answer(app, dataset, query))


async def chambers_page(request: Request) -> Response:
    """The page of chamber matching."""
    words = verdict_words(translator(request))
    return await render(request, "trends/chambers.html", area="trends", verdicts=words)


async def list_indicators(request: Request) -> Response:
    """Every indicator with its chambers and their verdicts in words, farthest first."""
    query = read_query(request, MatchedIndicatorsQuery)
    app, dataset, translate = parts(request), str(request.path_params["id"]), translator(request)

    def key() -> Hashable:
        return "indicators", translate.language, as_key(query.model_dump()), dataset_key(app, dataset)

    return await app.work.answer(request, key, lambda: matched_view(_matching(app, dataset, query), query, translate))


async def export_matches(request: Request) -> Response:
    """The same as a file."""
    query = read_query(request, ChambersExportQuery)
    app, dataset = parts(request), str(request.path_params["id"])
    found = await app.work.draw(_matching, app, dataset, query)
    about = await app.work.read(app.store.datasets.get, dataset)
    await app.work.read(app.store.audit.add, user_of(request), "export chamber-matching", dataset)
    name = file_name(about.name or "demo", f"chambers.{query.format}")
    write: Callable[[BinaryIO], None] = partial(_write, found, query.format)
    return await download(app, write, name, TABLE_MEDIA[query.format])


def _write(found: ChamberMatching, kind: str, file: BinaryIO) -> None:
    write_tables({"chambers": found.frame}, file, kind)


def _answer(app: Parts, dataset: str, query: ChambersListQuery) -> dict[str, Any]:
    found = _matching(app, dataset, query)
    chosen = _chosen(found.frame, query)
    return {
        "dataset": dataset,
        "dataset_name": app.store.datasets.get(dataset).name,
        "chambers": list(found.chambers),
        "alone": list(found.alone),
        "recipes": sorted(found.frame["recipe"].unique()),
        "steps": sorted(found.frame["step"].unique()),
        "sensors": sorted(found.frame["sensor"].unique()),
        "counts": found.counts,
        "total": len(chosen),
        "rows": rows_of(chosen.iloc[query.skip : query.skip + query.limit]),
    }


def _chosen(frame: pd.DataFrame, query: ChambersListQuery) -> pd.DataFrame:
    wanted = {name: getattr(query, name) for name in _CHOICES if getattr(query, name) is not None}
    fits = np.ones(len(frame), np.bool_)
    for name, value in wanted.items():
        fits &= (frame[name] == value).to_numpy()
    return frame[fits]


def _matching(app: Parts, dataset: str, query: ChambersQuery) -> ChamberMatching:
    """The comparison, made once for each question."""
    asked = as_key([query.against, query.last, query.spreads, query.tolerances])

    def make() -> ChamberMatching:
        return chamber_matching(
            app.store.datasets.table(dataset),
            against=query.against,
            last=query.last,
            spreads=query.spreads,
            tolerances=tolerances_of(query.tolerances),
        )

    return _matched.get((asked, dataset_key(app, dataset)), make)


ENDPOINTS = (
    Endpoint("GET", "/trends/chambers", chambers_page, "The page of chamber matching.", "text/html"),
    Endpoint(
        "GET",
        "/datasets/{id}/chamber-matching/indicators",
        list_indicators,
        "Indicator by indicator: every chamber with its verdict in words.",
        MatchedIndicatorsAnswer,
        query=MatchedIndicatorsQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/chamber-matching",
        list_matches,
        "Every chamber compared with the others: recipe by recipe, step by step, sensor by sensor.",
        ChamberMatchingAnswer,
        query=ChambersListQuery,
        failures=DETECTING,
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/chamber-matching/export",
        export_matches,
        "The same as a file.",
        ", ".join(TABLE_MEDIA.values()),
        query=ChambersExportQuery,
        failures=DETECTING,
    ),
)
