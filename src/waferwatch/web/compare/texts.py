"""Sentences of the Compare page's script."""

from __future__ import annotations

from waferwatch.web.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the script."""
    return {
        "no_labels": translate("Without a label column there are no precision, recall and F1."),
    }
