"""The Data page, and data sets over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.read.formats.registry import NAMES, SUFFIXES
from waferwatch.read.table import Table
from waferwatch.store.datasets import Dataset, clean_name
from waferwatch.web.answers import JsonAnswer
from waferwatch.web.context import Parts, parts, read_body, read_query, translator, user_of
from waferwatch.web.data.preview import examples, rows_answer, sparklines
from waferwatch.web.data.quality import quality_answer
from waferwatch.web.data.schemas import (
    DatasetAnswer,
    DatasetDetail,
    DatasetList,
    DatasetPatch,
    QualityAnswer,
    RowsAnswer,
    RowsQuery,
    SparkAnswer,
    SparkQuery,
    UploadAnswer,
)
from waferwatch.web.data.texts import texts
from waferwatch.web.data.upload import receive_file
from waferwatch.web.language import Translator, translated
from waferwatch.web.openapi import Endpoint
from waferwatch.web.pages import render

_FINDING = (400, 404, 422, 500, 503)
_CHANGING = (400, 403, 404, 413, 415, 422, 500, 503)


async def data_page(request: Request) -> Response:
    """The page of data sets."""
    settings = parts(request).settings
    limits = {"rows": settings.max_rows, "columns": settings.max_columns}
    return await render(request, "data.html", area="data", texts=texts, limits=limits, formats=NAMES, accepted=SUFFIXES)


async def list_datasets(request: Request) -> Response:
    """The demo, then the uploads, newest first."""
    app = parts(request)
    found = await app.work.read(app.store.datasets.all)
    return JsonAnswer({"datasets": [asdict(dataset) for dataset in found]})


async def upload_dataset(request: Request) -> Response:
    """Keep one file as a data set. A file that cannot be read is refused with its reason, and nothing is kept."""
    app = parts(request)
    incoming = await app.work.read(app.store.datasets.open_incoming)
    try:
        name = await receive_file(request, incoming.file, app.settings.max_upload_mb)
    except BaseException:
        with CancelScope(shield=True):
            await app.work.read(app.store.datasets.discard, incoming)
        raise
    dataset, table = await app.work.read(app.store.datasets.keep, incoming, name)
    app.telemetry.count("waferwatch_uploads_total")
    await app.work.read(app.store.audit.add, user_of(request), "upload data set", dataset.id, name=dataset.name)
    return JsonAnswer({**asdict(dataset), "notes": translated(table.notes, translator(request))}, status_code=201)


async def get_dataset(request: Request) -> Response:
    """What is known of a data set and each of its columns."""
    app, dataset = parts(request), request.path_params["id"]
    return JsonAnswer(await app.work.read(_detail, app, dataset, translator(request)))


async def change_dataset(request: Request) -> Response:
    """Rename a data set, or say what its columns are. When anything is refused, nothing is changed."""
    wishes = await read_body(request, DatasetPatch)
    if wishes.name is None and wishes.roles is None:
        raise InputError("Nothing is asked for.", hint="Give a name, roles or both.")
    app, dataset = parts(request), request.path_params["id"]
    return JsonAnswer(await app.work.read(_change, app, dataset, wishes, user_of(request), translator(request)))


async def delete_dataset(request: Request) -> Response:
    """Take an upload out of sight. It can be brought back for some time."""
    app, dataset = parts(request), request.path_params["id"]
    await app.work.read(app.store.datasets.delete, dataset)
    app.work.forget(dataset)
    await app.work.read(app.store.audit.add, user_of(request), "delete data set", dataset)
    return Response(status_code=204)


async def restore_dataset(request: Request) -> Response:
    """Bring back an upload that was deleted a short time ago."""
    app, dataset = parts(request), request.path_params["id"]
    found = await app.work.read(app.store.datasets.restore, dataset)
    await app.work.read(app.store.audit.add, user_of(request), "restore data set", dataset)
    return JsonAnswer(asdict(found))


async def dataset_rows(request: Request) -> Response:
    """Some rows and columns of a data set, as they were read."""
    app, query = parts(request), read_query(request, RowsQuery)
    return JsonAnswer(await app.work.read(_rows, app, request.path_params["id"], query))


async def dataset_sparklines(request: Request) -> Response:
    """The course of sensors in a few points: the lowest and highest value of each stretch of rows."""
    app, query = parts(request), read_query(request, SparkQuery)
    return JsonAnswer({"sparklines": await app.work.draw(_sparklines, app, request.path_params["id"], query)})


async def dataset_quality(request: Request) -> Response:
    """The quality report: time, series, sensors, and what should be looked at first."""
    app, dataset = parts(request), request.path_params["id"]
    return JsonAnswer(await app.work.draw(_quality, app, dataset, translator(request)))


def _detail(app: Parts, dataset_id: str, translate: Translator) -> dict[str, Any]:
    dataset = app.store.datasets.get(dataset_id)
    return _described(app, dataset, app.store.datasets.table(dataset_id, dataset.version), translate)


def _described(app: Parts, dataset: Dataset, table: Table, translate: Translator) -> dict[str, Any]:
    chosen, cells = app.store.datasets.chosen_roles(dataset.id), examples(table)
    return {
        **asdict(dataset),
        "first_row": table.first_row,
        "groups": table.groups,
        "described": [
            {"name": name, "role": role.value, "chosen": name in chosen, "examples": cells[name]}
            for name, role in table.roles.items()
        ],
        "notes": translated(table.notes, translate),
    }


def _change(app: Parts, dataset_id: str, wishes: DatasetPatch, user: str, translate: Translator) -> dict[str, Any]:
    if wishes.name is not None:
        clean_name(wishes.name)  # refused before the roles are changed
    if wishes.roles is not None:
        app.store.datasets.set_roles(dataset_id, wishes.roles)
        app.work.forget(dataset_id)
        app.store.audit.add(user, "set roles of data set", dataset_id, roles=wishes.roles)
    if wishes.name is not None:
        app.store.datasets.rename(dataset_id, wishes.name)
        app.store.audit.add(user, "rename data set", dataset_id, name=wishes.name)
    return _detail(app, dataset_id, translate)


def _rows(app: Parts, dataset_id: str, query: RowsQuery) -> dict[str, Any]:
    return rows_answer(app.store.datasets.table(dataset_id), query)


def _sparklines(app: Parts, dataset_id: str, query: SparkQuery) -> list[dict[str, Any]]:
    return sparklines(app.store.datasets.table(dataset_id), query.first, query.count)


def _quality(app: Parts, dataset_id: str, translate: Translator) -> dict[str, Any]:
    return quality_answer(app.work.quality(dataset_id), app.store.datasets.table(dataset_id), translate)


ENDPOINTS = (
    Endpoint("GET", "/data", data_page, "The page of data sets.", "text/html"),
    Endpoint("GET", "/datasets", list_datasets, "The data sets.", DatasetList, failures=(400, 500, 503)),
    Endpoint(
        "POST",
        "/datasets",
        upload_dataset,
        "Upload one file as a data set.",
        UploadAnswer,
        status=201,
        body="multipart/form-data",
        failures=(400, 403, 413, 415, 422, 500, 503),
    ),
    Endpoint("GET", "/datasets/{id}", get_dataset, "One data set and its columns.", DatasetDetail, failures=_FINDING),
    Endpoint(
        "PATCH",
        "/datasets/{id}",
        change_dataset,
        "Rename a data set, or set the roles of its columns.",
        DatasetDetail,
        body=DatasetPatch,
        failures=_CHANGING,
    ),
    Endpoint(
        "DELETE",
        "/datasets/{id}",
        delete_dataset,
        "Delete an uploaded data set.",
        "",
        status=204,
        failures=(400, 403, 404, 500, 503),
    ),
    Endpoint(
        "POST",
        "/datasets/{id}/restore",
        restore_dataset,
        "Bring back a data set that was deleted a short time ago.",
        DatasetAnswer,
        failures=(400, 403, 404, 500, 503),
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/rows",
        dataset_rows,
        "Some rows and columns of a data set.",
        RowsAnswer,
        query=RowsQuery,
        failures=_FINDING,
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/sparklines",
        dataset_sparklines,
        "The course of sensors in a few points.",
        SparkAnswer,
        query=SparkQuery,
        failures=_FINDING,
    ),
    Endpoint(
        "GET",
        "/datasets/{id}/quality",
        dataset_quality,
        "The quality report of a data set.",
        QualityAnswer,
        failures=_FINDING,
    ),
)
