"""Limits of a version of a monitor: recipe by recipe, step by step, sensor by sensor, some at a time, and as a file."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any, BinaryIO

import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.export.tables import write_tables
from waferwatch.indicators.frames import LIMIT_COLUMNS, limit_frame
from waferwatch.store.monitors.monitors import version_of
from waferwatch.store.monitors.records import VersionRecord
from waferwatch.web.html.indicator_texts import sensor_title, statistic_titles
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.monitors.schemas import LimitsAnswer, LimitsExportQuery, LimitsQuery
from waferwatch.web.shell.context import Parts, parts, read_query, translator, user_of
from waferwatch.web.shell.kept import as_key
from waferwatch.web.shell.openapi import Endpoint
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name


async def monitor_limits(request: Request) -> Response:
    """Limits that a version has learnt, some at a time."""
    query = read_query(request, LimitsQuery)
    app, translate, name = parts(request), translator(request), str(request.path_params["name"])

    def key() -> Hashable:
        version = _version(app, name, query.version)
        return "limits", translate.language, version.id, version.digest, as_key(query.model_dump())

    return await app.work.answer(request, key, lambda: _answer(app, name, query, translate))


async def export_limits(request: Request) -> Response:
    """All limits of a version as a file."""
    query = read_query(request, LimitsExportQuery)
    app, name = parts(request), str(request.path_params["name"])
    version = await app.work.read(_version, app, name, query.version)
    frame = await app.work.draw(_frame, app, version)
    await app.work.read(app.store.audit.add, user_of(request), "export limits", version.title)
    write = partial(_write, frame, query.format)
    return await download(
        app, write, file_name(name, f"v{version.number}-limits.{query.format}"), TABLE_MEDIA[query.format]
    )


def _write(frame: pd.DataFrame, kind: str, file: BinaryIO) -> None:
    write_tables({"limits": frame}, file, kind)


def _answer(app: Parts, name: str, query: LimitsQuery, translate: Translator) -> dict[str, Any]:
    version = _version(app, name, query.version)
    frame = _frame(app, version)
    chosen = frame[_matching(frame, query)]
    shown = chosen.iloc[query.skip : query.skip + query.limit]
    plain = shown.astype(object).where(shown.notna(), None).to_dict("records")
    titles = statistic_titles(translate)
    rows = [
        {
            **{str(column): value for column, value in row.items()},
            "sensor_title": sensor_title(str(row["sensor"]), translate),
            "statistic_title": titles.get(str(row["statistic"]), str(row["statistic"])),
        }
        for row in plain
    ]
    return {
        "monitor": version.monitor,
        "version": version.number,
        "limits": rows,
        "total": len(chosen),
        **{f"{column}s": list(frame[column].unique()) for column in ("recipe", "step", "statistic")},
    }


def _matching(frame: pd.DataFrame, query: LimitsQuery) -> pd.Series:
    found = pd.Series(True, index=frame.index)
    for column in ("equipment", "recipe", "step", "statistic"):
        wanted = getattr(query, column)
        if wanted is not None:
            found &= frame[column] == wanted
    if query.search:
        found &= frame["sensor"].astype(str).str.contains(query.search, case=False, regex=False)
    return found


def _frame(app: Parts, version: VersionRecord) -> pd.DataFrame:
    """
    Raises:
        InputError: when the version has no limits.
        DamagedError: when its files are gone, or are not what was written.
    """
    wafers = app.store.monitors.model(version).wafers
    if wafers is None:
        raise InputError(
            "{title} has no limits of wafers.",
            hint="Limits are learnt from at least 8 golden wafers of one equipment and recipe, since version 0.5.0.",
            field="monitor",
            title=version.title,
        )
    frame = limit_frame(wafers)
    return frame[list(LIMIT_COLUMNS)].sort_values(["equipment", "recipe"], kind="stable", ignore_index=True)


def _version(app: Parts, name: str, number: int | None) -> VersionRecord:
    return version_of(app.store.monitors.get(name), number)


LIMIT_ENDPOINTS = (
    Endpoint(
        "GET",
        "/monitors/{name}/limits",
        monitor_limits,
        "Limits that a version has learnt, some at a time.",
        LimitsAnswer,
        query=LimitsQuery,
        failures=(400, 404, 422, 500, 503),
    ),
    Endpoint(
        "GET",
        "/monitors/{name}/limits/export",
        export_limits,
        "All limits of a version as a file.",
        ", ".join(TABLE_MEDIA.values()),
        query=LimitsExportQuery,
        failures=(400, 404, 422, 500, 503),
    ),
)
