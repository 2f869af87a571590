"""Texts of a picture."""

from __future__ import annotations

import html
import re
import unicodedata

_CHARACTER_PX = 6.3  # of the 11-pixel letters that axes have, about
_UNDRAWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")  # no XML 1.0 character


def plain(text: str) -> str:
    """The text of a figure, which Plotly would read as HTML, as people read it."""
    return html.unescape(re.sub(r"<br\s*/?>", " ", text))


def escaped(text: str) -> str:
    """A text as it may stand in a picture: letters only, whatever it holds."""
    return html.escape(_UNDRAWABLE.sub("�", text), quote=True)


def width_px(text: str) -> float:
    """How wide the text is drawn, about."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return (len(text) + 0.75 * wide) * _CHARACTER_PX


def cut(text: str, longest: int) -> str:
    """The text, shortened where it is longer than a number of letters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
