"""Rows from an MQTT broker. A message is acknowledged once its rows are on the disk, so that none is lost."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from waferwatch.errors import InputError, MissingExtraError
from waferwatch.live.log.rows import LiveRow, check_row
from waferwatch.live.sources.buses.gathering import Gathering
from waferwatch.live.sources.buses.insist import insist
from waferwatch.live.sources.buses.report import SourceReport
from waferwatch.live.sources.buses.settings import MqttSettings
from waferwatch.live.sources.buses.topics import SENSOR, TopicPattern
from waferwatch.live.sources.json_rows import rows_of_json
from waferwatch.live.sources.source import Taker
from waferwatch.live.sources.texts import reading_of, time_of

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

QUALITY = 1  # of service: at least once
MOST_OPEN = 10_000  # messages that the broker may send before the first of them is acknowledged
_GROUP = 2000
_TICK_S = 0.05
_LONGEST_WAIT_S = 30  # between two tries to connect
_PATIENCE_S = 10.0
_VALUE, _TIME = ("value", "v"), ("time", "timestamp", "ts", "t")


@dataclass(frozen=True)
class _Message:
    """What is needed to acknowledge it: numbers of an earlier connection mean other messages now."""

    connection: int
    number: int


@dataclass(frozen=True)
class _Arrived:
    topic: str
    body: bytes
    at: int  # nanoseconds since 1970, by this machine
    message: _Message


class MqttSource:
    """Subscribes with quality of service 1 and a session that the broker keeps.

    Two threads: the client's reads from the network, the other one hands rows to the log and acknowledges.
    """

    def __init__(self, settings: MqttSettings) -> None:
        self.name = settings.name
        self.report = SourceReport()
        self._settings = settings
        self._patterns = [TopicPattern(text) for text in settings.topics]
        self._arrived: queue.Queue[_Arrived] = queue.Queue()
        self._stop = threading.Event()
        self._connection = 0
        self._threads: list[threading.Thread] = []
        self._client: Client | None = None

    def start(self, taker: Taker) -> None:
        """Begin; a broker that cannot be reached is tried again and again.

        Raises:
            MissingExtraError: paho-mqtt is not installed.
            InputError: the certificates cannot be read.
        """
        client = self._client = self._made()
        self._connect(client)
        network = threading.Thread(
            target=client.loop_forever, kwargs={"retry_first_connection": True}, name=f"mqtt-{self.name}", daemon=True
        )
        work = threading.Thread(target=self._work, args=(taker, client), name=f"mqtt-rows-{self.name}", daemon=True)
        self._threads = [network, work]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; the broker keeps what was not acknowledged for the next start."""
        self._stop.set()
        if self._client is not None:
            self._client.disconnect()
        for thread in self._threads:
            thread.join(_PATIENCE_S)

    def _made(self) -> Client:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
        except ImportError as error:
            raise MissingExtraError(
                "MQTT needs the package paho-mqtt.", hint="Install it: pip install 'waferwatch[mqtt]'."
            ) from error
        settings, five = self._settings, self._settings.version == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id or f"waferwatch-{self.name}",
            clean_session=None if five else False,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        if settings.username:
            client.username_pw_set(settings.username, settings.password)
        if settings.tls:
            _encrypt(client, settings.ca_file)
        client.reconnect_delay_set(1, _LONGEST_WAIT_S)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_subscribe = self._subscribed
        client.on_connect_fail, client.on_message = self._not_connected, self._message
        return client

    def _connect(self, client: Client) -> None:
        settings = self._settings
        if settings.version != "5":
            client.connect_async(settings.host, settings.port)
            return
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        # Without it a broker forgets the session, and with it all that was not acknowledged, when the connection ends.
        properties.SessionExpiryInterval = round(settings.session_hours * 3600)
        properties.ReceiveMaximum = MOST_OPEN
        client.connect_async(settings.host, settings.port, clean_start=False, properties=properties)

    def _connected(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self.report.connected(False, f"the broker refused the connection: {reason}")
            return
        self._connection += 1
        client.subscribe([(pattern.filter, QUALITY) for pattern in self._patterns])

    def _subscribed(self, _client: Client, _data: Any, _number: int, _reasons: Any, _properties: Any) -> None:
        """From now on the broker keeps what comes."""
        self.report.connected(True)

    def _disconnected(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.report.connected(False, str(reason))

    def _not_connected(self, _client: Client, _data: Any) -> None:
        self.report.connected(False, f"{self._settings.host}:{self._settings.port} cannot be reached")

    def _message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        known = _Message(self._connection, message.mid)
        self._arrived.put(_Arrived(message.topic, bytes(message.payload), time.time_ns(), known))

    def _work(self, taker: Taker, client: Client) -> None:
        gathering = Gathering(self._settings.gather_s)
        while not self._stop.is_set():
            rows: list[LiveRow] = []
            done: list[_Message] = []
            for one in self._next():
                self._read(one, gathering, rows, done)
            for row, messages in gathering.complete():
                rows.append(row)
                done += messages
            if rows and not insist(taker, self.name, rows, self.report, self._stop):
                return
            for message in done:
                if message.connection == self._connection:
                    client.ack(message.number, QUALITY)

    def _next(self) -> Iterator[_Arrived]:
        try:
            yield self._arrived.get(timeout=_TICK_S)
            for _ in range(_GROUP):
                yield self._arrived.get_nowait()
        except queue.Empty:
            return

    def _read(self, one: _Arrived, gathering: Gathering, rows: list[LiveRow], done: list[_Message]) -> None:
        """A message that cannot be read is acknowledged: it would come again for ever."""
        try:
            pattern, parts = self._pattern(one.topic)
            if pattern.is_of_one_sensor:
                gathering.add(_single(one, parts), one.message)
                return
            rows += rows_of_json(one.body, parts)
        except InputError as error:
            self.report.refused(f"{one.topic}: {error}")
        done.append(one.message)

    def _pattern(self, topic: str) -> tuple[TopicPattern, dict[str, str]]:
        for pattern in self._patterns:
            parts = pattern.parts(topic)
            if parts is not None:
                return pattern, parts
        raise InputError("The topic is none of those that were subscribed to.", hint="Name its pattern.")


def _single(one: _Arrived, parts: dict[str, str]) -> LiveRow:
    """A reading of the sensor that the topic names: a number, or JSON with value and time."""
    sensor = parts[SENSOR]
    try:
        said = json.loads(one.body)
    except ValueError:
        said = one.body.decode("utf-8", "replace").strip()
    value, at = said, one.at
    if isinstance(said, dict):
        value = next((said[key] for key in _VALUE if key in said), None)
        written = next((said[key] for key in _TIME if key in said), None)
        at = one.at if written is None else time_of(written, 1)
    context: dict[str, Any] = {"equipment": ""} | {name: text for name, text in parts.items() if name != SENSOR}
    row = LiveRow(time=at, readings={sensor: reading_of(value, sensor, 1)}, **context)
    check_row(row, 1)
    return row


def _encrypt(client: Client, ca_file: str) -> None:
    try:
        client.tls_set(ca_file or None)
    except (OSError, ValueError) as error:
        raise InputError(
            "The certificates in {path} cannot be read: {reason}.",
            hint="Name a PEM file.",
            field="ca_file",
            path=ca_file,
            reason=str(error),
        ) from error
