"""What the pages of monitors say in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from babel.numbers import format_decimal

from waferwatch.scoring.thresholds.promise import HOURS_A_WEEK, Promise, short
from waferwatch.store.monitors.facts import threshold_by_policy
from waferwatch.store.monitors.records import MonitorRecord
from waferwatch.web.html.language import Translator

_MOST_NAMED = 8


def headline(found: Sequence[MonitorRecord], translate: Translator) -> str:
    """How many monitors there are, and what they watch."""
    if not found:
        return translate(
            "No monitor yet. A monitor remembers what is normal and its limits, and scores every new file with them."
        )
    equipment = {name for one in found for name in _known(one)}
    sentence = translate(
        "{count} monitor, {equipment} equipment." if len(found) == 1 else "{count} monitors, {equipment} equipment."
    )
    return sentence.format(count=_whole(len(found), translate), equipment=_whole(len(equipment), translate))


def _known(monitor: MonitorRecord) -> Sequence[str]:
    if monitor.equipment is not None:
        return monitor.equipment
    return () if monitor.in_use is None else monitor.in_use.about["equipment"]


def promise_line(monitor: MonitorRecord, translate: Translator) -> str:
    """Whether the number of false alarms that was asked for is carried by the golden rows; empty where none was."""
    asked, promise = monitor.policy.get("false_alarms"), _promise(monitor)
    if asked is None or promise is None or promise.hours is None or promise.at_most_per_hour is None:
        return ""
    carried = promise.at_most_per_hour * HOURS_A_WEEK
    if is_proven(monitor):
        return translate("{hours} hours of golden data carry at most {asked} false alarms a week.").format(
            hours=short(promise.hours), asked=short(asked)
        )
    return translate(
        '"{asked} a week" is not proven: {hours} hours of golden data carry at most {carried} a week. To carry it: '
        "{more} more hours."
    ).format(
        asked=short(asked),
        hours=short(promise.hours),
        carried=short(carried),
        more=short(max(0.0, 3 * HOURS_A_WEEK / asked - promise.hours)),
    )


def is_proven(monitor: MonitorRecord) -> bool:
    """Whether the golden rows carry the number of false alarms that was asked for."""
    asked, promise = monitor.policy.get("false_alarms"), _promise(monitor)
    most = None if promise is None else promise.at_most_per_hour
    return asked is not None and most is not None and most * HOURS_A_WEEK <= asked


def _promise(monitor: MonitorRecord) -> Promise | None:
    return None if monitor.in_use is None else threshold_by_policy(monitor.in_use.about, monitor.policy).promise


def rate_line(rate: Mapping[str, Any] | None, translate: Translator) -> str:
    """How many false alarms came, by engineers' verdicts."""
    if rate is None:
        return translate("This version has scored no data yet.")
    counts = translate("In use: {true} true, {false} false, {unjudged} without a verdict.").format(
        **{name: _whole(rate[name], translate) for name in ("true", "false", "unjudged")}
    )
    if rate["hours"] is None or rate["high"] is None:
        return counts
    hours = short(rate["hours"])
    if rate["hours"] < HOURS_A_WEEK:  # no rate is given in a unit longer than what was seen
        between = short(1 / rate["high"])
        seen = translate("At most one false alarm in {between} hours of each equipment (95 %, from {hours} h).")
        return f"{counts} {seen.format(between=between, hours=hours)}"
    weekly = translate("False alarms a week of each equipment: {low} to {high} (95 %, from {hours} h).")
    ends = {name: short(rate[name] * HOURS_A_WEEK) for name in ("low", "high")}
    return f"{counts} {weekly.format(hours=hours, **ends)}"


def drift_line(drift: Mapping[str, Any] | None, translate: Translator) -> str:
    """Whether the normal still fits."""
    if drift is None:
        return translate("No data set has been checked with it yet, so nothing is known of drift.")
    said = {
        "yes": translate("Its normal fits the data scored last."),
        "no": translate("Its normal no longer fits the data scored last. After a maintenance: rebase it."),
        "unknown": translate("Whether its normal fits is not known yet: there are too few good wafers."),
    }
    return said[drift["fits"]]


def chosen_lines(choice: Mapping[str, Any], translate: Translator) -> list[str]:
    """What of its data sets a golden set takes; empty where it takes everything."""
    titles = {
        "start": translate("From"),
        "end": translate("To"),
        "equipment": translate("Equipment"),
        "lots": translate("Lots"),
        "wafers": translate("Wafers"),
        "leave_out": translate("Left out"),
    }
    found = ((title, choice.get(name)) for name, title in titles.items())
    return [
        f"{title}: {_named(value) if isinstance(value, list | tuple) else value}" for title, value in found if value
    ]


def left_out_lines(version: Mapping[str, Any] | None, translate: Translator) -> list[str]:
    """What was left out of the golden set, by reason."""
    golden = None if version is None else version["golden"]
    if golden is None:
        return []
    reasons = {
        "named": translate("by name: {names}"),
        "labelled": translate("labelled as anomalous: {names}"),
        "unlike": translate("unlike the others: {names}"),
        "true_alarm": translate("true alarm by an engineer's verdict: {names}"),
    }
    by_reason: dict[str, list[str]] = {}
    for one in golden["left_out"]:
        by_reason.setdefault(one["reason"], []).append(one["what"])
    return [reasons[reason].format(names=_named(names)) for reason, names in by_reason.items()]


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")


def _whole(count: int, translate: Translator) -> str:
    return str(format_decimal(count, locale=translate.language))


def waiting_lines(version: Mapping[str, Any] | None, translate: Translator) -> list[str]:
    """For each recipe on each chamber of the golden set: how long until enough wafers ran, at the pace of before.

    Empty where nothing is missing, or no pace is known.
    """
    golden = None if version is None else version["golden"]
    return [] if golden is None else [_waiting(cell, translate) for cell in golden["coverage"]]


def _waiting(cell: Mapping[str, Any], translate: Translator) -> str:
    if not cell["missing_wafers"] or not cell["hours"] or not cell["wafers"]:
        return ""
    minutes = 60 * cell["hours"] / cell["wafers"] * cell["missing_wafers"]
    if minutes < 90:
        return translate("about {minutes} min of running").format(minutes=short(max(1, round(minutes))))
    return translate("about {hours} h of running").format(hours=short(minutes / 60))
