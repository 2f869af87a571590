"""Sentences of the Runs page's script."""

from __future__ import annotations

from waferwatch.web.html.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the script."""
    return {**_states(translate), **_options(translate), **_actions(translate)}


def _states(translate: Translator) -> dict[str, str]:
    return {
        "state_queued": translate("waiting"),
        "state_running": translate("running"),
        "state_done": translate("done"),
        "state_failed": translate("failed"),
        "state_cancelled": translate("cancelled"),
        "state_interrupted": translate("interrupted"),
        "kind_detection": translate("Detection"),
        "kind_comparison": translate("Comparison"),
        "kind_injection": translate("Injected faults"),
        "kind_monitor": translate("Learning of a monitor"),
        "kind_rebase": translate("Rebase of a monitor"),
        "kind_widening": translate("False alarms learnt as normal"),
        "kind_replay": translate("Comparison of two versions"),
        "by": translate("by {user}"),
        "gone": translate("data set deleted"),
        "shown": translate("{count} runs are shown."),
        "shown_one": translate("{count} run is shown."),
        "started": translate("The run on {name} was started."),
        "ended": translate("The run on {name} has ended: {state}."),
        "deleted": translate("The run on {name} was deleted."),
    }


def _options(translate: Translator) -> dict[str, str]:
    return {
        "all_detectors": translate("all detectors"),
        "checkpoint_named": translate("checkpoint {name}"),
        "expected": translate("{share} expected"),
        "budget": translate("at most {count} false alarms per equipment and week"),
        "by_monitor": translate("monitor {name}"),
        "moved": translate("threshold moved by hand"),
        "automatic": translate("automatic threshold"),
        "by_hand": translate("threshold {value}, set by hand"),
        "reference_first": translate("the first {count} rows of each series are normal"),
        "reference_from": translate("{start} to {end} is normal"),
        "all_sensors": translate("all sensors"),
        "some_sensors": translate("{count} sensors: {names}"),
        "some_sensors_one": translate("{count} sensor: {names}"),
        "only": translate("only {column}: {values}"),
        "detectors": translate("Detectors"),
        "faults": translate("Injected faults"),
    }


def _actions(translate: Translator) -> dict[str, str]:
    return {
        "open": translate("Open"),
        "repeat": translate("Repeat on other data"),
        "again": translate("Start again"),
        "export": translate("Export"),
        "delete": translate("Delete"),
        "delete_sure": translate("Delete for good?"),
        "delete_help": translate("Its result, verdicts and notes go too. It cannot be undone."),
        "keep": translate("Keep it"),
        "rows_csv": translate("Rows as CSV"),
        "rows_parquet": translate("Rows as Parquet"),
        "events_csv": translate("Events as CSV"),
        "events_json": translate("Events as JSON"),
        "report": translate("Report (HTML, opens offline)"),
        "needs_data": translate("needs the data set"),
        "of_run": translate("{action}: run on {name}, {when}"),
    }
