"""Data sets over HTTP: list, upload, delete."""

from __future__ import annotations

from dataclasses import asdict

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.web.answers import JsonAnswer
from waferwatch.web.context import parts, translator
from waferwatch.web.upload import receive_file


async def list_datasets(request: Request) -> Response:
    """The demo, then the uploads, newest first."""
    app = parts(request)
    found = await app.work.read(app.datasets.all)
    return JsonAnswer({"datasets": [asdict(dataset) for dataset in found]})


async def upload_dataset(request: Request) -> Response:
    """Keep one file as a data set. A file that cannot be read is refused with its reason, and nothing is kept."""
    app = parts(request)
    incoming = await app.work.read(app.datasets.open_incoming)
    try:
        name = await receive_file(request, incoming.file, app.settings.max_upload_mb)
    except BaseException:
        with CancelScope(shield=True):
            await app.work.read(app.datasets.discard, incoming)
        raise
    dataset, table = await app.work.read(app.datasets.keep, incoming, name)
    app.telemetry.count("waferwatch_uploads_total")
    translate = translator(request)
    notes = [translate(note.template).format(**note.values) for note in table.notes]
    return JsonAnswer({**asdict(dataset), "notes": notes}, status_code=201)


async def delete_dataset(request: Request) -> Response:
    """Delete an upload and everything that was made of it."""
    app, dataset = parts(request), request.path_params["id"]
    await app.work.read(app.datasets.delete, dataset)
    app.work.forget(dataset)
    return Response(status_code=204)
