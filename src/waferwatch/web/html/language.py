"""The reader's language: Korean or English, from the switch's cookie or the browser."""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterable
from functools import cache
from importlib import resources

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from waferwatch.read.table import Note

DEFAULT = "en"
LANGUAGES = {"en": "English", "ko": "한국어"}
COOKIE = "lang"


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of a language, from the files of its folder. English needs none: its sentences are the keys."""
    if language == DEFAULT:
        return gettext.NullTranslations()
    whole = Catalog(locale=language)
    for path in sorted((resources.files("waferwatch.web") / "translations" / language).iterdir(), key=str):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:  # the empty one is the file's own header
                    whole.add(message.id, message.string)
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


class Translator:
    """Sentences in one language. The empty sentence stays empty (in a catalogue it would be the file's own header)."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = translations(language)

    def __call__(self, sentence: str) -> str:
        return self._catalogue.gettext(sentence) if sentence else ""


def translated(notes: Iterable[Note], translate: Translator) -> list[str]:
    """Notes in the reader's language."""
    return [translate(note.template).format(**note.values) for note in notes]


def choose_language(cookie: str | None, accept: str) -> str:
    """The cookie's language if it is one of ours, else the browser's first choice that is, else English.

    ``accept`` is the Accept-Language header (RFC 9110, section 12.5.4).
    """
    if cookie in LANGUAGES:
        return str(cookie)
    wishes = [_wish(part) for part in accept.split(",")]
    for weight, language in sorted(wishes, key=lambda wish: -wish[0]):
        if language in LANGUAGES and weight > 0:
            return language
    return DEFAULT


def _wish(part: str) -> tuple[float, str]:
    tag, _, parameters = part.strip().partition(";")
    name, _, value = parameters.strip().partition("=")
    try:
        weight = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return weight, tag.strip().lower().split("-")[0]
