"""What is said of monitors over HTTP and on their pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from waferwatch.errors import NotFoundError
from waferwatch.explain.threshold import threshold_notes
from waferwatch.jobs.monitors.judged import rate_of_version
from waferwatch.live.learning.judged import live_rate
from waferwatch.monitors.alarms.alarm_rate import AlarmRate
from waferwatch.store.monitors.documents import monitor_document
from waferwatch.store.monitors.facts import shown_notes, threshold_by_policy
from waferwatch.store.monitors.records import MonitorRecord
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator, translated
from waferwatch.web.shell.context import Parts


def detail_answer(app: Parts, monitor: MonitorRecord, translate: Translator) -> dict[str, Any]:
    """Everything that is known of a monitor."""
    rate = rate_of(app, monitor)
    return {
        **monitor_document(monitor, translate),
        "sentences": promise_sentences(monitor, translate),
        "false_alarms": None if rate is None else rate.to_dict(),
        "drift": drift_of(app, monitor, translate),
    }


def promise_sentences(monitor: MonitorRecord, translate: Translator) -> list[str]:
    """What sets the threshold of the version in use, and what it promises."""
    if monitor.in_use is None:
        return []
    now = threshold_by_policy(monitor.in_use.about, monitor.policy)
    if now.by == "contamination":
        return [translate("Threshold by the expected share of anomalous rows.")]
    if now.threshold is None:
        return []
    return translated(threshold_notes(now.threshold, now.by, now.promise), translate)


def rate_of(app: Parts, monitor: MonitorRecord) -> AlarmRate | None:
    """False alarms of the version in use by engineers' verdicts, on files and live; None before it has scored any."""
    if monitor.in_use is None:
        return None
    running = app.live.running
    of_files = rate_of_version(app.store, monitor, monitor.in_use.number)
    of_live = None if running is None else live_rate(running.database, monitor.in_use.title)
    return of_files.plus(of_live) if of_files is not None and of_live is not None else of_files or of_live


def drift_of(app: Parts, monitor: MonitorRecord, translate: Translator) -> dict[str, Any] | None:
    """Whether the normal of the version in use fits the data that it scored last; None before that."""
    run = last_run(app, monitor)
    if run is None:
        return None
    try:
        drift: dict[str, Any] = app.store.results.document(run.id)["drift"]
    except NotFoundError:  # deleted a moment ago
        return None
    notes = shown_notes(drift["notes"], translate)
    return {
        **drift,
        "notes": notes,
        "run": run.id,
        "dataset": run.dataset,
        "dataset_name": run.dataset_name,
        "at": run.created,
    }


def last_run(app: Parts, monitor: MonitorRecord) -> Run | None:
    """The newest detection by the version in use."""
    return last_runs(app, [monitor]).get(monitor.name)


def last_runs(app: Parts, monitors: Sequence[MonitorRecord]) -> dict[str, Run]:
    """Name of a monitor -> the newest detection by its version in use; monitors without any are left out."""
    names = {one.in_use.id: one.name for one in monitors if one.in_use is not None}
    return {names[version]: run for version, run in app.store.runs.newest_by_version(list(names)).items()}
