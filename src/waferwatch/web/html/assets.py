"""Static files: ours, Bootstrap's and Plotly's, each under an address that holds the hash of what it serves."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_FOREVER = "public, max-age=31536000, immutable"
_PACKED = (".js", ".css", ".svg")


@dataclass(frozen=True)
class Bundle:
    """Files that belong together and link to each other by relative paths."""

    address: str  # "/static/app/<hash>"
    files: dict[str, Path]  # path inside the bundle -> file

    def url(self, path: str) -> str:
        if path not in self.files:
            raise KeyError(path)
        return f"{self.address}/{path}"


def make_bundle(address: str, folder: Path, paths: list[str]) -> Bundle:
    """The files at ``paths`` of ``folder``, under ``address`` and the hash of all their contents."""
    digest = hashlib.sha256()
    files = {path: folder / path for path in sorted(paths)}
    for path, file in files.items():
        digest.update(path.encode() + b"\0" + file.read_bytes())
    return Bundle(f"{address}/{digest.hexdigest()[:12]}", files)


@cache
def bundles() -> dict[str, Bundle]:
    """The three bundles of the page by name: app, bootstrap, plotly."""
    own = Path(str(resources.files("waferwatch.web") / "static"))
    names = [path.relative_to(own).as_posix() for path in own.rglob("*") if path.is_file()]
    bootstrap = Path(str(metadata.distribution("bootstrap-wrapper").locate_file("bootstrap")))
    plotly = Path(str(resources.files("plotly") / "package_data"))
    vendor = "/static/vendor"
    return {
        "app": make_bundle("/static/app", own, names),
        "bootstrap": make_bundle(
            f"{vendor}/bootstrap", bootstrap, ["css/bootstrap.min.css", "js/bootstrap.bundle.min.js"]
        ),
        "plotly": make_bundle(f"{vendor}/plotly", plotly, ["plotly.min.js"]),
    }


def asset_url(bundle: str, path: str) -> str:
    """Address of a static file, for the templates. KeyError for a file that does not exist."""
    return bundles()[bundle].url(path)


@cache
def _files() -> dict[str, Path]:
    return {bundle.url(path): file for bundle in bundles().values() for path, file in bundle.files.items()}


def _body(file: Path, packed: bool) -> bytes:
    """Packed once and kept: Plotly alone takes a quarter of a second to compress."""
    body = file.read_bytes()
    return _bodies.setdefault((file, packed), gzip.compress(body, compresslevel=9, mtime=0) if packed else body)


_bodies: dict[tuple[Path, bool], bytes] = {}  # what was sent before needs no thread, which a busy server gives late


async def serve_asset(request: Request) -> Response:
    """A static file, for ever: another content has another address."""
    file = _files().get(request.url.path)
    if file is None:
        raise HTTPException(404)
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    packed = file.suffix in _PACKED and "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = _bodies.get((file, packed)) or await to_thread.run_sync(_body, file, packed)
    kind = "text/javascript" if file.suffix == ".js" else mimetypes.guess_type(file.name)[0]
    return Response(body, headers=headers, media_type=kind or "application/octet-stream")
