"""Pages: HTML made on the server in the reader's language."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from waferwatch.models.registry import detector_names
from waferwatch.store.recent import Recent
from waferwatch.web.html.assets import asset_url
from waferwatch.web.html.language import COOKIE, LANGUAGES
from waferwatch.web.html.navigation import entries, unread_alarms
from waferwatch.web.html.script_sentences import script_texts
from waferwatch.web.html.texts import detector_titles
from waferwatch.web.shell.context import Parts, parts, translator
from waferwatch.web.shell.kept import as_key, pack, packed_answer

MB = 1_000_000
_YEAR_S = 365 * 24 * 3600
_MADE_BYTES = 32 * 2**20  # compressed: some hundred pages


_made: Recent[Hashable, bytes] = Recent(_MADE_BYTES, len)


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
    environment.policies["json.dumps_kwargs"] = {
        "sort_keys": False,  # columns stay in file order
        "ensure_ascii": False,  # Korean is half as long
        "separators": (",", ":"),
    }
    return environment


async def render(
    request: Request, template: str, *, area: str, status: int = 200, kept: Hashable = None, **variables: Any
) -> Response:
    """A page; with ?lang=ko or ?lang=en it remembers the language first.

    Args:
        template: name of its file.
        area: which entry of the navigation it belongs to.
        kept: everything that its own variables depend on: while it and what stands on every page stay the same, the
            page is not made again. None for pages that are made each time.
        variables: more variables of the template.
    """
    switched = switched_language(request)
    if switched is not None:
        return switched
    app, translate = parts(request), translator(request)
    unread, datasets = await app.work.read(_shown_everywhere, app)
    titles = detector_titles(translate)
    detectors = {name: titles.get(name, name) for name in detector_names()}
    page_data = {
        "language": translate.language,
        "datasets": datasets,
        "detectors": detectors,
        "most_bytes": app.settings.max_upload_mb * MB,
        "texts": script_texts(translate.language),
    }

    def made() -> Response:
        shown = {"datasets": datasets, "detectors": detectors, "page_data": page_data}
        return bare_page(request, template, status=status, area=area, unread=unread, **(variables | shown))

    if kept is None:
        return made()
    asked = (template, area, status, translate.language, getattr(request.state, "user", None), request.url.query)
    packed = _made.get((asked, unread, as_key(datasets), kept), lambda: pack(bytes(made().body)))
    return packed_answer(request, packed, "text/html", status)


def _shown_everywhere(app: Parts) -> tuple[int | None, list[dict[str, Any]]]:
    """Unread alarms and data sets, in one turn: on a busy server each one waits."""
    return unread_alarms(app), [asdict(dataset) for dataset in app.store.datasets.all()]


def switched_language(request: Request) -> Response | None:
    """The same page without ?lang=, with the language remembered; None when the address names none."""
    wanted = request.query_params.get("lang")
    if wanted not in LANGUAGES:
        return None
    answer = RedirectResponse(str(request.url.remove_query_params("lang").replace(scheme="", netloc="")), 303)
    answer.set_cookie(COOKIE, str(wanted), max_age=_YEAR_S, httponly=True, samesite="lax")
    return answer


def bare_page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    area: str = "",
    unread: int | None = None,
    **variables: Any,
) -> Response:
    """A page that needs neither data sets nor a script."""
    translate = translator(request)
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    user = getattr(request.state, "user", None)
    context = {
        "_": translate,
        "area": area,
        "entries": entries(request, translate, unread),
        "language": translate.language,
        # Addresses of the query alone: whatever the path is, they lead nowhere else.
        "languages": {code: (name, "?" + urlencode([*query, ("lang", code)])) for code, name in LANGUAGES.items()},
        "user": user,
        "logged_in": parts(request).access.needed and user is not None,
        "page_data": {},
    }
    return HTMLResponse(_environment().get_template(template).render(context | variables), status_code=status)
