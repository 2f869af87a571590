"""The page that says whether a chamber needs somebody now."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.live.alarms.alarm import AlarmRecord, AlarmState
from waferwatch.live.alarms.figures import alarms_since
from waferwatch.live.alarms.search import AlarmFilter, find_alarms
from waferwatch.live.state import LiveEquipment, WatchState, live_state
from waferwatch.web.html.language import Translator
from waferwatch.web.html.pages import render
from waferwatch.web.pages.watch.schemas import WatchedChambers, WatchQuery
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_query, translator
from waferwatch.web.shell.openapi import Endpoint

_MOST_ALARMS = 1000
_TODAY = timedelta(hours=24)
_WORST_FIRST = (ProblemSeverity.SEVERE, ProblemSeverity.CLEAR, ProblemSeverity.WEAK)
_STATES = (
    WatchState.SILENT,
    WatchState.CANNOT_SCORE,
    WatchState.UNKNOWN,
    WatchState.NO_EARLY,
    WatchState.WATCHED,
    WatchState.LEARNING,
    WatchState.MAINTENANCE,
    WatchState.NO_MONITOR,
)
Place = tuple[str, str]


async def watch_page(request: Request) -> Response:
    """The page of chambers and their alarms."""
    return await render(request, "watch/watch.html", area="watch")


async def watched_chambers(request: Request) -> Response:
    """Chambers with their state and their alarms, the worst first."""
    query, app = read_query(request, WatchQuery), parts(request)
    return JsonAnswer(await app.work.read(_chambers, app, query.limit, translator(request)))


def _chambers(app: Parts, limit: int, translate: Translator) -> dict[str, Any]:
    live = app.live.parts
    state = live_state(live, app.settings.live_silence_s, translate)
    wanted = AlarmFilter((AlarmState.ACTIVE, AlarmState.ACKNOWLEDGED))
    with app.alarms.desk.reading() as connection:
        ids = {(row[0], row[1]): row[2] for row in connection.execute("SELECT source, name, id FROM live_equipment")}
        open_ones: dict[Place, list[AlarmRecord]] = {}
        for alarm in find_alarms(connection, wanted, _MOST_ALARMS):
            open_ones.setdefault((alarm.source, alarm.equipment), []).append(alarm)
        today = alarms_since(connection, app.alarms.desk.clock() - _TODAY)
    ranked = sorted(state.equipment, key=lambda one: _rank(one, open_ones.get((one.source, one.equipment), [])))
    shown = []
    for one in ranked[:limit]:
        place = (one.source, one.equipment)
        shown.append(_chamber(one, open_ones.get(place, []), live.recent.course(ids.get(place, 0))))
    counts = Counter(one.state.value for one in state.equipment)
    return {"chambers": shown, "total": len(ranked), "counts": counts, "waiting": state.waiting, "today": today}


def _rank(one: LiveEquipment, alarms: list[AlarmRecord]) -> tuple[int, int, float, str]:
    worst = min((_WORST_FIRST.index(alarm.severity) for alarm in alarms), default=len(_WORST_FIRST))
    ratio = (one.worst or 0.0) / one.threshold if one.threshold else 0.0
    return worst, _STATES.index(one.state), -ratio, one.equipment


def _chamber(one: LiveEquipment, alarms: list[AlarmRecord], course: list[float]) -> dict[str, Any]:
    worst = min((alarm.severity for alarm in alarms), key=_WORST_FIRST.index, default=None)
    return {
        "source": one.source,
        "equipment": one.equipment,
        "state": one.state.value,
        "reason": one.reason,
        "monitor": one.monitor,
        "lag_s": one.lag_s,
        "threshold": one.threshold,
        "worst": one.worst,
        "course": course,
        "alarms": len(alarms),
        "severity": worst,
    }


ENDPOINTS = (
    Endpoint("GET", "/watch", watch_page, "The page of chambers and their alarms.", "text/html"),
    Endpoint(
        "GET",
        "/watch/chambers",
        watched_chambers,
        "Chambers with their state and their alarms, the worst first.",
        WatchedChambers,
        query=WatchQuery,
        failures=(422, 503),
    ),
)
