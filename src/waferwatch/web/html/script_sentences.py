"""The sentences in the scripts of the pages, which Babel finds there, and what they are in the reader's language."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from babel.messages.extract import extract

from waferwatch.web.html.language import DEFAULT, Translator

_CALLS = {"text": None, "counted": (1, 2)}  # functions of static/text.js, and which of their arguments are sentences
_OPTIONS = {"encoding": "utf-8", "parse_template_string": True}


@cache
def script_sentences() -> tuple[str, ...]:
    """Every sentence of every script, as it stands there in English."""
    found: dict[str, None] = {}
    for path in sorted(Path(str(resources.files("waferwatch.web") / "static")).rglob("*.js")):
        with path.open("rb") as file:
            for _, sentences, _, _ in extract("javascript", file, _CALLS, options=_OPTIONS):
                found |= dict.fromkeys([sentences] if isinstance(sentences, str) else sentences)
    return tuple(found)


@cache
def script_texts(language: str) -> dict[str, str]:
    """English sentence -> the same in another language. English needs none."""
    if language == DEFAULT:
        return {}
    translate = Translator(language)
    return {sentence: translate(sentence) for sentence in script_sentences()}
