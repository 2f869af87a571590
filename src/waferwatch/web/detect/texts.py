"""Sentences of the Detect page's script."""

from __future__ import annotations

from waferwatch.web.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the script."""
    return {
        "detect": translate("Detect"),
        "detecting": translate("Detecting, {seconds}"),
        "no_group": translate("This data set has no column to group by."),
        "finished": translate("Detection finished. Events found: {events}."),
        "series": translate("{count} series"),
        "events_shown": translate("The {shown} with the highest peaks of {all} events are listed."),
        "flagged": translate("{count} rows flagged"),
        "flagged_one": translate("{count} row flagged"),
        "per_second": translate("{count} rows a second"),
        "labels": translate("against the labels"),
        "show_event": translate("Show event {id}"),
        "no_events": translate("No events were found."),
        "lines_left_out": translate("{shown} of {all} lines are drawn: those with most flagged rows."),
    }
