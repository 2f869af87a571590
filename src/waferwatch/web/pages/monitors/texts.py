"""Sentences of the script of the Monitors pages."""

from __future__ import annotations

from waferwatch.web.html.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the script."""
    return {
        "learnt": translate("Version {version} of {name} was made."),
        "compared": translate("Compared: version {old} finds {old_events} events, version {new} finds {new_events}."),
        "in_both": translate("In both: {both}. Only in version {old}: {only_old}. Only in version {new}: {only_new}."),
        "comparing": translate("Comparing"),
        "importing": translate("Importing"),
        "deleted": translate("{name} was deleted."),
        "undo": translate("Undo"),
        "no_file": translate("No file is chosen."),
        "no_file_hint": translate("Choose a file that was exported from a monitor."),
    }
