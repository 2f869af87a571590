"""The six entries of the navigation. One whose page is not served is not listed."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import Route

from waferwatch.web.html.language import Translator


@dataclass(frozen=True)
class NavigationEntry:
    """One question of an engineer, and the page that answers it."""

    area: str  # what its pages give to ``render``
    address: str
    title: str


def entries(request: Request, translate: Translator) -> list[NavigationEntry]:
    """The entries in order. Each is listed as soon as the application serves its address."""
    table = (
        NavigationEntry("watch", "/watch", translate("Watch")),
        NavigationEntry("problems", "/problems", translate("Problems")),
        NavigationEntry("trends", "/trends", translate("Trends")),
        NavigationEntry("pm", "/pm", translate("PM check")),
        NavigationEntry("monitors", "/monitors", translate("Monitors")),
        NavigationEntry("data", "/data", translate("Data")),
    )
    served = {route.path for route in request.app.routes if isinstance(route, Route)}
    return [entry for entry in table if entry.address in served]
