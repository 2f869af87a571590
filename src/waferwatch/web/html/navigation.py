"""The six entries of the navigation. One whose page is not served is not listed."""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import Route

from waferwatch.live.alarms.alarm import AlarmState
from waferwatch.web.html.language import Translator
from waferwatch.web.shell.context import Parts

_DAY_S = 24 * 3600


@dataclass(frozen=True)
class NavigationEntry:
    """One question of an engineer, and the page that answers it."""

    area: str  # what its pages give to ``render``
    address: str
    title: str
    unread: int | None = None  # active alarms; None where none can come


def unread_alarms(app: Parts) -> int | None:
    """Alarms that nobody has acknowledged; None where live monitoring does not run."""
    counts = None if app.live.running is None else app.alarms.counts()
    return None if counts is None else counts[0][AlarmState.ACTIVE.value]


def is_live(app: Parts) -> bool:
    """Whether live rows have come within the last day, or an alarm waits for somebody: then Watch is the first page."""
    if app.live.running is None:
        return False
    with app.live.running.database.reading() as connection:
        newest = connection.execute("SELECT max(received) FROM live_equipment WHERE position > 0").fetchone()[0]
    return (newest is not None and time.time() - newest < _DAY_S) or bool(unread_alarms(app))


def entries(request: Request, translate: Translator, unread: int | None = None) -> list[NavigationEntry]:
    """The entries in order. Each is listed as soon as the application serves its address.

    Args:
        unread: alarms that nobody has acknowledged.
    """
    table = (
        NavigationEntry("watch", "/watch", translate("Watch"), unread),
        NavigationEntry("problems", "/problems", translate("Problems")),
        NavigationEntry("trends", "/trends", translate("Trends")),
        NavigationEntry("pm", "/pm", translate("PM check")),
        NavigationEntry("monitors", "/monitors", translate("Monitors")),
        NavigationEntry("data", "/data", translate("Data")),
    )
    served = {route.path for route in request.app.routes if isinstance(route, Route)}
    return [entry for entry in table if entry.address in served]
