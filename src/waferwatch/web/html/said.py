"""Sentences of results in the visitor's language, with counts and times as people write them."""

from __future__ import annotations

from typing import Any

from waferwatch.read.table import Note
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers, place


def said(note: Note | None, translate: Translator) -> str:
    """A sentence in the visitor's language, with times as people write them."""
    if note is None:
        return ""
    values = {name: place(value) if name == "since" else value for name, value in note.values.items()}
    return translate(note.template).format(**values)


def counted(note: Note, numbers: Numbers, translate: Translator) -> str:
    """A sentence whose counts are written as in the visitor's language."""
    values: dict[str, Any] = {
        name: numbers.whole(value) if isinstance(value, int) else value for name, value in note.values.items()
    }
    return translate(note.template).format(**values)
