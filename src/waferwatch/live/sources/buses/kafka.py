"""Rows from Kafka. How far each partition was read is kept with the rows, so that a restart goes on exactly there."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from waferwatch.errors import InputError, MissingExtraError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.buses.insist import insist
from waferwatch.live.sources.buses.report import SourceReport
from waferwatch.live.sources.buses.settings import KafkaSettings
from waferwatch.live.sources.json_rows import rows_of_json
from waferwatch.live.sources.source import MarkingTaker

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

_WAIT_MS = 200
_GROUP = 2000
_NEW_PARTITIONS_MS = 60_000  # between two looks for partitions that were added
_RETRY_S = 5.0
_PATIENCE_S = 15.0


class KafkaSource:
    """Reads all partitions of its topics by itself, without a consumer group: one process writes the log."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.name = settings.name
        self.report = SourceReport()
        self._settings = settings
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, taker: MarkingTaker) -> None:
        """Begin; a cluster that cannot be reached is tried again and again.

        Raises:
            MissingExtraError: aiokafka is not installed.
            InputError: the certificates cannot be read.
        """
        options = self._options()
        run = threading.Thread(
            target=lambda: asyncio.run(self._run(taker, options)), name=f"kafka-{self.name}", daemon=True
        )
        self._thread = run
        run.start()

    def stop(self) -> None:
        """End; what was not accepted is read again after the next start."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)

    def _options(self) -> dict[str, Any]:
        try:
            import aiokafka  # noqa: F401  # whether it is there
        except ImportError as error:
            raise MissingExtraError(
                "Kafka needs the package aiokafka.", hint="Install it: pip install 'waferwatch[kafka]'."
            ) from error
        settings = self._settings
        options: dict[str, Any] = {
            "bootstrap_servers": settings.servers,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "metadata_max_age_ms": _NEW_PARTITIONS_MS,
            "security_protocol": settings.security,
        }
        if settings.security in ("SSL", "SASL_SSL"):
            options["ssl_context"] = _trusted(settings.ca_file)
        if settings.security.startswith("SASL"):
            options |= {
                "sasl_mechanism": settings.sasl_mechanism,
                "sasl_plain_username": settings.sasl_username,
                "sasl_plain_password": settings.sasl_password,
            }
        return options

    async def _run(self, taker: MarkingTaker, options: Mapping[str, Any]) -> None:
        from aiokafka import AIOKafkaConsumer
        from aiokafka.errors import KafkaError

        while not self._stop.is_set():
            consumer = AIOKafkaConsumer(*self._settings.topics, **options)
            try:
                await consumer.start()
                await self._read(taker, consumer)
            except (KafkaError, OSError) as error:
                self.report.connected(False, f"{type(error).__name__}: {error}")
                await asyncio.to_thread(self._stop.wait, _RETRY_S)
            finally:
                await consumer.stop()

    async def _read(self, taker: MarkingTaker, consumer: AIOKafkaConsumer) -> None:
        placed: set[TopicPartition] = set()
        while not self._stop.is_set():
            added = consumer.assignment() - placed
            if added:
                await self._place(consumer, added, taker.marks(self.name), not placed)
                placed |= added
            read = await consumer.getmany(*placed, timeout_ms=_WAIT_MS, max_records=_GROUP)
            self.report.connected(True)
            rows: list[LiveRow] = []
            marks: dict[str, int] = {}
            for partition, records in read.items():
                rows += self._rows(records)
                marks[_mark(partition)] = records[-1].offset + 1
            if marks and not await asyncio.to_thread(insist, taker, self.name, rows, self.report, self._stop, marks):
                return

    async def _place(
        self, consumer: AIOKafkaConsumer, added: set[TopicPartition], marks: Mapping[str, int], first: bool
    ) -> None:
        """Partitions are read from where they were left; those never read as the settings say, or from their start
        where they were added to a topic that is being read.
        """
        for partition in added:
            known = marks.get(_mark(partition))
            if known is not None:
                consumer.seek(partition, known)
            elif first and self._settings.start == "newest":
                await consumer.seek_to_end(partition)
            else:
                await consumer.seek_to_beginning(partition)

    def _rows(self, records: Sequence[ConsumerRecord[Any, Any]]) -> list[LiveRow]:
        rows: list[LiveRow] = []
        for record in records:
            key = (record.key or b"").decode("utf-8", "replace")
            try:
                rows += rows_of_json(record.value or b"", {"equipment": key} if key else {})
            except InputError as error:
                self.report.refused(f"{record.topic}/{record.partition}, offset {record.offset}: {error}")
        return rows


def _mark(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


def _trusted(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            "The certificates in {path} cannot be read: {reason}.",
            hint="Name a PEM file.",
            field="ca_file",
            path=ca_file,
            reason=str(error),
        ) from error
