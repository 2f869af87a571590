"""Which class reads which kind of source. A new kind is a line here, a file beside it and its settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from waferwatch.live.sources.buses.kafka import KafkaSource
from waferwatch.live.sources.buses.mqtt import MqttSource
from waferwatch.live.sources.buses.secs.host import SecsSource
from waferwatch.live.sources.buses.settings import AnySource

BusSource = MqttSource | KafkaSource | SecsSource

KINDS: dict[str, Callable[[Any], BusSource]] = {
    "mqtt": MqttSource,
    "kafka": KafkaSource,
    "secs": SecsSource,
}


def made(settings: AnySource) -> BusSource:
    """The source that the settings describe."""
    return KINDS[settings.kind](settings)
