"""A version of a monitor as a download."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.jobs.monitors.transfer import export_version
from waferwatch.store.disk.files import storage_errors
from waferwatch.web.shell.context import Parts, parts
from waferwatch.web.transfer.download import download, file_name

_ENDING = ".waferwatch"


async def export_answer(request: Request, number: int | None) -> Response:
    """The file of a version; None: of the one in use."""
    app, name = parts(request), request.path_params["name"]
    title = name if number is None else f"{name}@{number}"
    version = await app.work.read(app.store.monitors.version, title)

    def write(file: BinaryIO) -> None:
        _write(app, version.title, file)

    return await download(app, write, file_name(name, f"v{version.number}{_ENDING}"), "application/octet-stream")


def _write(app: Parts, title: str, file: BinaryIO) -> None:
    with storage_errors(), tempfile.TemporaryDirectory(dir=app.settings.data_dir) as folder:
        path = Path(folder) / "monitor"
        export_version(app.store, title, path)
        with path.open("rb") as source:
            shutil.copyfileobj(source, file)
