"""The page: HTML made on the server in the reader's language."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from waferwatch.detectors.registry import detector_names
from waferwatch.web.assets import asset_url
from waferwatch.web.context import parts, translator
from waferwatch.web.language import COOKIE, LANGUAGES, Translator
from waferwatch.web.schemas import DEFAULT_CONTAMINATION
from waferwatch.web.texts import detector_titles, page_texts
from waferwatch.web.upload import MB

_YEAR_S = 365 * 24 * 3600


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("waferwatch.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset_url
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}  # columns stay in file order
    return environment


async def page(request: Request) -> Response:
    """The page; with ?lang=ko or ?lang=en it remembers the language first."""
    wanted = request.query_params.get("lang")
    if wanted in LANGUAGES:
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(COOKIE, str(wanted), max_age=_YEAR_S, httponly=True, samesite="lax")
        return answer
    app = parts(request)
    datasets = await app.work.read(app.datasets.all)
    text = (
        _environment()
        .get_template("page.html")
        .render(
            context(translator(request), [asdict(dataset) for dataset in datasets], app.settings.max_upload_mb * MB)
        )
    )
    return HTMLResponse(text)


def context(translate: Translator, datasets: list[dict[str, Any]], most_bytes: int) -> dict[str, Any]:
    """The variables of page.html."""
    titles = detector_titles(translate)
    return {
        "_": translate,
        "language": translate.language,
        "languages": LANGUAGES,
        "datasets": datasets,
        "detectors": [{"name": name, "title": titles.get(name, name)} for name in detector_names()],
        "contamination": DEFAULT_CONTAMINATION,
        "page_data": {
            "language": translate.language,
            "datasets": datasets,
            "detectors": titles,
            "most_bytes": most_bytes,
            "texts": page_texts(translate),
        },
    }
