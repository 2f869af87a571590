"""Patterns of topics, such as ``fab/{equipment}/{sensor}``: what to subscribe to, and what a topic says of its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from waferwatch.errors import InputError

SENSOR = "sensor"
PLACES = ("equipment", "lot", "wafer", "recipe", "step", "run", SENSOR)
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class TopicPattern:
    """A topic with places in braces; ``+`` stands for any one level.

    Raises:
        InputError: a place that there is not, a place twice, or one that is only part of a level.
    """

    text: str

    def __post_init__(self) -> None:
        found = _PLACE.findall(self.text)
        unknown = [name for name in found if name not in PLACES]
        if unknown or len(set(found)) < len(found):
            raise InputError(
                "The topic {topic} names {place}, which it cannot.",
                hint="Places are, each once: {places}.",
                field="topics",
                topic=self.text,
                place="{" + (unknown or found)[0] + "}",
                places=", ".join("{" + name + "}" for name in PLACES),
            )
        if any("{" in level and not _PLACE.fullmatch(level) for level in self.text.split("/")):
            raise InputError(
                "In the topic {topic} a place is only a part of its level.",
                hint="Write it like fab/{{equipment}}/{{sensor}}.",
                field="topics",
                topic=self.text,
            )

    @cached_property
    def filter(self) -> str:
        """What to subscribe to."""
        return _PLACE.sub("+", self.text)

    @property
    def is_of_one_sensor(self) -> bool:
        """Whether each message is a reading of the sensor that its topic names."""
        return "{" + SENSOR + "}" in self.text

    def parts(self, topic: str) -> dict[str, str] | None:
        """Place -> what the topic has there; None when the topic is of another pattern."""
        found = self._expression.fullmatch(topic)
        return None if found is None else found.groupdict()

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        levels = []
        for level in self.text.split("/"):
            place = _PLACE.fullmatch(level)
            if place is not None:
                levels.append(f"(?P<{place[1]}>[^/]+)")
            else:
                levels.append({"+": "[^/]+", "#": ".*"}.get(level, re.escape(level)))
        return re.compile("/".join(levels))
