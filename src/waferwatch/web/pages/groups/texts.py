"""Sentences of the Groups page's scripts."""

from __future__ import annotations

from waferwatch.web.html.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the scripts."""
    return {
        "run_title": translate("{time}, {share} flagged, {detector}"),
        "data_gone": translate("The data of this run, {name}, are no longer there."),
        "anomalies": translate("Flagged"),
        "interval": translate("95 % interval"),
        "mean_score": translate("Mean score"),
        "more_groups": translate("The first {shown} of {all} groups are listed."),
        "drawn": translate("The charts show the first {count}."),
        "differs": translate("Differs"),
        "higher": translate("▲ more"),
        "lower": translate("▼ less"),
        "chance": translate("no"),
        "runs_counted": translate("Flagged in {hits} of {units} runs"),
        "events_counted": translate("{hits} events in {units} rows"),
        "others": translate("{count} others"),
        "others_note": translate("Shown are the groups with most flagged rows; all others are counted together."),
        "of_rows": translate("{flagged} of {rows} rows flagged ({share})"),
        "no_rows": translate("no rows"),
        **_rows(translate),
        **_overlay(translate),
        **_chart(translate),
    }


def _rows(translate: Translator) -> dict[str, str]:
    return {
        "row_number": translate("Row"),
        "score": translate("Score"),
        "flag": translate("Flagged"),
        "yes": translate("yes"),
        "event": translate("Event"),
        "event_number": translate("Event {event}"),
        "rows_shown": translate("Rows {first} to {last} of {all}"),
    }


def _overlay(translate: Translator) -> dict[str, str]:
    return {
        "all": translate("All"),
        "choice": translate("{value} ({flagged} of {runs} runs flagged)"),
        "overlay_about": translate(
            "{sensor}: {all} runs, {normal} of them without a flagged row. "
            "Shown are the {shown} flagged runs with the highest scores."
        ),
        "run": translate("Run"),
        "color": translate("Group"),
        "begins": translate("Begins"),
        "run_score": translate("Run score"),
        "flagged_rows": translate("Flagged rows"),
        "of": translate("{part} of {all}"),
    }


def _chart(translate: Translator) -> dict[str, str]:
    """Plotly's own words for the parts of a box."""
    return {
        "plotly_median:": translate("median:"),
        "plotly_q1:": translate("25 %:"),
        "plotly_q3:": translate("75 %:"),
        "plotly_lower fence:": translate("5 %:"),
        "plotly_upper fence:": translate("95 %:"),
        "plotly_min:": translate("5 %:"),
        "plotly_max:": translate("95 %:"),
    }
