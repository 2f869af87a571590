"""Messages of Kafka topics; how far each partition has been read is kept with the rows, in the same transaction.

So a restart goes on behind the last row that is on the disk, whatever the broker knows. Needs the extra ``kafka``.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from waferwatch.errors import MissingExtraError, WaferwatchError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.chunks import hand_over_usable, patiently
from waferwatch.live.sources.forms.json_rows import rows_of_json
from waferwatch.live.sources.source import SourceStatus, Taker
from waferwatch.read.table import Note

MOST_MESSAGES = 2000
_POLL_MS = 200
_AGAIN_S = 3.0
_PATIENCE_S = 15.0
_log = logging.getLogger("waferwatch.live")


@dataclass(frozen=True)
class KafkaOptions:
    """Where and what: the key of a message is the equipment of rows that name none."""

    name: str
    servers: str  # host:port, separated by commas
    topic: str


class KafkaSource:
    """All partitions of one topic.

    Args:
        marks: how far the source has been read, as the log keeps it.
    """

    def __init__(self, options: KafkaOptions, marks: Callable[[], Mapping[str, int]]) -> None:
        self.name = options.name
        self.refused = 0  # messages that are no rows: passed over
        self._options = options
        self._marks = marks
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._away: Note | None = Note("Kafka at {servers} has not answered yet.", {"servers": options.servers})

    def start(self, taker: Taker) -> None:
        """
        Raises:
            MissingExtraError: aiokafka is not installed.
        """
        try:
            import aiokafka  # noqa: F401
        except ImportError as error:
            raise MissingExtraError(
                "Kafka needs the extra kafka, which is not installed.",
                hint="Install it with: pip install 'waferwatch[kafka]'",
            ) from error
        self._thread = threading.Thread(target=self._work, args=(taker,), name=f"kafka-{self.name}", daemon=True)
        self._thread.start()

    def status(self) -> SourceStatus:
        """Connected while the topic can be read."""
        return SourceStatus(self._away is None, self._away, self.refused)

    def stop(self) -> None:
        """What was not accepted is read again."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)

    def _work(self, taker: Taker) -> None:
        while not self._ended.is_set():
            try:
                asyncio.run(self._read(taker))
            except Exception as error:  # the broker is away, or has moved its partitions
                _log.warning("%s cannot be read from Kafka: %s", self.name, error)
                said: dict[str, object] = {
                    "servers": self._options.servers,
                    "reason": str(error) or type(error).__name__,
                }
                self._away = Note("Kafka at {servers} cannot be read: {reason}.", said)
                self._ended.wait(_AGAIN_S)

    async def _read(self, taker: Taker) -> None:
        import aiokafka

        consumer = aiokafka.AIOKafkaConsumer(
            bootstrap_servers=self._options.servers, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
            first = aiokafka.TopicPartition(self._options.topic, 0)
            numbers = sorted(await self._partitions(consumer, first))
            partitions = [aiokafka.TopicPartition(self._options.topic, number) for number in numbers]
            consumer.assign(partitions)
            marks = self._marks()
            for partition in partitions:
                mark = marks.get(_mark(partition))
                if mark is not None:
                    consumer.seek(partition, mark)
            self._away = None
            while not self._ended.is_set():
                await self._take(taker, await consumer.getmany(timeout_ms=_POLL_MS, max_records=MOST_MESSAGES))
        finally:
            await consumer.stop()

    async def _partitions(self, consumer: Any, first: Any) -> set[int]:
        """Numbers of the partitions; waits until the topic is there."""
        consumer.assign([first])  # so that the consumer asks for the topic
        while not self._ended.is_set():
            found = consumer.partitions_for_topic(self._options.topic)
            if found:
                return set(found)
            await asyncio.sleep(_POLL_MS / 1000)
        return set()

    async def _take(self, taker: Taker, messages: Mapping[Any, list[Any]]) -> None:
        rows: list[LiveRow] = []
        marks: dict[str, int] = {}
        for partition, some in messages.items():
            for message in some:
                rows += self._rows(message)
                marks[_mark(partition)] = message.offset + 1
        if not marks:
            return
        try:
            await asyncio.to_thread(patiently, taker, self.name, rows, self._ended, marks)
        except WaferwatchError:
            refused = await asyncio.to_thread(hand_over_usable, taker, self.name, rows, self._ended)
            if refused is not None:
                self.refused += refused
                await asyncio.to_thread(patiently, taker, self.name, [], self._ended, marks)

    def _rows(self, message: Any) -> list[LiveRow]:
        key = (message.key or b"").decode("utf-8", "replace")
        try:
            return rows_of_json(message.value or b"", {"equipment": key} if key else {})
        except WaferwatchError as error:
            self.refused += 1
            _log.warning("message %d of %s is no row: %s", message.offset, self.name, error)
            return []


def marks_of(database: LiveDatabase, source: str) -> dict[str, int]:
    """How far a source has been read, as it is kept with its rows."""
    with database.reading() as connection:
        rows = connection.execute("SELECT name, value FROM live_marks WHERE source = ?", (source,)).fetchall()
    return {row["name"]: row["value"] for row in rows}


def _mark(partition: Any) -> str:
    return f"{partition.topic}:{partition.partition}"
