"""Sentences that the page's scripts show, and the names of detectors for people."""

from __future__ import annotations

from waferwatch.web.language import Translator


def detector_titles(translate: Translator) -> dict[str, str]:
    """Names of the detectors for people. One that is missing here is shown by its own name."""
    return {
        "moment": translate("MOMENT (foundation model)"),
        "isolation_forest": translate("Isolation forest"),
        "moving_variance": translate("Moving variance (one line)"),
        "squared_difference": translate("Squared difference (one line)"),
    }


def page_texts(translate: Translator) -> dict[str, str]:
    """Sentences of the scripts by key. ``{places}`` are filled there."""
    return {**_data_texts(translate), **_result_texts(translate), **_role_texts(translate), **_chart_texts(translate)}


def _data_texts(translate: Translator) -> dict[str, str]:
    return {
        "demo": translate("Demo fab (virtual)"),
        "size": translate("{rows} rows, {columns} columns"),
        "uploading": translate("Uploading {name}"),
        "reading": translate("Reading {name}"),
        "uploaded": translate("{name} is ready: {rows} rows."),
        "delete": translate("Delete"),
        "delete_sure": translate("Really delete?"),
        "deleted": translate("{name} was deleted."),
        "too_large": translate("The file is larger than {limit} MB."),
        "too_large_hint": translate("Split it, or raise WAFERWATCH_MAX_UPLOAD_MB."),
        "no_server": translate("The server does not answer."),
        "no_server_hint": translate("Check that it runs and that you are connected, then try again."),
        "chosen": translate("{chosen} of {all} sensors"),
        "no_sensor": translate("No sensor is chosen."),
        "no_sensor_hint": translate("Choose at least one sensor."),
        "request_id": translate("Request id: {id}"),
        "detect": translate("Detect"),
        "detecting": translate("Detecting, {seconds}"),
        "no_group": translate("This data set has no column to group by."),
    }


def _result_texts(translate: Translator) -> dict[str, str]:
    return {
        "finished": translate("Detection finished. Events found: {events}."),
        "rows": translate("Rows"),
        "series": translate("{count} series"),
        "events": translate("Events"),
        "events_shown": translate("The {shown} with the highest peaks of {all} events are listed."),
        "flagged": translate("{count} rows flagged"),
        "flagged_one": translate("{count} row flagged"),
        "share": translate("Anomalous"),
        "threshold": translate("threshold {value}"),
        "model": translate("Model"),
        "time": translate("Time"),
        "per_second": translate("{count} rows a second"),
        "precision": translate("Precision"),
        "recall": translate("Recall"),
        "f1": translate("F1"),
        "labels": translate("against the labels"),
        "point": translate("point"),
        "contextual": translate("contextual"),
        "collective": translate("collective"),
        "show_event": translate("Show event {id}"),
        "no_events": translate("No events were found."),
        "row": translate("row {row}"),
        "row_count": translate("{count} rows"),
        "row_count_one": translate("{count} row"),
        "empty": translate("(empty)"),
        "lines_left_out": translate("{shown} of {all} lines are drawn: those with most flagged rows."),
        "anomalies": translate("Flagged"),
        "interval": translate("95 % interval"),
        "mean_score": translate("Mean score"),
        "sensor_mean": translate("Mean of the sensor"),
        "detector": translate("Detector"),
        "seconds": translate("Seconds"),
        "no_labels": translate("Without a label column there are no precision, recall and F1."),
        "more_groups": translate("The first {shown} of {all} groups are listed."),
    }


def _role_texts(translate: Translator) -> dict[str, str]:
    return {
        "role_time": translate("time"),
        "role_sensor": translate("sensor"),
        "role_equipment": translate("equipment"),
        "role_lot": translate("lot"),
        "role_wafer": translate("wafer"),
        "role_recipe": translate("recipe"),
        "role_step": translate("step"),
        "role_context": translate("context"),
        "role_label": translate("label"),
        "role_ignored": translate("ignored"),
    }


def _chart_texts(translate: Translator) -> dict[str, str]:
    """Keys are Plotly's own words."""
    return {
        "plotly_Zoom": translate("Zoom"),
        "plotly_Pan": translate("Pan"),
        "plotly_Zoom in": translate("Zoom in"),
        "plotly_Zoom out": translate("Zoom out"),
        "plotly_Autoscale": translate("Show all"),
        "plotly_Reset axes": translate("Reset axes"),
        "plotly_Download plot as a PNG": translate("Save as PNG"),
        "plotly_Double-click to zoom back out": translate("Double-click to zoom out"),
    }
