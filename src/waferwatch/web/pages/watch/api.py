"""The page that says whether a chamber needs somebody now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.live.alarms.figures import alarms_since
from waferwatch.web.html.language import Translator
from waferwatch.web.html.pages import render
from waferwatch.web.pages.watch.fleet import FAILING, FleetChamber, FleetGroup, fleet_of, grouped
from waferwatch.web.pages.watch.schemas import SourcesAnswer, WatchedChambers, WatchPageQuery, WatchQuery
from waferwatch.web.pages.watch.sources import sources_of
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_query, translator
from waferwatch.web.shell.openapi import Endpoint

_TODAY = timedelta(hours=24)
_LEAST_EACH = 4  # tiles of a group
_STATES = {"failing": {one.value for one in FAILING}}  # more than one state under one word


async def watch_page(request: Request) -> Response:
    """The page of chambers and their alarms."""
    query = read_query(request, WatchPageQuery)
    return await render(request, "watch/watch.html", area="watch", wall=bool(query.wall))


async def watched_chambers(request: Request) -> Response:
    """Chambers in groups with their state and their alarms, the worst first."""
    query, app = read_query(request, WatchQuery), parts(request)
    return JsonAnswer(await app.work.read(_chambers, app, query, translator(request)))


async def watched_sources(request: Request) -> Response:
    """Where rows come from."""
    app, translate = parts(request), translator(request)
    return JsonAnswer(await app.work.read(sources_of, app.live.parts, app.settings.live_silence_s, translate))


def _chambers(app: Parts, query: WatchQuery, translate: Translator) -> dict[str, Any]:
    fleet = fleet_of(app, translate)
    with app.alarms.desk.reading() as connection:
        today = alarms_since(connection, app.alarms.desk.clock() - _TODAY)
    groups = grouped(_wanted(fleet.chambers, query), query.group)
    if query.area is not None:
        groups = [one for one in groups if one.name == query.area]
    each = query.limit if len(groups) < 2 else max(_LEAST_EACH, query.limit // len(groups))
    known = set((query.known or "").split(","))
    return {
        "groups": [_group(app, one, each, known) for one in groups],
        "total": len(fleet.chambers),
        "shown": sum(len(one.chambers) for one in groups),
        "counts": Counter(one.live.state.value for one in fleet.chambers),
        "waiting": fleet.waiting,
        "unconfirmed": fleet.unconfirmed,
        "today": today,
    }


def _wanted(chambers: Iterable[FleetChamber], query: WatchQuery) -> Iterable[FleetChamber]:
    states = None if query.state is None else _STATES.get(query.state, {query.state})
    text = (query.find or "").casefold()
    for one in chambers:
        if (states is None or one.state in states) and text in one.live.equipment.casefold():
            yield one


def _group(app: Parts, group: FleetGroup, each: int, known: set[str]) -> dict[str, Any]:
    digest = group.digest
    names = None if digest in known else group.places
    return {
        "name": group.name,
        "total": len(group.chambers),
        "counts": group.counts,
        "cells": group.cells,
        "digest": digest,
        "names": names,
        "chambers": [_tile(app, one) for one in group.worst_first[:each]],
    }


def _tile(app: Parts, one: FleetChamber) -> dict[str, Any]:
    return {
        "source": one.live.source,
        "equipment": one.live.equipment,
        "state": one.live.state.value,
        "reason": one.live.reason,
        "monitor": one.live.monitor,
        "lag_s": one.live.lag_s,
        "threshold": one.live.threshold,
        "worst": one.live.worst,
        "course": app.live.parts.recent.course(one.number),
        "learning": one.live.learning,
        "alarms": one.alarms,
        "severity": one.severity,
    }


ENDPOINTS = (
    Endpoint(
        "GET",
        "/watch",
        watch_page,
        "The page of chambers and their alarms.",
        "text/html",
        query=WatchPageQuery,
        failures=(422,),
    ),
    Endpoint(
        "GET",
        "/watch/chambers",
        watched_chambers,
        "Chambers in groups with their state and their alarms, the worst first.",
        WatchedChambers,
        query=WatchQuery,
        failures=(422, 503),
    ),
    Endpoint(
        "GET",
        "/watch/sources",
        watched_sources,
        "Where live rows come from: how each source stands, and what became of the files of folders.",
        SourcesAnswer,
        failures=(503,),
    ),
)
