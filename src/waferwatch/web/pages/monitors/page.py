"""The pages of monitors: the list, and one monitor."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.scoring.option_rules import LEAST_ALARMS, MOST_ALARMS
from waferwatch.scoring.thresholds.promise import HOURS_A_WEEK
from waferwatch.store.monitors.facts import threshold_by_policy
from waferwatch.store.monitors.rebase_lines import rebase_lines
from waferwatch.store.monitors.records import MonitorRecord
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import NONE, Numbers, place
from waferwatch.web.html.pages import render
from waferwatch.web.pages.monitors.answer import detail_answer, last_runs
from waferwatch.web.pages.monitors.sentences import (
    drift_line,
    headline,
    is_proven,
    left_out_lines,
    promise_line,
    rate_line,
    waiting_lines,
)
from waferwatch.web.shell.context import Parts, parts, translator

_MOST_MOVED = 8  # sensors that are listed


async def monitors_page(request: Request) -> Response:
    """The list, and the form that learns a monitor."""
    app, translate = parts(request), translator(request)
    found = await app.work.read(app.store.monitors.all)
    runs = await app.work.read(last_runs, app, found)
    lines = [_line(one, runs.get(one.name), translate) for one in found]
    return await render(
        request,
        "monitors/monitors.html",
        area="monitors",
        monitors=lines,
        headline=headline(found, translate),
        alarms=(LEAST_ALARMS, MOST_ALARMS),
        asked=request.query_params,  # the form comes filled in
        numbers=Numbers(translate.language),
    )


async def monitor_page(request: Request) -> Response:
    """One monitor."""
    app, translate, name = parts(request), translator(request), request.path_params["name"]
    monitor = await app.work.read(app.store.monitors.get, name)
    shown = await app.work.draw(_shown, app, monitor, translate)
    return await render(
        request,
        "monitors/monitor.html",
        area="monitors",
        numbers=Numbers(translate.language),
        place=place,
        **shown,
    )


def _line(monitor: MonitorRecord, last: Run | None, translate: Translator) -> dict[str, Any]:
    """One monitor in the list.

    Args:
        last: the newest detection by its version in use.
    """
    in_use = monitor.in_use
    promise = None if in_use is None else threshold_by_policy(in_use.about, monitor.policy).promise
    carried = None if promise is None or promise.at_most_per_hour is None else promise.at_most_per_hour * HOURS_A_WEEK
    return {
        "name": monitor.name,
        "version": None if in_use is None else in_use.number,
        "watches": ", ".join(_watched(monitor)) or translate("all equipment"),
        "golden": None if in_use is None or in_use.golden is None else in_use.golden.rows,
        "files": "" if in_use is None or in_use.golden is None else ", ".join(in_use.golden.about["files"]),
        "asked": monitor.policy.get("false_alarms"),
        "carried": carried,
        "fits": None if last is None or last.summary is None else last.summary.get("fits"),
        "drafts": sum(one.activated is None for one in monitor.versions),
    }


def _watched(monitor: MonitorRecord) -> list[str]:
    if monitor.equipment is not None:
        return list(monitor.equipment)
    return [] if monitor.in_use is None else list(monitor.in_use.about["equipment"])


def _shown(app: Parts, monitor: MonitorRecord, translate: Translator) -> dict[str, Any]:
    detail = detail_answer(app, monitor, translate)
    in_use = next((one for one in detail["versions"] if one["version"] == detail["in_use"]), None)
    return {
        "monitor": detail,
        "in_use": in_use,
        "watched": _watched(monitor),
        "before": None if monitor.before is None else monitor.before.number,
        "promised": promise_line(monitor, translate),
        "proven": is_proven(monitor),
        "moved": _moved(detail["drift"]),
        "rate": rate_line(detail["false_alarms"], translate),
        "drift": drift_line(detail["drift"], translate),
        "left_out": left_out_lines(in_use, translate),
        "waits": waiting_lines(in_use, translate),
        "rebases": {one["version"]: rebase_lines(one["rebase"], translate) for one in detail["versions"]},
        "states": {
            "draft": translate("draft"),
            "in_use": translate("in use"),
            "retired": translate("no longer in use"),
        },
        "origins": {
            "learnt": translate("learnt from golden data"),
            "rebased": translate("rebased after a maintenance"),
            "widened": translate("learnt with false alarms as normal"),
            "imported": translate("imported"),
        },
        "dash": NONE,
    }


def _moved(drift: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The sensors that have moved by more than their spread, farthest first."""
    if drift is None or drift["fits"] != "no":
        return []
    return [one for one in drift["sensors"] if one["spreads"] is None or abs(one["spreads"]) > 1][:_MOST_MOVED]
