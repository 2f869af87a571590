"""Sentences of the Detect page's script."""

from __future__ import annotations

from waferwatch.web.html.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the script."""
    return {
        "detect": translate("Detect"),
        "detecting": translate("Detecting"),
        "finished": translate("Detection finished. Events found: {events}."),
        "series": translate("{count} series"),
        "events_shown": translate("The {shown} with the highest peaks of {all} events are listed."),
        "flagged": translate("{count} rows flagged"),
        "flagged_one": translate("{count} row flagged"),
        "per_second": translate("{count} rows a second"),
        "labels": translate("against the labels"),
        "threshold_auto": translate("automatic threshold {value}"),
        "threshold_hand": translate("threshold {value}, set by hand"),
        "usual_each": translate("normally once in {time}"),
        "usual_beyond": translate("beyond all normal rows"),
        "score_scale": translate(
            "How rare a row is among normal rows: 1 is one in ten, 2 one in a hundred, 3 one in a thousand. Beyond the "
            "rarest normal row it grows with the distance."
        ),
        "events_filtered": translate("{shown} of {all} events fit."),
        "start": translate("Start"),
        "duration": translate("Duration"),
        "equipment": translate("Equipment"),
        "lot": translate("Lot"),
        "peak": translate("Peak score"),
        "sensors": translate("Sensors"),
        "verdict": translate("Verdict"),
        "explain_event": translate("{start}, explain event {id}"),
        "chosen_of": translate("of {all}; the filters leave these"),
        "severity_serious": translate("serious"),
        "dismiss": translate("Dismiss"),
        "settle_first": translate("Detect waits: fix the severe findings, or dismiss them."),
        "values_left_out": translate("The first {shown} of {all} values are listed."),
        "data_gone": translate("The data of this run, {name}, are no longer there."),
        **_wafers(translate),
        "no_events": translate("No events were found."),
        "lines_left_out": translate("{shown} of {all} lines are drawn: those with most flagged rows."),
    }


def _wafers(translate: Translator) -> dict[str, str]:
    return {
        "severity": translate("Severity"),
        "severity_severe": translate("severe"),
        "severity_clear": translate("clear"),
        "severity_weak": translate("weak"),
        "problem": translate("Problem"),
        "onset": translate("Onset"),
        "alone": translate("This chamber alone?"),
        "alone_yes": translate("yes"),
        "alone_no": translate("no: {others} too"),
        "alone_unknown": translate("not known"),
        "no_problems": translate("No problems were found."),
        "wafer": translate("Wafer"),
        "reason": translate("Reason"),
        "times_limit": translate("x limit"),
        "wafers_of": translate("Abnormal wafers: {abnormal} of {all}"),
        "file_problems": translate("Problems CSV"),
        "file_wafers": translate("Wafers CSV"),
        "file_indicators": translate("Indicators CSV"),
        "file_limits": translate("Limits CSV"),
    }
