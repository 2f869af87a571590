"""The Data page, and data sets over HTTP."""

from __future__ import annotations

from dataclasses import asdict

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.web.answers import JsonAnswer
from waferwatch.web.context import parts, translator, user_of
from waferwatch.web.data.schemas import DatasetList, UploadAnswer
from waferwatch.web.data.texts import texts
from waferwatch.web.data.upload import receive_file
from waferwatch.web.detect.answer import note_texts
from waferwatch.web.openapi import Endpoint
from waferwatch.web.pages import render


async def data_page(request: Request) -> Response:
    """The page of data sets."""
    return await render(request, "data.html", area="data", texts=texts)


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
    return JsonAnswer({**asdict(dataset), "notes": note_texts(table.notes, translator(request))}, status_code=201)


async def delete_dataset(request: Request) -> Response:
    """Take an upload out of sight. It can be brought back for some time."""
    app, dataset = parts(request), request.path_params["id"]
    await app.work.read(app.store.datasets.delete, dataset)
    app.work.forget(dataset)
    await app.work.read(app.store.audit.add, user_of(request), "delete data set", dataset)
    return Response(status_code=204)


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
    Endpoint(
        "DELETE",
        "/datasets/{id}",
        delete_dataset,
        "Delete an uploaded data set.",
        "",
        status=204,
        failures=(400, 403, 404, 500, 503),
    ),
)
