"""Monitors and their versions as JSON documents, the same over HTTP and on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from waferwatch.store.monitors.facts import shown_notes, threshold_by_policy
from waferwatch.store.monitors.golden_sets import GoldenUse
from waferwatch.store.monitors.records import GoldenRecord, MonitorRecord, VersionRecord

Translate = Callable[[str], str]


def monitor_document(monitor: MonitorRecord, translate: Translate = str) -> dict[str, Any]:
    """A monitor with its versions: plain JSON types."""
    in_use = monitor.in_use
    return {
        "name": monitor.name,
        "in_use": None if in_use is None else in_use.number,
        "policy": monitor.policy,
        "equipment": None if monitor.equipment is None else list(monitor.equipment),
        "created": monitor.created,
        "user": monitor.user,
        "versions": [version_document(one, monitor, translate) for one in monitor.versions],
    }


def version_document(version: VersionRecord, monitor: MonitorRecord, translate: Translate = str) -> dict[str, Any]:
    """One version: plain JSON types."""
    about, golden = version.about, version.golden
    now = threshold_by_policy(about, monitor.policy)
    return {
        "monitor": version.monitor,
        "version": version.number,
        "state": version.state.value,
        "origin": version.origin.value,
        "before": about.get("before"),
        "model_digest": version.digest,
        "created": version.created,
        "user": version.user,
        "activated": version.activated,
        **{name: about[name] for name in ("detector", "model", "model_sha256", "features", "equipment", "made_by")},
        "threshold": now.threshold,
        "threshold_by": now.by,
        "promise": None if now.promise is None else asdict(now.promise),
        "golden": None if golden is None else golden_document(golden),
        "rebase": _rebase(about.get("rebase"), translate),
        "notes": shown_notes(about["notes"], translate),
    }


def golden_document(golden: GoldenRecord) -> dict[str, Any]:
    """A golden set: plain JSON types."""
    return {
        "name": golden.name,
        "version": golden.version,
        "rows": golden.rows,
        "created": golden.created,
        "user": golden.user,
        **{name: golden.about[name] for name in golden.about if name != "rows"},
    }


def golden_list(found: Sequence[GoldenUse]) -> list[dict[str, Any]]:
    """Golden sets in short: plain JSON types."""
    return [
        {
            "name": one.golden.name,
            "version": one.golden.version,
            "rows": one.golden.rows,
            "created": one.golden.created,
            "user": one.golden.user,
            **{name: one.golden.about.get(name) for name in ("wafers", "files", "start", "end")},
            "left_out": sum(each["rows"] for each in one.golden.about.get("left_out", ())),
            "used_by": list(one.used_by),
        }
        for one in found
    ]


def _rebase(kept: dict[str, Any] | None, translate: Translate) -> dict[str, Any] | None:
    return None if kept is None else {**kept, "notes": shown_notes(kept["notes"], translate)}
