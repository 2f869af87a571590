"""What the topic of a message says: which equipment, which sensor."""

from __future__ import annotations

import re
from collections.abc import Mapping

from waferwatch.errors import InputError

_PLACES = ("equipment", "sensor", "lot", "wafer", "recipe", "step", "state")
_PLACE = re.compile(r"\{(\w+)\}")


class TopicPattern:
    """Such as ``fab/{equipment}/{sensor}``; ``+`` stands for a level that says nothing, a last ``#`` for all below.

    Raises:
        InputError: a place is not known, or stands next to other text.
    """

    def __init__(self, pattern: str) -> None:
        levels = pattern.split("/")
        self.filter = "/".join("+" if _PLACE.fullmatch(level) else level for level in levels)
        for level in levels:
            place = _PLACE.fullmatch(level)
            if ("{" in level and place is None) or (place is not None and place[1] not in _PLACES):
                raise InputError(
                    "The topic {topic} cannot be used: {level}.",
                    hint="A level is text, +, or one of {places} in braces.",
                    field="topic",
                    topic=pattern,
                    level=level,
                    places=", ".join(_PLACES),
                )
        parts = [_expression(level) for level in levels]
        self._expression = re.compile("/".join(parts).replace("/.*", "(?:/.*)?"))

    def read(self, topic: str) -> Mapping[str, str] | None:
        """Place -> what stands there; None for a topic that does not fit."""
        found = self._expression.fullmatch(topic)
        return None if found is None else found.groupdict()


def _expression(level: str) -> str:
    place = _PLACE.fullmatch(level)
    if place is not None:
        return f"(?P<{place[1]}>[^/]+)"
    return {"+": "[^/]+", "#": ".*"}.get(level, re.escape(level))
