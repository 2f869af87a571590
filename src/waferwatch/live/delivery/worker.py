"""The thread that sends what the outbox holds, and does what is due by the clock."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Protocol

from waferwatch.live.alarms.book import Clock, utc_now
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.delivery.channel import Channel, ChannelKind
from waferwatch.live.delivery.outbox import Message, due_messages
from waferwatch.live.delivery.outcome import Outcome, forget_delivered, settle
from waferwatch.store.database.connection import StoreError

_PAUSE_S = 0.5  # between two looks when nobody wakes it
_TICK_S = 1.0
_AT_ONCE = 8  # channels that are sent to at the same time
_KEPT = timedelta(days=30)
_FORGET_S = 3600.0
_log = logging.getLogger("waferwatch.live")


class Sender(Protocol):
    """Sends a message to one kind of channel."""

    def send(self, channel: Channel, message: Message, now: datetime) -> Outcome:
        """Try once. Whatever goes wrong is an outcome, not an error."""


class DeliveryWorker:
    """Sends messages at least once: one at a time to each channel, several channels at a time.

    Args:
        senders: for each kind of channel.
        tick: called about every second.
    """

    def __init__(
        self,
        database: LiveDatabase,
        senders: Mapping[ChannelKind, Sender],
        tick: Callable[[], object],
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._senders = senders
        self._tick = tick
        self._clock = clock
        self._busy: set[int] = set()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "waferwatch-delivery")
        self._thread = threading.Thread(target=self._run, name="waferwatch-delivery", daemon=True)
        self._ticked = self._forgot = float("-inf")

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once: something was written."""
        self._wake.set()

    def stop(self, patience: float = 5.0) -> None:
        """Send nothing more. What is being sent may be sent again after the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(patience)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except StoreError as error:  # a full disk, a locked file: the messages wait
                _log.warning("messages cannot be sent now: %s", error)
                self._stopping.wait(_TICK_S)
            except Exception:
                _log.exception("the delivery of messages failed; it goes on")
                self._stopping.wait(_TICK_S)
            self._wake.wait(_PAUSE_S)
            self._wake.clear()

    def _step(self) -> None:
        now = time.monotonic()
        if now - self._ticked >= _TICK_S:
            self._ticked = now
            self._tick()
        if now - self._forgot >= _FORGET_S:
            self._forgot = now
            with self._database.errors(), self._database.writing() as connection:
                forget_delivered(connection, self._clock() - _KEPT)
        with self._database.errors(), self._database.reading() as connection:
            due = self._due(connection)
        for channel, message in due:
            self._busy.add(channel.id)
            self._pool.submit(self._send, channel, message)

    def _due(self, connection: sqlite3.Connection) -> list[tuple[Channel, Message]]:
        return due_messages(connection, self._clock().timestamp(), frozenset(self._busy))

    def _send(self, channel: Channel, message: Message) -> None:
        try:
            outcome = self._senders[channel.kind].send(channel, message, self._clock())
            if outcome.failure:  # the target may hold a password
                _log.info("message %s to %s was not taken: %s", message.message, channel.name, outcome.failure)
            with self._database.errors(), self._database.writing() as connection:
                settle(connection, message, outcome, self._clock())
        except StoreError as error:
            _log.warning("message %s may be sent twice: %s", message.message, error)
            self._stopping.wait(_TICK_S)
        except Exception:
            _log.exception("message %s could not be sent", message.message)
            self._stopping.wait(_TICK_S)
        finally:
            self._busy.discard(channel.id)
            self._wake.set()
