"""Sentences of the Data page's script."""

from __future__ import annotations

from waferwatch.web.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the script."""
    return {
        "uploading": translate("Uploading {name}"),
        "reading": translate("Reading {name}"),
        "uploaded": translate("{name} is ready: {rows} rows."),
        "delete": translate("Delete"),
        "delete_sure": translate("Really delete?"),
        "deleted": translate("{name} was deleted."),
    }
