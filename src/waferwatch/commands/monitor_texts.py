"""Monitors and their versions as the command line shows them."""

from __future__ import annotations

from typing import Any

from waferwatch.explain.threshold import threshold_notes
from waferwatch.scoring.thresholds.promise import HOURS_A_WEEK, short
from waferwatch.store.monitors.documents import version_document
from waferwatch.store.monitors.facts import shown_notes, threshold_by_policy
from waferwatch.store.monitors.rebase_lines import rebase_lines
from waferwatch.store.monitors.records import GoldenRecord, MonitorRecord, VersionRecord, VersionState


def monitor_line(monitor: MonitorRecord) -> str:
    """One line of the list."""
    in_use = monitor.in_use
    if in_use is None:
        return f"{monitor.name:<24} no version in use"
    watched = "all" if monitor.equipment is None else ",".join(monitor.equipment)
    golden = "-" if in_use.golden is None else f"{in_use.golden.rows:,} rows"
    return (
        f"{monitor.name:<24} v{in_use.number:<4} {in_use.about['detector']:<18} {watched:<20.20} {golden:>14}  "
        f"{_carried(monitor, in_use)}"
    )


def _carried(monitor: MonitorRecord, version: VersionRecord) -> str:
    promise = threshold_by_policy(version.about, monitor.policy).promise
    if promise is None or promise.at_most_per_hour is None:
        return "-"
    return f"at most {short(promise.at_most_per_hour * HOURS_A_WEEK)} false alarms a week"


def version_lines(version: VersionRecord, monitor: MonitorRecord) -> list[str]:
    """What is known of one version."""
    about = version.about
    weights = f" ({about['model']}, weights {about['model_sha256'][:12]})" if about["model_sha256"] else ""
    now = threshold_by_policy(about, monitor.policy)
    lines = [
        f"{version.title}: {version.state.value.replace('_', ' ')}, {version.origin.value} by {version.user} at "
        f"{version.created[:19].replace('T', ' ')} UTC, model {version.digest[:12]}",
        f"  {about['detector']}{weights}, {len(about['features'])} sensors: {', '.join(about['features'][:12])}"
        + (" ..." if len(about["features"]) > 12 else ""),
    ]
    if now.threshold is not None:
        lines.append(f"  Threshold {now.threshold:.4g}. " + _sentences(now.threshold, now.by, now.promise))
    rebase = [f"  {line}" for line in rebase_lines(version_document(version, monitor)["rebase"])]
    return [*lines, *rebase, *_golden_lines(version), *(f"  Note: {note}" for note in shown_notes(about["notes"]))]


def _sentences(threshold: float, by: str, promise: Any) -> str:
    return " ".join(str(note) for note in threshold_notes(threshold, by, promise))


def _golden_lines(version: VersionRecord) -> list[str]:
    return ["  Golden set: none here (imported)"] if version.golden is None else golden_lines(version.golden)


def golden_lines(golden: GoldenRecord) -> list[str]:
    """Where the rows of a golden set come from, and what was left out."""
    lines = [
        f"  Golden set {golden.name} v{golden.version}: {golden.rows:,} rows of {', '.join(golden.about['files'])}"
    ]
    for cell in golden.about["coverage"]:
        where = " ".join(filter(None, (cell["equipment"], cell["recipe"]))) or "all"
        lines.append(f"    {where}: {cell['wafers']} wafers, {cell['rows']:,} rows{_missing(cell)}")
    for one in golden.about["left_out"]:
        lines.append(f"    left out {one['what']}: {one['rows']:,} rows ({one['reason'].replace('_', ' ')})")
    return lines


def _missing(cell: dict[str, Any]) -> str:
    if cell["enough"]:
        return ""
    if cell["missing_wafers"]:
        return f"; {cell['missing_wafers']} more wafers are needed"
    return f"; {cell['missing_rows']:,} more rows are needed"


def made_lines(made: VersionRecord, monitor: MonitorRecord) -> list[str]:
    """A version that was just made, and what can be done with it."""
    lines = [*version_lines(made, monitor)]
    if made.state is VersionState.IN_USE:
        return [*lines, f"Use it with: waferwatch detect FILE --monitor {made.monitor}"]
    return [
        *lines,
        f"A draft. Compare it: waferwatch monitors compare {made.monitor} OLD {made.number} FILE",
        f"Put it in use: waferwatch monitors activate {made.title}",
    ]
