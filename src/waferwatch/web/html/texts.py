"""Sentences that the scripts of every page show, and the names of detectors for people."""

from __future__ import annotations

from waferwatch.web.html.language import Translator


def detector_titles(translate: Translator) -> dict[str, str]:
    """Names of the detectors for people. One that is missing here is shown by its own name."""
    return {
        "moment": translate("MOMENT (foundation model)"),
        "moment_only": translate("MOMENT alone"),
        "statistical": translate("Statistics without MOMENT"),
        "isolation_forest": translate("Isolation forest"),
        "pca": translate("PCA (T2 and SPE)"),
        "sub_pca": translate("PCA of windows"),
        "knn": translate("Nearest neighbours"),
        "matrix_profile": translate("Matrix profile"),
        "moving_variance": translate("Moving variance (one line)"),
        "squared_difference": translate("Squared difference (one line)"),
    }


def shared_texts(translate: Translator) -> dict[str, str]:
    """Sentences of the scripts by key. ``{places}`` are filled there."""
    return {**_plain_texts(translate), **_run_texts(translate), **role_texts(translate), **_chart_texts(translate)}


def _plain_texts(translate: Translator) -> dict[str, str]:
    return {
        "demo": translate("Demo fab (virtual)"),
        "size": translate("{rows} rows, {columns} columns"),
        "too_large": translate("The file is larger than {limit} MB."),
        "too_large_hint": translate("Split it, or raise WAFERWATCH_MAX_UPLOAD_MB."),
        "no_server": translate("The server does not answer."),
        "no_server_hint": translate("Check that it runs and that you are connected, then try again."),
        "chosen": translate("{chosen} of {all} sensors"),
        "no_sensor": translate("No sensor is chosen."),
        "no_sensor_hint": translate("Choose at least one sensor."),
        "request_id": translate("Request id: {id}"),
        "rows": translate("Rows"),
        "events": translate("Events"),
        "share": translate("Anomalous"),
        "threshold": translate("threshold {value}"),
        "model": translate("Model"),
        "monitor": translate("Monitor"),
        "time": translate("Time"),
        "precision": translate("Precision"),
        "recall": translate("Recall"),
        "f1": translate("F1"),
        "point": translate("point"),
        "contextual": translate("contextual"),
        "collective": translate("collective"),
        "state": translate("state"),
        "state_since": translate(
            "State: unlike the reference since {start}. Has the process changed? Then learn it anew."
        ),
        "usual_once": translate("as high about once in {time} of normal running"),
        "usual_never": translate("beyond all rows taken as normal"),
    }


def _run_texts(translate: Translator) -> dict[str, str]:
    """Of runs, their rows and what is said of them."""
    return {
        "row": translate("row {row}"),
        "row_count": translate("{count} rows"),
        "row_count_one": translate("{count} row"),
        "empty": translate("(empty)"),
        "detector": translate("Detector"),
        "seconds": translate("Seconds"),
        "cancel": translate("Cancel"),
        "waiting": translate("Waiting; place in the queue: {place}"),
        "running": translate("Running"),
        "interrupted": translate("The server ended before this run did."),
        "fix": translate("Set {column} as {role}"),
        "fix_all": translate("Set {count} columns as {role}"),
        "true_alarm": translate("true alarm"),
        "false_alarm": translate("false alarm"),
    }


def role_texts(translate: Translator) -> dict[str, str]:
    """What a column can be."""
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
        "role_status": translate("status"),
        "role_ignored": translate("ignored"),
    }


def _chart_texts(translate: Translator) -> dict[str, str]:
    """Keys that begin with plotly_ are Plotly's own words."""
    return {
        "save_png": translate("Save as PNG"),
        "save_svg": translate("Save as SVG"),
        "plotly_Zoom": translate("Zoom"),
        "plotly_Pan": translate("Pan"),
        "plotly_Zoom in": translate("Zoom in"),
        "plotly_Zoom out": translate("Zoom out"),
        "plotly_Autoscale": translate("Show all"),
        "plotly_Reset axes": translate("Reset axes"),
        "plotly_Double-click to zoom back out": translate("Double-click to zoom out"),
    }
