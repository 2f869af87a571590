"""Messages of an MQTT broker; each is acknowledged only once its row is on the disk.

A broker sends again what was not acknowledged only after a reconnect, and only within a session that it keeps, so the
session is never a clean one and its name stays the same. Needs the extra ``mqtt``.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from waferwatch.errors import InputError, MissingExtraError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.chunks import hand_over_usable
from waferwatch.live.sources.forms.json_rows import rows_of_json
from waferwatch.live.sources.forms.texts import number_of, reading_of
from waferwatch.live.sources.forms.topics import TopicPattern
from waferwatch.live.sources.source import SourceStatus, Taker
from waferwatch.read.table import Note

GROUP_S, GROUP_MESSAGES = 0.02, 1000
WHOLE_S = 1.0  # readings of one moment that come in messages of their own are waited for so long
_PATIENCE_S = 10.0
_log = logging.getLogger("waferwatch.live")


@dataclass(frozen=True)
class MqttOptions:
    """Where and what."""

    name: str
    host: str
    topics: Sequence[str]  # fab/{equipment} with a row in each message, or fab/{equipment}/{sensor} with a reading
    port: int = 1883
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_file: Path | None = None  # of the authority that vouches for the broker; None: those of the system
    cert_file: Path | None = None  # with which we show who we are, and its key
    key_file: Path | None = None


@dataclass
class _Message:
    id: int
    connection: int  # number of the connection that it came by
    topic: str
    payload: bytes
    at: int  # nanoseconds since 1970


@dataclass
class _Moment:
    """Readings of one equipment at one time, and the messages they came in."""

    row: LiveRow
    messages: list[_Message]
    since: float


class MqttSource:
    """One broker, one session, one or more patterns of topics: of several that fit a message the first one counts."""

    def __init__(self, options: MqttOptions) -> None:
        self.name = options.name
        self.refused = 0  # messages that are no rows: acknowledged, or they would come for ever
        self.subscribed = False  # whether it ever was: from then on the broker keeps what comes
        self._options = options
        self._patterns = [TopicPattern(one) for one in options.topics]
        self._away: Note | None = _away(options, "")  # why it is not connected
        self._messages: queue.Queue[_Message] = queue.Queue()
        self._moments: dict[str, _Moment] = {}  # equipment -> readings that came one by one
        self._connection = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._client: Any = None

    def start(self, taker: Taker) -> None:
        """
        Raises:
            MissingExtraError: paho-mqtt is not installed.
        """
        self._client = client = self._made()
        client.on_connect = self._connected
        client.on_connect_fail = self._not_connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_message = self._came
        client.reconnect_delay_set(1, 30)
        client.connect_async(self._options.host, self._options.port, keepalive=30)
        client.loop_start()
        self._thread = threading.Thread(target=self._work, args=(taker,), name=f"mqtt-{self.name}", daemon=True)
        self._thread.start()

    def status(self) -> SourceStatus:
        """Connected while the broker answers."""
        return SourceStatus(self._away is None, self._away, self.refused)

    def stop(self) -> None:
        """What was not accepted is not acknowledged: the broker keeps it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()

    def _made(self) -> Any:
        try:
            from paho.mqtt import client as mqtt
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise MissingExtraError(
                "MQTT needs the extra mqtt, which is not installed.",
                hint="Install it with: pip install 'waferwatch[mqtt]'",
            ) from error
        made = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"waferwatch-{self.name}",
            clean_session=False,
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        if self._options.user:
            made.username_pw_set(self._options.user, self._options.password)
        if self._options.tls or self._options.ca_file is not None:
            self._secure(made)
        return made

    def _secure(self, client: Any) -> None:
        options = self._options
        try:
            files = (options.ca_file, options.cert_file, options.key_file)
            client.tls_set(*(None if one is None else str(one) for one in files))
        except (OSError, ValueError) as error:
            raise InputError(
                "The certificates of the live source {name} cannot be used: {reason}.",
                hint="ca_file, cert_file and key_file name files in PEM form.",
                field="ca_file",
                name=options.name,
                reason=str(error),
            ) from error

    def _connected(self, client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            _log.warning("the broker of %s refuses: %s", self.name, reason)
            self._away = _away(self._options, str(reason))
            return
        self._connection += 1  # what came by an earlier one comes again
        self._away = None
        client.subscribe([(one.filter, 1) for one in self._patterns])

    def _not_connected(self, _client: Any, _data: Any) -> None:
        self._away = _away(self._options, "it does not answer")

    def _disconnected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._away = _away(self._options, str(reason))

    def _subscribed(self, *_about: Any) -> None:
        self.subscribed = True

    def _came(self, _client: Any, _data: Any, message: Any) -> None:
        at = time.time_ns()
        self._messages.put(_Message(message.mid, self._connection, message.topic, message.payload, at))

    def _work(self, taker: Taker) -> None:
        while not self._ended.is_set():
            rows, done = self._rows(self._group())
            if self._accepted(taker, rows):
                for message in done:
                    if message.connection == self._connection:
                        self._client.ack(message.id, 1)

    def _group(self) -> list[_Message]:
        found: list[_Message] = []
        until = time.monotonic() + GROUP_S
        while len(found) < GROUP_MESSAGES:
            try:
                found.append(self._messages.get(timeout=max(0.001, until - time.monotonic())))
            except queue.Empty:
                break
        return found

    def _rows(self, messages: list[_Message]) -> tuple[list[LiveRow], list[_Message]]:
        """Rows that are whole, and the messages that may be acknowledged once they are kept."""
        rows: list[LiveRow] = []
        done: list[_Message] = []
        for message in messages:
            try:
                for row, whole in self._read(message):
                    rows += whole
                    done += self._joined(row, message, rows) if row is not None else [message]
            except Exception as error:  # whatever is in a message, it must not end the thread
                self.refused += 1
                _log.warning("a message of %s is no row: %s", message.topic, error)
                done.append(message)
        for equipment, moment in list(self._moments.items()):
            if time.monotonic() - moment.since > WHOLE_S:
                done += self._end(equipment, rows)
        return rows, done

    def _read(self, message: _Message) -> list[tuple[LiveRow | None, list[LiveRow]]]:
        """A reading that waits for others of its moment, or whole rows."""
        found = (one.read(message.topic) for one in self._patterns)
        said = dict(next((one for one in found if one is not None), {}))
        sensor = said.pop("sensor", None)
        if sensor is None:
            return [(None, rows_of_json(message.payload, said))]
        return [(_reading(message, said, sensor), [])]

    def _joined(self, row: LiveRow, message: _Message, rows: list[LiveRow]) -> list[_Message]:
        """Messages of the moment before, which is whole now."""
        waiting = self._moments.get(row.equipment)
        if waiting is not None and waiting.row.time == row.time:
            waiting.row = replace(waiting.row, readings={**waiting.row.readings, **row.readings})
            waiting.messages.append(message)
            return []
        done = self._end(row.equipment, rows) if waiting is not None else []
        self._moments[row.equipment] = _Moment(row, [message], time.monotonic())
        return done

    def _end(self, equipment: str, rows: list[LiveRow]) -> list[_Message]:
        moment = self._moments.pop(equipment)
        rows.append(moment.row)
        return moment.messages

    def _accepted(self, taker: Taker, rows: list[LiveRow]) -> bool:
        """Whether every row was kept or refused for good."""
        refused = hand_over_usable(taker, self.name, rows, self._ended)
        self.refused += refused or 0
        return refused is not None


def _away(options: MqttOptions, reason: str) -> Note:
    address = f"{options.host}:{options.port}"
    if not reason:
        return Note("The broker at {address} has not answered yet.", {"address": address})
    return Note("The broker at {address} is not connected: {reason}.", {"address": address, "reason": reason})


def _reading(message: _Message, said: dict[str, str], sensor: str) -> LiveRow:
    """A number alone came at the moment of its message; an object may name the time and the value."""
    try:
        value = orjson.loads(message.payload)
    except orjson.JSONDecodeError:
        value = message.payload.decode("utf-8", "replace")
    if isinstance(value, dict):
        record = {key: one for key, one in value.items() if key not in ("value", "v")}
        record["sensors"] = {sensor: value.get("value", value.get("v"))}
        rows = rows_of_json(orjson.dumps(record), said)
        if len(rows) == 1:
            return rows[0]
    elif number_of(value) is not None:
        row = LiveRow(said.get("equipment", ""), message.at, {sensor: reading_of(value, sensor, 1)})
        return replace(row, **{name: text for name, text in said.items() if name != "equipment"})  # type: ignore[arg-type]
    raise InputError(
        "The message of {topic} is not a number.",
        hint="Send a number, or an object with value and time.",
        topic=message.topic,
    )
